import type { FileReader } from '../epub/file-reader.js';
import { readZipDirectory } from '../epub/zip-directory.js';

/** The extensions that MuPDF takes for pages. KOReader opens comics with MuPDF. */
const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set(
  'bmp gif hdp j2k jp2 jpeg jpg jpx jxr pam pbm pgm pkm png pnm ppm tif tiff wdp webp'.split(' '),
);

/**
 * The pages of a comic in a ZIP archive, in KOReader's order (RULES.md R14): every image in any folder, sorted with
 * numbers by their value and ASCII letters regardless of case.
 *
 * @throws BookError as `readZipDirectory`.
 */
export async function comicPages(file: FileReader): Promise<string[]> {
  const directory = await readZipDirectory(file);
  return sortPages([...directory.keys()].filter(isImageName));
}

export function isImageName(name: string): boolean {
  const dot = name.lastIndexOf('.');
  return dot >= 0 && IMAGE_EXTENSIONS.has(name.slice(dot + 1).toLowerCase());
}

/** Natural order: `2.jpg` before `10.jpg`. */
export function sortPages(names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, parts: partsOf(name) }))
    .toSorted((a, b) => compareParts(a.parts, b.parts))
    .map(({ name }) => name);
}

/** A run of digits is one part, any other character is a part of its own. */
function partsOf(name: string): (number | bigint)[] {
  const parts: (number | bigint)[] = [];
  for (const [part] of name.matchAll(/\d+|[^\d]/gsu)) {
    if (/^\d/.test(part)) parts.push(BigInt(part));
    else parts.push(part.toUpperCase().codePointAt(0) ?? 0);
  }
  return parts;
}

const DIGIT_ZERO = 0x30;

function compareParts(a: readonly (number | bigint)[], b: readonly (number | bigint)[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const left = a[index];
    const right = b[index];
    if (left === undefined || right === undefined) return left === right ? 0 : left === undefined ? -1 : 1;
    // A number is compared with a letter as if it were the digit 0.
    const isMixed = typeof left !== typeof right;
    const leftValue = isMixed && typeof left === 'bigint' ? DIGIT_ZERO : left;
    const rightValue = isMixed && typeof right === 'bigint' ? DIGIT_ZERO : right;
    if (leftValue < rightValue) return -1;
    if (leftValue > rightValue) return 1;
  }
  return 0;
}
