import { requireOneOf } from '../accounts/permission-check.js';
import { resolveTargetUser } from '../accounts/resolve-target-user.js';
import { idChunks } from '../database/bulk-write.js';
import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import type { UserId } from '../domain/ids.js';
import type { Page, PageRequest } from '../domain/page.js';
import { documentsOfAllUsers, documentsOfUser } from './device-progress-repository.js';
import { documentsShown, type ShownDocument } from './documents-shown.js';
import { equivalentsOfDocuments } from './equivalent-documents.js';
import { progressKeyText } from './progress-key.js';
import { newestProgress } from './progress-repository.js';
import type { DocumentCursor } from './progress.js';

export interface ReadingUser {
  readonly id: UserId;
  readonly name: string;
}

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
  const read = actor.permissions.has('user:manage')
    ? (part: PageRequest<DocumentCursor>) => documentsOfAllUsers(store, part)
    : await readerOfOwn(store, actor);
  const names = new Map<UserId, string>();
  const shown = await documentsShown(
    store,
    actor,
    {
      read: async (part) => {
        const found = await read(part);
        for (const { userId, userName } of found) names.set(userId, userName);
        return found;
      },
      superseded: (part) => superseded(store, actor, part),
    },
    page,
  );
  return {
    items: shown.items.map((each) => ({ ...each, user: { id: each.userId, name: each.userName } })),
    next: shown.next,
    unmatched: shown.unmatched.map(({ userId, documents }) => ({
      user: { id: userId, name: names.get(userId) ?? String(userId) },
      documents,
    })),
  };
}

async function readerOfOwn(store: Store, actor: Actor) {
  const { id } = await resolveTargetUser(store, actor, undefined, 'feature:koreader_sync', 'read');
  return (part: PageRequest<DocumentCursor>) => documentsOfUser(store, id, part);
}

/** Those that the same user has pushed later under another digest of the same book. */
async function superseded(
  store: Store,
  actor: Actor,
  shown: readonly ShownDocument[],
): Promise<ReadonlySet<ShownDocument>> {
  const keyOf = ({ userId, record }: ShownDocument) => ({ userId, document: record.document });
  const others = await equivalentsOfDocuments(store, actor, shown.map(keyOf));
  const keysOf = (each: ShownDocument) =>
    (others.get(progressKeyText(keyOf(each))) ?? []).map((document) => ({ userId: each.userId, document }));
  const keys = new Map(shown.flatMap(keysOf).map((key) => [progressKeyText(key), key]));
  const arrivals = new Map<string, number>();
  for (const chunk of idChunks([...keys.values()])) {
    for (const [text, { arrival }] of await newestProgress(store, chunk)) arrivals.set(text, arrival);
  }
  return new Set(
    shown.filter((each) =>
      keysOf(each).some((key) => (arrivals.get(progressKeyText(key)) ?? -Infinity) > each.record.arrival),
    ),
  );
}
