import type { Actor } from '../domain/actor.js';
import type { CataloguedBook } from '../book/book.js';
import { digestOfDocument, type Document, documentOfDigest } from '../domain/document.js';
import { booksOfDigests } from '../book/digest-repository.js';
import { visibleLibraries } from '../library/library-repository.js';
import type { Store } from '../database/store.js';
import { libraryVisibilityOf } from '../library/library-visibility.js';

/** A book with the name of its library, for lists that people read. */
export interface ShelvedBook extends CataloguedBook {
  readonly libraryName: string;
}

/**
 * For each document the visible book that has or had it as a digest. Of several books one that is present is preferred,
 * then one that has the digest now, then the one with the smallest id. Documents without a visible book are left out.
 *
 * @param documents a page, some hundred at most
 */
export async function booksOfDocuments(
  store: Store,
  actor: Actor,
  documents: readonly Document[],
): Promise<ReadonlyMap<Document, ShelvedBook>> {
  const digests = documents.flatMap((document) => digestOfDocument(document) ?? []);
  if (digests.length === 0) return new Map();
  const libraries = await visibleLibraries(store, libraryVisibilityOf(actor));
  const names = new Map(libraries.map(({ id, name }) => [id, name]));
  const books = await booksOfDigests(store, digests, [...names.keys()]);
  return new Map(
    books.map(({ digest, book }) => [
      documentOfDigest(digest),
      { ...book, libraryName: names.get(book.libraryId) ?? '' },
    ]),
  );
}
