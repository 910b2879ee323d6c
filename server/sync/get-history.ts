import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import { type Page, pageOf, type PageRequest } from '../domain/page.js';
import { positionsPage } from './device-progress-repository.js';
import { type DocumentOfUser, findDocument, progressNotFound } from './get-document.js';
import type { HistoryCursor, ShownHistoryEntry } from './history.js';
import { historyPage } from './progress-history-repository.js';

/**
 * How far a user had read a document and when, under any digest of the same book, the newest entry first. A push is an
 * entry when it moved the progress by half a point, or half an hour after the entry before. Entries are some seconds late.
 *
 * @throws DogearError `forbidden`; `user-not-found`; `progress-not-found` when no device has a position there, or the
 *   actor may not see it
 */
export async function getHistory(
  store: Store,
  actor: Actor,
  which: DocumentOfUser,
  { after, limit }: PageRequest<HistoryCursor>,
): Promise<Page<ShownHistoryEntry, HistoryCursor>> {
  const { userId, documents } = await findDocument(store, actor, which);
  const rows = await historyPage(store, userId, documents, { after, limit: limit + 1 });
  if (rows.length === 0 && after === undefined) {
    const positions = await positionsPage(store, userId, documents, { after: undefined, limit: 1 });
    if (positions.length === 0) throw progressNotFound();
  }
  return pageOf(rows, limit, ({ arrival, document }) => ({ arrival, document }));
}
