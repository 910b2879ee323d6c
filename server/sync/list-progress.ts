import type { Actor } from '../domain/actor.js';
import type { UserId } from '../domain/ids.js';
import type { PageRequest } from '../domain/page.js';
import { documentsOfUser } from './device-progress-repository.js';
import { documentsShown, seesAllDocuments, type ShownDocuments } from './documents-shown.js';
import type { DocumentCursor } from './progress.js';
import type { Store } from '../database/store.js';
import { resolveTargetUser } from '../accounts/resolve-target-user.js';

/**
 * The documents in which a user has progress, each with its newest position, the last pushed first. Of other users only
 * books of libraries that the actor may see.
 *
 * @param userId the user; `undefined`: the actor
 * @throws DogearError `forbidden`, `user-not-found`
 */
export async function listProgress(
  store: Store,
  actor: Actor,
  userId: UserId | undefined,
  page: PageRequest<DocumentCursor>,
): Promise<ShownDocuments> {
  const user = await resolveTargetUser(store, actor, userId, 'feature:koreader_sync', 'read');
  return documentsShown(
    store,
    actor,
    { read: (part) => documentsOfUser(store, user.id, part), isWhole: seesAllDocuments(actor, user.id) },
    page,
  );
}
