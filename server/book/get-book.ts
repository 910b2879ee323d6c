import type { Actor } from '../domain/actor.js';
import type { CataloguedBook, FormerDigest } from './book.js';
import { DogearError } from '../domain/dogear-error.js';
import type { BookId } from '../domain/ids.js';
import type { Library } from '../library/library.js';
import { type SyncReadiness, syncReadiness } from './sync-readiness.js';
import { findBookById } from './book-repository.js';
import { formerDigestsOf } from './digest-repository.js';
import { findVisibleLibrary } from '../library/library-repository.js';
import type { Store } from '../database/store.js';
import { libraryVisibilityOf } from '../library/library-visibility.js';

/** A book that is edited daily has this many in some months; older ones count all the same, but are not shown. */
const FORMER_DIGESTS_SHOWN = 200;

export interface BookDetails {
  readonly book: CataloguedBook;
  readonly library: Library;
  readonly readiness: SyncReadiness;
  /** The latest first. */
  readonly formerDigests: readonly FormerDigest[];
}

/** @throws DogearError `book-not-found`, also for a book of a library that is not for the actor's eyes */
export async function getBook(store: Store, actor: Actor, id: BookId): Promise<BookDetails> {
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
    book === undefined
      ? undefined
      : await findVisibleLibrary(store, libraryVisibilityOf(actor), book.libraryId);
  if (book !== undefined && listed !== undefined) return { book, library: listed.library };
  throw new DogearError('book-not-found', `There is no book ${String(id)} that you may see.`);
}
