import type { Actor } from '../domain/actor.js';
import type { CataloguedBook } from '../book/book.js';
import { digestOfDocument, documentOfDigest } from '../domain/document.js';
import { metadataOfBooks } from '../book/book-metadata-repository.js';
import { booksOfDigests } from '../book/digest-repository.js';
import { linkedBooks } from '../book/document-link-repository.js';
import { visibleLibraries } from '../library/library-repository.js';
import type { Store } from '../database/store.js';
import { libraryVisibilityOf } from '../library/library-visibility.js';
import { type ProgressKey, progressKeyText } from './progress-key.js';

/** A book with the name of its library, for lists that people read. */
export interface ShelvedBook extends CataloguedBook {
  readonly libraryName: string;
}

export interface TitledBook extends ShelvedBook {
  /** The one in its file; `undefined`: not read yet, not readable, or there is none. */
  readonly title: string | undefined;
}

/**
 * For each document the visible book that has or had it as a digest, otherwise the one to which its user, or somebody for
 * everybody, has linked it, otherwise one whose name has it in another form; by `progressKeyText`: the order of
 * `countingHolders`, by which pushes find their books. Of several books one that is present is preferred, then one that
 * has the digest now, then the one with the smallest id. Documents without a visible book are left out.
 *
 * @param keys a page, some hundred at most
 */
export async function booksOfDocuments(
  store: Store,
  actor: Actor,
  keys: readonly ProgressKey[],
): Promise<ReadonlyMap<string, TitledBook>> {
  if (keys.length === 0) return new Map();
  const documents = [...new Set(keys.map(({ document }) => document))];
  const digests = documents.flatMap((document) => digestOfDocument(document) ?? []);
  const libraries = await visibleLibraries(store, libraryVisibilityOf(actor));
  const names = new Map(libraries.map(({ id, name }) => [id, name]));
  const found = await booksOfDigests(store, digests, [...names.keys()]);
  const booksOf = (isForm: boolean) =>
    new Map(
      found
        .filter(({ isNameForm }) => isNameForm === isForm)
        .map(({ digest, book }) => [documentOfDigest(digest), book]),
    );
  const ofDigest = booksOf(false);
  const ofNameForm = booksOf(true);
  const others = keys.filter(({ document }) => !ofDigest.has(document));
  const links = new Map(
    (
      await linkedBooks(
        store,
        [...new Set(others.map(({ document }) => document))],
        [...new Set(others.map(({ userId }) => userId))],
        [...names.keys()],
      )
    ).map(({ document, linkedFor, book }) => [`${String(linkedFor)} ${document}`, book]),
  );
  const books = keys.flatMap((key) => {
    const { document } = key;
    const book =
      ofDigest.get(document) ??
      links.get(progressKeyText(key)) ??
      links.get(`everybody ${document}`) ??
      ofNameForm.get(document);
    return book === undefined ? [] : [{ text: progressKeyText(key), book }];
  });
  const metadata = await metadataOfBooks(store, [...new Set(books.map(({ book }) => book.id))]);
  return new Map(
    books.map(({ text, book }) => [
      text,
      { ...book, libraryName: names.get(book.libraryId) ?? '', title: metadata.get(book.id)?.title },
    ]),
  );
}
