import { withFile, type FileReader, type BookFileState } from '../epub/file-reader.js';
import { countComicPages, isImageName } from './comic-pages.js';
import { rarNames } from './rar-names.js';
import { sevenZipNames } from './seven-zip-names.js';

const TAR_HEADER_BYTES = 512;
/** No comic has more files; each entry costs a read. */
const MAX_TAR_ENTRIES = 65_535;

/**
 * Number of pages of a comic in a ZIP, RAR, 7-Zip or tar archive, recognised by its content and not by its name.
 * Undefined for any other kind of file (PDF, DjVu), and for an archive without images.
 *
 * @param state of the file whose pages are wanted. Undefined: any.
 * @throws BookError where the file cannot be read, has another state, or is a damaged or encrypted archive.
 */
export async function countPages(path: string | Buffer, state?: BookFileState): Promise<number | undefined> {
  const count = await withFile(path, state, countByKind);
  return count === 0 ? undefined : count;
}

async function countByKind(file: FileReader): Promise<number | undefined> {
  const head = file.read(0, Math.min(TAR_HEADER_BYTES, file.identity.sizeBytes)).toString('latin1');
  if (head.startsWith('PK\u0003\u0004')) return await countComicPages(file);
  if (head.slice(257, 262) === 'ustar') return countTarPages(file);
  return (rarNames(file) ?? sevenZipNames(file))?.filter(isImageName).length;
}

/** Images among the files of a tar archive. */
function countTarPages(file: FileReader): number {
  const { sizeBytes } = file.identity;
  let pages = 0;
  let at = 0;
  for (let entry = 0; entry < MAX_TAR_ENTRIES && at + TAR_HEADER_BYTES <= sizeBytes; entry += 1) {
    const header = file.read(at, TAR_HEADER_BYTES);
    if (header[0] === 0) break;
    const [name = ''] = header.toString('latin1', 0, 100).split('\0');
    const contentBytes = Number.parseInt(header.toString('latin1', 124, 136), 8);
    const type = header[156];
    if ((type === 0 || type === 0x30) && isImageName(name)) pages += 1;
    if (!Number.isFinite(contentBytes) || contentBytes < 0) break;
    at += TAR_HEADER_BYTES * (1 + Math.ceil(contentBytes / TAR_HEADER_BYTES));
  }
  return pages;
}

/** KOReader cuts the fraction that it sends; a billionth of a page covers the rounding of `0.07 * 100`. */
const ROUNDING_PAGES = 1e-9;

/**
 * The page at a fraction of a document with pages, counted from 1. KOReader computes the fraction as the page divided
 * by the number of pages and cuts it to four decimals (RULES.md R4), so that the page is found again in documents of
 * up to 10,000 pages.
 *
 * @param percentage 0–1; values outside mean the first and the last page.
 * @param pageCount at least 1.
 */
export function pageOfPercentage(percentage: number, pageCount: number): number {
  const wanted = Number.isFinite(percentage) ? percentage * pageCount : 0;
  const page = Math.ceil(wanted - ROUNDING_PAGES);
  return Math.min(Math.max(1, page), Math.max(1, pageCount));
}
