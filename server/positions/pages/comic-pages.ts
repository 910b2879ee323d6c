import type { FileReader } from '../epub/file-reader.js';
import { readZipDirectory } from '../epub/zip-directory.js';

/** The extensions that MuPDF takes for pages. KOReader opens comics with MuPDF. */
const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set(
  'bmp gif hdp j2k jp2 jpeg jpg jpx jxr pam pbm pgm pkm png pnm ppm tif tiff wdp webp'.split(' '),
);

/**
 * Number of pages of a comic in a ZIP archive: every image in any folder (RULES.md R14).
 *
 * @throws BookError as `readZipDirectory`.
 */
export async function countComicPages(file: FileReader): Promise<number> {
  let pages = 0;
  for (const name of (await readZipDirectory(file)).keys()) if (isImageName(name)) pages += 1;
  return pages;
}

export function isImageName(name: string): boolean {
  const dot = name.lastIndexOf('.');
  return dot >= 0 && IMAGE_EXTENSIONS.has(name.slice(dot + 1).toLowerCase());
}
