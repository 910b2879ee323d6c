import type { Actor } from '../domain/actor.js';
import type { CataloguedBook, FormerDigest } from './book.js';
import type { BookMetadata } from './book-metadata.js';
import { metadataOfBooks } from './book-metadata-repository.js';
import { DogearError } from '../domain/dogear-error.js';
import type { BookId } from '../domain/ids.js';
import type { Library } from '../library/library.js';
import { type SyncReadiness, syncReadiness } from './sync-readiness.js';
import { findBookIn } from './book-repository.js';
import { formerDigestsOf } from './digest-repository.js';
import { visibleLibraries } from '../library/library-repository.js';
import type { Store } from '../database/store.js';
import { libraryVisibilityOf } from '../library/library-visibility.js';

/** A book that is edited daily reaches this number after some months. Older digests still find it, but are not listed. */
const FORMER_DIGESTS_LISTED = 200;

export interface BookDetails {
  readonly book: CataloguedBook;
  readonly library: Library;
  readonly readiness: SyncReadiness;
  /** `undefined`: not read yet, not readable, or no EPUB. */
  readonly metadata: BookMetadata | undefined;
  /** Up to 200, ordered from the last replaced to the first. */
  readonly formerDigests: readonly FormerDigest[];
  /** The digests of other forms of the name. */
  readonly nameForms: readonly FormerDigest[];
}

/**
 * A book with its library, its former digests and whether it is ready to sync.
 *
 * @throws DogearError `book-not-found`, also for a book of a library that the actor may not see
 */
export async function getBook(store: Store, actor: Actor, id: BookId): Promise<BookDetails> {
  const { book, library } = await getVisibleBook(store, actor, id);
  return {
    book,
    library,
    readiness: syncReadiness(book, library.koreaderHashes),
    metadata: (await metadataOfBooks(store, [id])).get(id),
    formerDigests: await formerDigestsOf(store, id, FORMER_DIGESTS_LISTED),
    nameForms: await formerDigestsOf(store, id, FORMER_DIGESTS_LISTED, 'name-forms'),
  };
}

/** @throws DogearError `book-not-found`, also for a book of a library that the actor may not see */
export async function getVisibleBook(
  store: Store,
  actor: Actor,
  id: BookId,
): Promise<{ readonly book: CataloguedBook; readonly library: Library }> {
  // The same two statements, whether the book exists or not: the time of the answer must not tell it.
  const libraries = await visibleLibraries(store, libraryVisibilityOf(actor));
  const ids = libraries.map((library) => library.id);
  const book = await findBookIn(store, ids, id);
  const library = libraries.find((each) => each.id === book?.libraryId);
  if (book !== undefined && library !== undefined) return { book, library };
  throw new DogearError('book-not-found', `There is no book ${String(id)} that you may see.`);
}
