import type { Actor } from '../domain/actor.js';
import type { CataloguedBook } from '../book/book.js';
import { digestOfDocument, type Document } from '../domain/document.js';
import { findVisibleLibrary } from '../library/library-repository.js';
import type { Store } from '../database/store.js';
import { formatOf, type TranslatedFormat } from './translations.js';
import { libraryVisibilityOf } from '../library/library-visibility.js';

/** The file that positions in a document are translated with, or why there is none. */
export type TranslatedDocument =
  | {
      readonly state: 'found';
      readonly path: Buffer;
      readonly format: TranslatedFormat;
      /** The document is a digest that the book had before its file was changed: readers may have the other file. */
      readonly isFormer: boolean;
    }
  /** The document is no digest of a book that the actor may see. */
  | { readonly state: 'book-not-found' }
  /** Not there at the last scan. */
  | { readonly state: 'book-missing' }
  | { readonly state: 'format-unsupported' };

const SLASH = Buffer.from('/');

/** @param book as booksOfDocuments() found it for the same actor */
export async function translatedDocument(
  store: Store,
  actor: Actor,
  document: Document,
  book: CataloguedBook | undefined,
): Promise<TranslatedDocument> {
  if (book === undefined) return { state: 'book-not-found' };
  if (book.missingSinceSeconds !== undefined) return { state: 'book-missing' };
  const format = formatOf(book.path);
  if (format === undefined) return { state: 'format-unsupported' };
  const listed = await findVisibleLibrary(store, libraryVisibilityOf(actor), book.libraryId);
  // It was restricted, or removed, a moment ago.
  if (listed === undefined) return { state: 'book-not-found' };
  const path = Buffer.concat([listed.library.root, SLASH, book.path]);
  return { state: 'found', path, format, isFormer: !isDigestNow(document, book) };
}

/** Whether the document is a digest of the book as it is, not of how it was. */
export function isDigestNow(
  document: Document,
  { partialMd5, filenameMd5, hashedMs }: CataloguedBook,
): boolean {
  const digest = digestOfDocument(document);
  if (digest === undefined || hashedMs === undefined) return false;
  return partialMd5?.equals(digest) === true || filenameMd5?.equals(digest) === true;
}
