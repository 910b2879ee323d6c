import type { Actor } from '../domain/actor.js';
import type { DevicePosition, PositionCursor } from './progress.js';
import type { Document } from '../domain/document.js';
import { DogearError } from '../domain/dogear-error.js';
import type { UserId } from '../domain/ids.js';
import { type Page, pageOf, type PageRequest } from '../domain/page.js';
import { positionsPage } from './device-progress-repository.js';
import type { Store } from '../database/store.js';
import { resolveTargetUser } from '../accounts/resolve-target-user.js';
import { booksOfDocuments, type TitledBook } from './books-of-documents.js';
import { seesAllDocuments } from './documents-shown.js';
import { equivalentDocuments, equivalentsOfDocuments } from './equivalent-documents.js';
import { progressKeyText } from './progress-key.js';

export interface DocumentOfUser {
  /** The user; `undefined`: the actor. */
  readonly userId: UserId | undefined;
  readonly document: Document;
}

export interface DocumentDetails {
  readonly document: Document;
  /** The book of the document; `undefined` when there is none that the actor may see. */
  readonly book: TitledBook | undefined;
  /**
   * The last position of each device, under any digest of the book, ordered from the newest to the oldest. The first
   * position of the first page is what pulls return.
   */
  readonly positions: Page<DevicePosition, PositionCursor>;
}

/**
 * What a user's devices have pushed for a document. Of other users, documents are shown only if they are books that the
 * actor may see.
 *
 * @throws DogearError `forbidden`; `user-not-found`; `progress-not-found` when no device has a position there, or the
 *   actor may not see it
 */
export async function getDocument(
  store: Store,
  actor: Actor,
  which: DocumentOfUser,
  { after, limit }: PageRequest<PositionCursor>,
): Promise<DocumentDetails> {
  const { userId, documents, book } = await findDocument(store, actor, which);
  const rows = await positionsPage(store, userId, documents, { after, limit: limit + 1 });
  if (rows.length === 0 && after === undefined) throw progressNotFound();
  return {
    document: which.document,
    book,
    positions: pageOf(rows, limit, (last) => ({
      arrival: last.arrival,
      deviceKey: last.deviceKey,
      document: last.document,
    })),
  };
}

interface FoundDocument {
  readonly userId: UserId;
  /** The document and those that stand for the same book. */
  readonly documents: readonly Document[];
  readonly book: TitledBook | undefined;
}

/** @throws DogearError as {@link getDocument}, but for the document without a position */
export async function findDocument(
  store: Store,
  actor: Actor,
  { userId, document }: DocumentOfUser,
): Promise<FoundDocument> {
  const user = await resolveTargetUser(store, actor, userId, 'feature:koreader_sync', 'read');
  const key = { userId: user.id, document };
  const book = (await booksOfDocuments(store, actor, [key])).get(progressKeyText(key));
  const isWhole = seesAllDocuments(actor, user.id);
  // Before further statements: their number must not tell whether the book is hidden from the actor.
  if (book === undefined && !isWhole) throw progressNotFound();
  const pulled = await equivalentDocuments(store, user.id, document);
  if (isWhole) return { userId: user.id, documents: [document, ...pulled], book };
  const visible = new Set((await equivalentsOfDocuments(store, actor, [key])).get(progressKeyText(key)));
  return { userId: user.id, documents: [document, ...pulled.filter((each) => visible.has(each))], book };
}

export function progressNotFound(): DogearError {
  return new DogearError('progress-not-found', 'The user has no such position.');
}
