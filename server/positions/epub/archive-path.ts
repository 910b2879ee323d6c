/**
 * The path in the archive of a reference from one of its files, and the reference's fragment. Percent escapes are
 * decoded, `.` and `..` resolved; undefined for a reference that leads out of the archive (another scheme).
 *
 * @param from path of the file that holds the reference.
 */
export function resolveReference(
  from: string,
  reference: string,
): { readonly path: string; readonly fragment: string | undefined } | undefined {
  if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(reference)) return undefined;
  const hash = reference.indexOf('#');
  const pathPart = hash < 0 ? reference : reference.slice(0, hash);
  const fragment = hash < 0 ? undefined : decodePercent(reference.slice(hash + 1));
  if (pathPart === '') return { path: from, fragment };
  const base = pathPart.startsWith('/') ? [] : from.split('/').slice(0, -1);
  for (const segment of decodePercent(pathPart).split('/')) {
    if (segment === '..') base.pop();
    else if (segment !== '.' && segment !== '') base.push(segment);
  }
  return { path: base.join('/'), fragment };
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    // A lone percent sign: the reference was never escaped.
    if (error instanceof URIError) return text;
    throw error;
  }
}
