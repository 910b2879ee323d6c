import type { Actor } from '../domain/actor.js';
import type { CataloguedBook, FormerDigest } from '../domain/catalogued-book.js';
import { DogearError } from '../domain/dogear-error.js';
import type { BookId } from '../domain/ids.js';
import type { Library } from '../domain/library.js';
import { type SyncReadiness, syncReadiness } from '../library/sync-readiness.js';
import { findBookById, formerDigestsOf } from '../storage/book-page.js';
import { findVisibleLibrary } from '../storage/library-page.js';
import type { Store } from '../storage/store.js';
import { viewerOf } from './viewer.js';

/** A book that is edited daily has this many in some months; older ones count all the same, but are not shown. */
const FORMER_DIGESTS_SHOWN = 200;

export interface ShownBook {
  readonly book: CataloguedBook;
  readonly library: Library;
  readonly readiness: SyncReadiness;
  /** The latest first. */
  readonly formerDigests: readonly FormerDigest[];
}

/** @throws DogearError `book-not-found`, also for a book of a library that is not for the actor's eyes */
export async function showBook(store: Store, actor: Actor, id: BookId): Promise<ShownBook> {
  const { book, library } = await findBookFor(store, actor, id);
  return {
    book,
    library,
    readiness: syncReadiness(book, library.koreaderHashes),
    formerDigests: await formerDigestsOf(store, id, FORMER_DIGESTS_SHOWN),
  };
}

/** @throws DogearError `book-not-found` */
export async function findBookFor(
  store: Store,
  actor: Actor,
  id: BookId,
): Promise<{ readonly book: CataloguedBook; readonly library: Library }> {
  const book = await findBookById(store, id);
  const listed =
    book === undefined ? undefined : await findVisibleLibrary(store, viewerOf(actor), book.libraryId);
  if (book !== undefined && listed !== undefined) return { book, library: listed.library };
  throw new DogearError('book-not-found', `There is no book ${String(id)} that you may see.`);
}
