import { withFile, type FileReader } from '../epub/file-reader.js';
import { comicPages, isImageName } from './comic-pages.js';
import { countDjvuPages } from './djvu-pages.js';
import { countPdfPages } from './pdf-pages.js';

/** What is known of the pages of a document. */
export type PageCount =
  | { readonly state: 'counted'; readonly pageCount: number }
  /** A kind of file whose pages are not counted: RAR and 7-Zip archives, indirect DjVu, anything else. */
  | { readonly state: 'unsupported' };

const TAR_HEADER_BYTES = 512;
/** No comic has more files; each costs a read. */
const MAX_TAR_ENTRIES = 65_535;

/**
 * Number of pages of a comic (ZIP, tar), a PDF or a DjVu document, by what the file is and not by its name.
 * @throws BookError where a file of a known kind cannot be read.
 */
export async function countPages(path: string | Buffer): Promise<PageCount> {
  return await withFile(path, async (file) => {
    const pageCount = await countByKind(file);
    return pageCount === undefined || pageCount === 0
      ? { state: 'unsupported' }
      : { state: 'counted', pageCount };
  });
}

async function countByKind(file: FileReader): Promise<number | undefined> {
  const head = file.read(0, Math.min(1024, file.identity.sizeBytes)).toString('latin1');
  // Some tools write a line before a PDF's mark.
  if (head.includes('%PDF-')) return countPdfPages(file);
  if (head.startsWith('AT&TFORM')) return countDjvuPages(file);
  if (head.startsWith('PK\u0003\u0004')) return (await comicPages(file)).length;
  if (head.slice(257, 262) === 'ustar') return countTarPages(file);
  return undefined;
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
