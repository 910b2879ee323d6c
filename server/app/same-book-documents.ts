import { digestOfDocument, type Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import { sameBook } from '../domain/known-document.js';
import { knownDocuments } from '../storage/document-repository.js';
import { readLibraryAccess } from '../storage/library-access-repository.js';
import type { Store } from '../storage/store.js';
import { libraryVisibility } from './library-visibility.js';

/** Other documents that stand for the same book to this user, as a pull of the user finds them (get-progress.ts). */
export async function sameBookDocuments(
  store: Store,
  userId: UserId,
  document: Document,
): Promise<readonly Document[]> {
  const digest = digestOfDocument(document);
  if (digest === undefined) return [];
  const known = (await knownDocuments(store, [digest])).get(document);
  if (known === undefined) return [];
  return sameBook(known, libraryVisibility(await readLibraryAccess(store), userId));
}
