import { requireOneOf } from '../accounts/permission-check.js';
import { resolveTargetUser } from '../accounts/resolve-target-user.js';
import { idChunks } from '../database/bulk-write.js';
import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import type { Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import type { Page, PageRequest } from '../domain/page.js';
import {
  documentsPage,
  type ReadingUser,
  USERS_AT_ONCE,
  usersByNewestPush,
} from './device-progress-repository.js';
import { documentsShown, type ShownDocument } from './documents-shown.js';
import { equivalentsOfDocuments } from './equivalent-documents.js';
import { progressKeyText } from './progress-key.js';
import { newestProgress } from './progress-repository.js';
import type { DocumentCursor } from './progress.js';

/** A book that a user reads, or a document of one's own that is no book. */
export interface Reading extends ShownDocument {
  readonly user: ReadingUser;
}

export interface ReadingPage extends Page<Reading, DocumentCursor> {
  /** Documents of other users that are left out of this part of the list: the actor may see no book for them. */
  readonly unmatched: readonly { readonly user: ReadingUser; readonly documents: number }[];
}

/**
 * What is being read: the newest push of each user in each book, the last one first. With `user:manage` those of all users,
 * as far as the actor may see the books, otherwise one's own. A page may have fewer items than were asked for although
 * another one follows.
 *
 * @throws DogearError `forbidden`
 */
export async function listReading(
  store: Store,
  actor: Actor,
  page: PageRequest<DocumentCursor>,
): Promise<ReadingPage> {
  requireOneOf(actor, ['feature:koreader_sync', 'user:manage']);
  const users = new Map<UserId, ReadingUser>();
  const readers = actor.permissions.has('user:manage')
    ? (after: DocumentCursor | undefined, limit: number) =>
        // One more than rows: the user of the cursor may have no further documents.
        usersByNewestPush(store, after?.arrival, Math.min(limit + 1, USERS_AT_ONCE))
    : async () => [await resolveTargetUser(store, actor, undefined, 'feature:koreader_sync', 'read')];
  const shown = await documentsShown(
    store,
    actor,
    {
      read: async (part) => {
        const found = await readers(part.after, part.limit);
        for (const { id, name } of found) users.set(id, { id, name });
        const ids = found.map(({ id }) => id);
        return documentsPage(store, ids, part);
      },
      superseded: (part) => superseded(store, actor, part),
    },
    page,
  );
  const userOf = (id: UserId): ReadingUser => users.get(id) ?? { id, name: String(id) };
  return {
    items: shown.items.map((each) => ({ ...each, user: userOf(each.userId) })),
    next: shown.next,
    unmatched: shown.unmatched.map(({ userId, documents }) => ({ user: userOf(userId), documents })),
  };
}

/** Those that the same user has pushed later under another digest of the same book. */
async function superseded(
  store: Store,
  actor: Actor,
  shown: readonly ShownDocument[],
): Promise<ReadonlySet<ShownDocument>> {
  const documents = new Set<Document>(shown.map(({ record }) => record.document));
  const others = await equivalentsOfDocuments(store, actor, [...documents]);
  const keysOf = ({ userId, record }: ShownDocument) =>
    (others.get(record.document) ?? []).map((document) => ({ userId, document }));
  const keys = new Map(shown.flatMap(keysOf).map((key) => [progressKeyText(key), key]));
  const arrivals = new Map<string, number>();
  for (const chunk of idChunks([...keys.values()])) {
    for (const [text, { arrival }] of await newestProgress(store, chunk)) arrivals.set(text, arrival);
  }
  return new Set(
    shown.filter((each) =>
      keysOf(each).some((key) => (arrivals.get(progressKeyText(key)) ?? -1) > each.record.arrival),
    ),
  );
}
