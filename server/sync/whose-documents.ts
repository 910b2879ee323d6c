import { requireOneOf } from '../accounts/permission-check.js';
import { resolveTargetUser } from '../accounts/resolve-target-user.js';
import type { User } from '../accounts/user.js';
import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { UserId } from '../domain/ids.js';
import { seesAllDocuments } from './documents-shown.js';

/**
 * The user of whom an actor asks something that tells of all documents, also of those that are no book: what others read
 * is nobody's business but the operator's.
 *
 * @param userId `undefined`: the actor
 * @throws DogearError `forbidden`, `user-not-found`
 */
export async function userWhoseDocumentsShow(
  store: Store,
  actor: Actor,
  userId: UserId | undefined,
): Promise<User> {
  requireOneOf(actor, ['feature:koreader_sync']);
  const user = await resolveTargetUser(store, actor, userId, 'feature:koreader_sync', 'read');
  if (seesAllDocuments(actor, user.id)) return user;
  throw new DogearError('forbidden', 'Only the user may see what became of the own documents.');
}
