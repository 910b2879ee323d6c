import { setImmediate } from 'node:timers/promises';
import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import type { LibraryId } from '../domain/ids.js';
import { changeLibrary, type LibraryChangeRequest } from '../library/change-library.js';
import { getLibrary } from '../library/get-library.js';
import type { LibrarySummary } from '../library/library.js';
import { readersPage } from '../library/library-reader-repository.js';
import { librariesPage } from '../library/library-repository.js';
import type { MetadataPass } from './book-metadata.js';
import { type BookCounts, bookAhead, countBooksInRange } from './book-repository.js';
import { findPass } from './metadata-pass-repository.js';

/** A library with the numbers of its books. */
export interface LibraryDetails extends LibrarySummary {
  readonly books: BookCounts;
  /** The pass over the metadata of its books that runs, or ran last. */
  readonly metadataPass: MetadataPass | undefined;
}

/** @throws DogearError `library-not-found`, also for a library that the actor may not see */
export async function getLibraryDetails(store: Store, actor: Actor, id: LibraryId): Promise<LibraryDetails> {
  const summary = await getLibrary(store, actor, id);
  return { ...summary, books: await countBooks(store, id), metadataPass: await findPass(store, id) };
}

/**
 * Changes a library as `changeLibrary` does.
 *
 * @returns the library after the change, with the numbers of its books
 * @throws DogearError as `changeLibrary`
 */
export async function changeCountedLibrary(
  store: Store,
  actor: Actor,
  id: LibraryId,
  request: LibraryChangeRequest,
): Promise<LibraryDetails> {
  const summary = await changeLibrary(store, actor, id, request);
  return { ...summary, books: await countBooks(store, id), metadataPass: await findPass(store, id) };
}

export interface LibraryTotals extends LibrarySummary {
  readonly books: BookCounts;
  /** Names of the readers of a restricted library, the first hundred; `undefined` for one that is not restricted. */
  readonly readers: readonly string[] | undefined;
}

const READERS_LISTED = 100;
const LIBRARIES_AT_ONCE = 500;

/** All libraries ordered by name, for the operator. Counts every book, so it reads the whole catalogue's index. */
export async function listLibraryTotals(store: Store): Promise<readonly LibraryTotals[]> {
  const totals: LibraryTotals[] = [];
  for (let afterName: string | undefined; ;) {
    const page = await librariesPage(store, 'all', { afterName, limit: LIBRARIES_AT_ONCE });
    for (const summary of page) {
      const { id } = summary.library;
      const firstReaders = { afterName: undefined, limit: READERS_LISTED };
      const readers = summary.isRestricted ? await readersPage(store, id, firstReaders) : undefined;
      const books = await countBooks(store, id);
      totals.push({ ...summary, books, readers: readers?.map(({ name }) => name) });
    }
    afterName = page.at(-1)?.library.name;
    if (page.length < LIBRARIES_AT_ONCE) return totals;
  }
}

/** Books that one count of SQLite covers: pushes wait while it runs, some milliseconds for 20,000 books. */
const BOOKS_COUNTED_AT_ONCE = 20_000;

export async function countBooks(store: Store, id: LibraryId): Promise<BookCounts> {
  let counts: BookCounts = { books: 0, missing: 0, hashed: 0, failed: 0, ready: 0 };
  let after: Buffer = Buffer.alloc(0);
  for (;;) {
    const end =
      store.dialect === 'sqlite' ? await bookAhead(store, id, after, BOOKS_COUNTED_AT_ONCE) : undefined;
    const piece = await countBooksInRange(store, id, after, end?.path);
    counts = {
      books: counts.books + piece.books,
      missing: counts.missing + piece.missing,
      hashed: counts.hashed + piece.hashed,
      failed: counts.failed + piece.failed,
      ready: counts.ready + piece.ready,
    };
    if (end === undefined) return counts;
    after = end.path;
    await setImmediate();
  }
}
