import type { Work } from '../work.js';

/**
 * Longer names of an archive are left out, and longer references lead nowhere. Books are unpacked into file systems, most
 * of which take 1,024 bytes at most. Each path of a book is joined with that of the file that it stands in.
 */
export const MAX_PATH_LENGTH = 1024;
/** Splitting and joining take longer than a plain scan. */
const JOIN_PASSES = 16;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/;

/**
 * The path in the archive and the fragment of a reference in one of its files. Percent escapes are decoded, and `.`
 * and `..` are resolved. Undefined for a reference with a scheme, which leads out of the archive, and for a longer one
 * than `MAX_PATH_LENGTH`.
 *
 * @param from path of the file that holds the reference.
 */
export function resolveReference(
  from: string,
  reference: string,
  work: Work,
): { readonly path: string; readonly fragment: string | undefined } | undefined {
  work.scan(reference.length);
  if (SCHEME.test(reference)) return undefined;
  const hash = reference.indexOf('#');
  const pathPart = hash < 0 ? reference : reference.slice(0, hash);
  const fragment = hash < 0 ? undefined : decodePercent(reference.slice(hash + 1));
  if (pathPart === '') return { path: from, fragment };
  if (pathPart.length > MAX_PATH_LENGTH) return undefined;
  return { path: joinPaths(from, pathPart, work), fragment };
}

/**
 * The path in the archive of a file of the manifest, as crengine makes it: a `#` and what follows it are part of the name
 * (RULES.md R10). Undefined as for `resolveReference`.
 */
export function pathOfHref(from: string, href: string, work: Work): string | undefined {
  work.scan(href.length);
  return SCHEME.test(href) || href.length > MAX_PATH_LENGTH ? undefined : joinPaths(from, href, work);
}

function joinPaths(from: string, reference: string, work: Work): string {
  work.scan((from.length + reference.length) * JOIN_PASSES);
  const base = reference.startsWith('/') ? [] : from.split('/').slice(0, -1);
  for (const segment of decodePercent(reference).split('/')) {
    if (segment === '..') base.pop();
    else if (segment !== '.' && segment !== '') base.push(segment);
  }
  return base.join('/');
}

/** Decodes percent escapes. A text with a wrong escape was never escaped, and stays as it is. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
