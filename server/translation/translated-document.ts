import type { Actor } from '../domain/actor.js';
import type { CataloguedBook } from '../book/book.js';
import type { BookId } from '../domain/ids.js';
import type { BookFileState } from '../positions/epub/file-reader.js';
import { digestOfDocument, type Document } from '../domain/document.js';
import { findVisibleLibrary } from '../library/library-repository.js';
import type { Store } from '../database/store.js';
import { formatOf, type TranslatedFormat } from './translations.js';
import { libraryVisibilityOf } from '../library/library-visibility.js';

/** The file that positions of a document are translated with, or why there is none. */
export type TranslatedDocument =
  | {
      readonly state: 'found';
      readonly path: Buffer;
      readonly bookId: BookId;
      /** Of the file, as the catalogue has it. The document is a digest of the file in this state, if it is no former one. */
      readonly fileState: BookFileState;
      readonly format: TranslatedFormat;
      /** The document is a digest of the book before its file changed. Readers may still have that file. */
      readonly isFormer: boolean;
    }
  /** The document is not a digest of a book in a library that is visible to the actor. */
  | { readonly state: 'book-not-found' }
  /** The last scan did not find the file. */
  | { readonly state: 'book-missing' }
  | { readonly state: 'format-unsupported' };

const SLASH = Buffer.from('/');

/**
 * Finds the file of a document. The file system is not asked.
 *
 * @param book the result of `booksOfDocuments` for the same actor.
 * @param comparesMarks as in `TranslationContext`
 * @throws what the database throws.
 */
export async function translatedDocument(
  store: Store,
  actor: Actor,
  document: Document,
  book: CataloguedBook | undefined,
  comparesMarks: boolean,
): Promise<TranslatedDocument> {
  if (book === undefined) return { state: 'book-not-found' };
  if (book.missingSinceSeconds !== undefined) return { state: 'book-missing' };
  const format = formatOf(book.path);
  if (format === undefined) return { state: 'format-unsupported' };
  const listed = await findVisibleLibrary(store, libraryVisibilityOf(actor), book.libraryId);
  // The library was restricted or removed after `book` was read.
  if (listed === undefined) return { state: 'book-not-found' };
  const path = Buffer.concat([listed.library.root, SLASH, book.path]);
  const { id: bookId, sizeBytes, modifiedNs } = book;
  const stateMark = comparesMarks ? book.stateMark : undefined;
  const fileState = { sizeBytes, modifiedNs, stateMark };
  return { state: 'found', path, bookId, fileState, format, isFormer: !isDigestNow(document, book) };
}

/** True if the document is a digest of the book's file as it is now, and not a former one. */
export function isDigestNow(
  document: Document,
  { partialMd5, filenameMd5, hashedMs }: CataloguedBook,
): boolean {
  const digest = digestOfDocument(document);
  if (digest === undefined || hashedMs === undefined) return false;
  return partialMd5?.equals(digest) === true || filenameMd5?.equals(digest) === true;
}
