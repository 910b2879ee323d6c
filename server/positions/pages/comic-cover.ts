import type { FileReader } from '../epub/file-reader.js';
import { readZipContent } from '../epub/zip-content.js';
import { readZipDirectory, type ZipEntry } from '../epub/zip-directory.js';
import { isImageName } from './comic-pages.js';

/** Numbers within names count as numbers: page 10 comes after page 9. So does MuPDF order the pages. */
const BY_NAME = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/**
 * The first page of a comic in a ZIP archive.
 *
 * @param limitBytes larger files are refused
 * @returns its bytes, whatever they are; `undefined`: it has no pages
 * @throws BookError as `readZipDirectory` and `readZipContent`
 */
export async function readComicCover(file: FileReader, limitBytes: number): Promise<Buffer | undefined> {
  let first: ZipEntry | undefined;
  for (const entry of (await readZipDirectory(file)).values()) {
    if (!isImageName(entry.name)) continue;
    if (first === undefined || BY_NAME.compare(entry.name, first.name) < 0) first = entry;
  }
  return first === undefined ? undefined : readZipContent(file, first, limitBytes);
}
