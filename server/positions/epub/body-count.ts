import { BookError } from '../book-error.js';
import { parseAsCrengine } from '../crengine/crengine-parser.js';
import { isHtmlToCrengine } from '../crengine/format-check.js';
import { DocumentLimitError } from '../source/source-tree-builder.js';
import type { Work } from '../work.js';
import type { FileReader } from './file-reader.js';
import { decodeMarkup } from './text-encoding.js';
import { readZipContent } from './zip-content.js';
import type { ZipDirectory } from './zip-directory.js';

/**
 * Tools write chapters of some 300 KB; a whole novel in one file has 2 MB. For 8 MiB the check of well-formedness
 * and both trees take less than a second and 150 MB.
 */
export const MAX_CHAPTER_BYTES = 8 * 1024 * 1024;
/**
 * All chapters of a book are read to number its DocFragments, which takes a second for some hundred megabytes. The text of
 * the longest books has some twenty.
 */
const MAX_READ_BYTES = 64 * 1024 * 1024;

/**
 * Building a tree takes twice as long as its steps say, which is little for one chapter. Here it is done for all
 * chapters of a book.
 */
const TREE_PASSES = 16;

const BODY = /<[ \t\r\n]*body/gi;

/**
 * Counts the bodies of the files of a book, of which each is a DocFragment (RULES.md R34). Files that cannot be read, and
 * those after the first 64 MiB, count as one.
 */
export function bodyCounter(file: FileReader, directory: ZipDirectory, work: Work): (path: string) => number {
  const counts = new Map<string, number>();
  let readBytes = 0;
  return (path) => {
    const known = counts.get(path);
    if (known !== undefined) return known;
    const entry = directory.get(path);
    // A damaged entry may have more compressed bytes than it says that they hold.
    const costBytes = Math.max(entry?.sizeBytes ?? 0, entry?.compressedBytes ?? 0);
    let count = 1;
    if (entry !== undefined && readBytes + costBytes <= MAX_READ_BYTES) {
      readBytes += costBytes;
      count = countBodies(() => readZipContent(file, entry, MAX_CHAPTER_BYTES), path, work);
    }
    counts.set(path, count);
    return count;
  };
}

function countBodies(read: () => Buffer, path: string, work: Work): number {
  try {
    const content = read();
    // What crengine does not take for HTML is one page about an error (RULES.md R36).
    if (!isHtmlToCrengine(content, path)) return 1;
    work.scan(content.length);
    // Few files have more than one. Those are parsed, because it may stand in a comment or in the other one. In UTF-16, which
    // has zeros, all are. The bytes are searched, because decoding them takes three times as long.
    const isUtf16 = content.includes(0);
    const mentions = isUtf16 ? 2 : (content.toString('latin1').match(BODY)?.length ?? 0);
    if (mentions < 2) return 1;
    work.scan(content.length * TREE_PASSES);
    return parseAsCrengine(decodeMarkup(content).source, work).bodies.length;
  } catch (error) {
    if (error instanceof BookError || error instanceof DocumentLimitError) return 1;
    throw error;
  }
}
