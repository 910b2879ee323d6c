import type { Actor } from '../domain/actor.js';
import type { CataloguedBook } from '../book/book.js';
import type { Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import { type Page, pageOf, type PageRequest } from '../domain/page.js';
import { documentsPage } from './device-progress-repository.js';
import type { DocumentSummary } from './progress.js';
import type { Store } from '../database/store.js';
import { resolveTargetUser } from '../accounts/resolve-target-user.js';
import { booksOfDocuments } from './books-of-documents.js';

export interface ProgressSummary extends DocumentSummary {
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
  const { items, next } = pageOf(rows, limit, ({ record }) => record.document);
  const books = await booksOfDocuments(
    store,
    actor,
    items.map(({ record }) => record.document),
  );
  return { items: items.map((item) => ({ ...item, book: books.get(item.record.document) })), next };
}
