import { BookError } from '../book-error.js';
import type { FileReader } from '../epub/file-reader.js';

/** A component needs an offset of four bytes in the directory; no scan of a book has more. */
const MAX_COMPONENTS = 65_535;
const BUNDLED = 0x80;

/**
 * Number of pages of a DjVu document: the components that are pages among those that its directory lists, by their
 * headers. Undefined for an indirect document, whose pages are files of their own.
 * @throws BookError `damaged`, `truncated`.
 */
export function countDjvuPages(file: FileReader): number | undefined {
  const head = file.read(0, Math.min(16, file.identity.sizeBytes));
  if (head.length < 16 || head.toString('latin1', 0, 8) !== 'AT&TFORM') {
    throw new BookError('damaged', 'not a DjVu document');
  }
  const form = head.toString('latin1', 12, 16);
  if (form === 'DJVU') return 1;
  if (form !== 'DJVM') return undefined;
  const chunk = file.read(16, 11);
  if (chunk.toString('latin1', 0, 4) !== 'DIRM')
    throw new BookError('damaged', 'a document without a directory');
  if (((chunk[8] ?? 0) & BUNDLED) === 0) return undefined;
  const componentCount = chunk.readUInt16BE(9);
  if (componentCount > MAX_COMPONENTS) throw new BookError('too-large', 'too many pages');
  const offsets = file.read(27, componentCount * 4);
  let pages = 0;
  for (let index = 0; index < componentCount; index += 1) {
    // Pages, shared dictionaries and thumbnails are components alike.
    const component = file.read(offsets.readUInt32BE(index * 4), 12).toString('latin1');
    if (component.startsWith('FORM') && component.endsWith('DJVU')) pages += 1;
  }
  return pages;
}
