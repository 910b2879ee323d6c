import type { Actor } from '../domain/actor.js';
import type { CataloguedBook } from '../book/book.js';
import type { DevicePosition, PositionCursor } from './progress.js';
import type { Document } from '../domain/document.js';
import { DogearError } from '../domain/dogear-error.js';
import type { UserId } from '../domain/ids.js';
import { type Page, pageOf, type PageRequest } from '../domain/page.js';
import { positionsPage } from './device-progress-repository.js';
import type { Store } from '../database/store.js';
import { resolveTargetUser } from '../accounts/resolve-target-user.js';
import { booksOfDocuments } from './books-of-documents.js';
import { equivalentDocuments } from './equivalent-documents.js';

export interface DocumentOfUser {
  /** The user; `undefined`: the actor. */
  readonly userId: UserId | undefined;
  readonly document: Document;
}

export interface DocumentDetails {
  readonly document: Document;
  /** The book that has or had the document as a digest; `undefined` when there is none that the actor may see. */
  readonly book: CataloguedBook | undefined;
  /**
   * The last position of each device, under any digest of the book, ordered from the newest to the oldest. The first
   * position of the first page is what pulls return.
   */
  readonly positions: Page<DevicePosition, PositionCursor>;
}

/**
 * What a user's devices have pushed for a document.
 *
 * @throws DogearError `forbidden`; `user-not-found`; `progress-not-found` when no device has a position there
 */
export async function getDocument(
  store: Store,
  actor: Actor,
  { userId, document }: DocumentOfUser,
  { after, limit }: PageRequest<PositionCursor>,
): Promise<DocumentDetails> {
  const user = await resolveTargetUser(store, actor, userId, 'feature:koreader_sync', 'read');
  const documents = [document, ...(await equivalentDocuments(store, user.id, document))];
  const rows = await positionsPage(store, user.id, documents, { after, limit: limit + 1 });
  if (rows.length === 0 && after === undefined) throw progressNotFound();
  const books = await booksOfDocuments(store, actor, [document]);
  return {
    document,
    book: books.get(document),
    positions: pageOf(rows, limit, (last) => ({
      arrival: last.arrival,
      deviceKey: last.deviceKey,
      document: last.document,
    })),
  };
}

export function progressNotFound(): DogearError {
  return new DogearError('progress-not-found', 'The user has no such position.');
}
