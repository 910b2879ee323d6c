import { digestOfDocument, type Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import { equivalentTo } from './known-document.js';
import { cataloguedDocuments } from './document-repository.js';
import { readLibraryAccess } from '../library/library-access-repository.js';
import type { Store } from '../database/store.js';
import { libraryVisibility } from '../library/library-visibility.js';

/** Other documents that stand for the same book to this user, as a pull of the user finds them (get-progress.ts). */
export async function equivalentDocuments(
  store: Store,
  userId: UserId,
  document: Document,
): Promise<readonly Document[]> {
  const digest = digestOfDocument(document);
  if (digest === undefined) return [];
  const known = (await cataloguedDocuments(store, [digest])).get(document);
  if (known === undefined) return [];
  return equivalentTo(known, libraryVisibility(await readLibraryAccess(store), userId));
}
