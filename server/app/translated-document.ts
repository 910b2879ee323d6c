import type { Actor } from '../domain/actor.js';
import type { CataloguedBook } from '../domain/catalogued-book.js';
import { findVisibleLibrary } from '../storage/library-page.js';
import type { Store } from '../storage/store.js';
import { formatOf, type TranslatedFormat } from './translations.js';
import { viewerOf } from './viewer.js';

/** The file that positions in a document are translated with, or why there is none. */
export type TranslatedDocument =
  | { readonly state: 'found'; readonly path: Buffer; readonly format: TranslatedFormat }
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
  book: CataloguedBook | undefined,
): Promise<TranslatedDocument> {
  if (book === undefined) return { state: 'book-not-found' };
  if (book.missingSinceSeconds !== undefined) return { state: 'book-missing' };
  const format = formatOf(book.path);
  if (format === undefined) return { state: 'format-unsupported' };
  const listed = await findVisibleLibrary(store, viewerOf(actor), book.libraryId);
  // It was restricted, or removed, a moment ago.
  if (listed === undefined) return { state: 'book-not-found' };
  return { state: 'found', path: Buffer.concat([listed.library.root, SLASH, book.path]), format };
}
