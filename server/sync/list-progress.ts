import type { Actor } from '../domain/actor.js';
import type { CataloguedBook } from '../book/book.js';
import type { Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import { type Page, pageOf, type PageRequest } from '../domain/page.js';
import type { ProgressRecord } from './progress.js';
import { documentsPage, newestProgress, progressKeyText } from './progress-repository.js';
import type { Store } from '../database/store.js';
import { resolveTargetUser } from '../accounts/resolve-target-user.js';
import { booksOfDocuments } from './books-of-documents.js';

export interface ProgressSummary {
  readonly record: ProgressRecord;
  /** The number of devices with a position in the document. */
  readonly devices: number;
  /** The book that has or had the document as a digest; `undefined` when there is none that the actor may see. */
  readonly book: CataloguedBook | undefined;
}

/**
 * The documents in which a user has progress, in byte order, each with its newest position. A page is behind the
 * document `after`.
 *
 * @param userId the user; `undefined`: the actor
 * @throws DogearError `forbidden`, `user-not-found`
 */
export async function listProgress(
  store: Store,
  actor: Actor,
  userId: UserId | undefined,
  { after, limit }: PageRequest<Document>,
): Promise<Page<ProgressSummary, Document>> {
  const user = await resolveTargetUser(store, actor, userId, 'feature:koreader_sync', 'read');
  const rows = await documentsPage(store, user.id, { after, limit: limit + 1 });
  const { items, next } = pageOf(rows, limit, ({ document }) => document);
  const keys = items.map(({ document }) => ({ userId: user.id, document }));
  const records = await newestProgress(store, keys);
  const books = await booksOfDocuments(
    store,
    actor,
    items.map(({ document }) => document),
  );
  return {
    items: items.flatMap(({ document, devices }) => {
      const record = records.get(progressKeyText({ userId: user.id, document }));
      // The position was deleted between the two reads.
      return record === undefined ? [] : [{ record, devices, book: books.get(document) }];
    }),
    next,
  };
}
