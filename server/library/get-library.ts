import { setImmediate } from 'node:timers/promises';
import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { LibraryId } from '../domain/ids.js';
import { type BookCounts, bookAhead, countBooksInRange } from '../book/book-page.js';
import { findVisibleLibrary, type LibrarySummary } from './library-page.js';
import type { Store } from '../database/store.js';
import { viewerOf } from './viewer.js';

/** SQLite does one thing after the other, and pushes wait behind a count: some milliseconds at a time. */
const BOOKS_COUNTED_AT_ONCE = 20_000;

export interface LibraryDetails extends LibrarySummary {
  readonly books: BookCounts;
}

/** @throws DogearError `library-not-found`, also for a library that is not for the actor's eyes */
export async function findLibraryFor(store: Store, actor: Actor, id: LibraryId): Promise<LibrarySummary> {
  const listed = await findVisibleLibrary(store, viewerOf(actor), id);
  if (listed !== undefined) return listed;
  throw new DogearError('library-not-found', `There is no library ${String(id)} that you may see.`);
}

/** @throws DogearError `library-not-found` */
export async function getLibrary(store: Store, actor: Actor, id: LibraryId): Promise<LibraryDetails> {
  const listed = await findLibraryFor(store, actor, id);
  return { ...listed, books: await countBooks(store, id) };
}

async function countBooks(store: Store, id: LibraryId): Promise<BookCounts> {
  let counts: BookCounts = { books: 0, missing: 0, hashed: 0, failed: 0 };
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
    };
    if (end === undefined) return counts;
    after = end.path;
    await setImmediate();
  }
}
