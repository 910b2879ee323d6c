import type { Actor } from '../domain/actor.js';
import type { CataloguedBook } from '../book/book.js';
import { digestOfDocument, type Document, documentOfDigest } from '../domain/document.js';
import { booksOfDigests } from '../book/digest-repository.js';
import { visibleLibraries } from '../library/library-repository.js';
import type { Store } from '../database/store.js';
import { libraryVisibilityOf } from '../library/library-visibility.js';

/**
 * For each document the book of which it is a digest, now or formerly, among those that the actor may see. Where there
 * are several, one that is not missing, then one of which it is a digest now, then the one that is in the catalogue for
 * longest.
 */
export async function booksOfDocuments(
  store: Store,
  actor: Actor,
  documents: readonly Document[],
): Promise<ReadonlyMap<Document, CataloguedBook>> {
  const digests = documents.flatMap((document) => digestOfDocument(document) ?? []);
  if (digests.length === 0) return new Map();
  const libraries = await visibleLibraries(store, libraryVisibilityOf(actor));
  const libraryIds = libraries.map(({ id }) => id);
  const books = await booksOfDigests(store, digests, libraryIds);
  return new Map(books.map(({ digest, book }) => [documentOfDigest(digest), book]));
}
