import { requireMayActFor, requireOneOf } from './permission-check.js';
import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { UserId } from '../domain/ids.js';
import type { Permission } from '../domain/permission.js';
import type { User } from './user.js';
import { findUserById } from './user-repository.js';
import type { Store } from '../database/store.js';

/** What a use case does to devices, progress or API keys of a user. */
export type Intent = 'read' | 'change';

/**
 * Finds the user whose devices, progress or API keys a request is about, and checks that the actor may act for that
 * user: for oneself with `ownPermission` or `user:manage`, for anybody else with `user:manage`. What belongs to an owner is
 * changed by owners only.
 *
 * @param userId `undefined`: the actor
 * @throws DogearError `forbidden`; `permission-not-held`, only to change; `user-not-found`, only if the actor may see all users, or is a user who was deleted
 *   meanwhile
 */
export async function resolveTargetUser(
  store: Store,
  actor: Actor,
  userId: UserId | undefined,
  ownPermission: Permission,
  intent: Intent,
): Promise<User> {
  const wanted = userId ?? actor.userId;
  if (wanted !== undefined && wanted === actor.userId) requireOneOf(actor, [ownPermission, 'user:manage']);
  else requireOneOf(actor, ['user:manage']);
  const user = wanted === undefined ? undefined : await findUserById(store, wanted);
  if (user !== undefined) {
    if (intent === 'change') requireMayActFor(actor, user);
    return user;
  }
  throw new DogearError(
    'user-not-found',
    wanted === undefined
      ? 'The operator is not a user: name the user.'
      : `There is no user ${String(wanted)}.`,
  );
}
