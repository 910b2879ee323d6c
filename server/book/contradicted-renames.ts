import type { Store } from '../database/store.js';
import { retrying } from '../database/transaction.js';
import type { Library } from '../library/library.js';
import { BookError } from '../positions/book-error.js';
import { readEpubMetadata } from '../positions/epub/metadata.js';
import { type BookMetadata, isContradicted } from './book-metadata.js';
import { metadataOfBooks } from './book-metadata-repository.js';
import type { CataloguedBook } from './book.js';
import { haveSameCalibreNumber, type RenamePair } from './certain-renames.js';
import { fileOfBook } from './sha256-of-file.js';

/** Files that are read at the end of a scan, some milliseconds each. Pairs beyond are joined by their names alone. */
const MOST_READ = 1000;

type Pair = RenamePair<CataloguedBook>;

/**
 * Leaves out pairs of EPUBs of which the new file says another identifier and another title than the missing book had: two
 * books may have the same telling name and nearly the same size. Where the metadata of the missing book was never read, or
 * that of the new file cannot be, the names decide alone. So does the number that Calibre gave both.
 */
export async function withoutContradicted(
  store: Store,
  library: Library,
  pairs: readonly Pair[],
): Promise<readonly Pair[]> {
  const known = await retrying(() =>
    metadataOfBooks(
      store,
      pairs.map(({ missing }) => missing.id),
    ),
  );
  const left: Pair[] = [];
  let read = 0;
  for (const pair of pairs) {
    const before = known.get(pair.missing.id);
    const isChecked =
      before !== undefined && read < MOST_READ && !haveSameCalibreNumber(pair.missing, pair.found);
    if (isChecked) {
      read++;
      const now = await metadataOfFile(library, pair.found);
      if (now !== undefined && isContradicted(before, now)) continue;
    }
    left.push(pair);
  }
  return left;
}

async function metadataOfFile(library: Library, book: CataloguedBook): Promise<BookMetadata | undefined> {
  try {
    return await readEpubMetadata(fileOfBook({ library, path: book.path }), book);
  } catch (error) {
    if (!(error instanceof BookError)) throw error;
    return undefined;
  }
}
