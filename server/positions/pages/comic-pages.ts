import type { FileReader } from '../epub/file-reader.js';
import { readZipDirectory } from '../epub/zip-directory.js';

/** Images that MuPDF, which KOReader opens comics with, takes for pages. */
const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set(
  'bmp gif hdp j2k jp2 jpeg jpg jpx jxr pam pbm pgm pkm png pnm ppm tif tiff wdp webp'.split(' '),
);

/**
 * The pages of a comic in a ZIP archive, in KOReader's order: every file with an image's extension wherever it
 * stands, sorted with numbers by their value and without regard to the case of ASCII letters.
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

/** Numbers as such, everything else character by character. */
function partsOf(name: string): (number | bigint)[] {
  const parts: (number | bigint)[] = [];
  for (const [part] of name.matchAll(/\d+|[^\d]/gsu)) {
    // Above any character, as digits never meet letters as equals.
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
    // A number against a letter: as the digit that it begins with.
    const isMixed = typeof left !== typeof right;
    const leftValue = isMixed && typeof left === 'bigint' ? DIGIT_ZERO : left;
    const rightValue = isMixed && typeof right === 'bigint' ? DIGIT_ZERO : right;
    if (leftValue < rightValue) return -1;
    if (leftValue > rightValue) return 1;
  }
  return 0;
}
