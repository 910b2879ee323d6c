import { requireMayChange, requireOtherOwner } from '../accounts/permission-check.js';
import { findUserById, lockEnabledOwners, updateUser } from '../accounts/user-repository.js';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { UserId } from '../domain/ids.js';
import { removeUser } from './remove-user.js';

/** How often a removal starts again because somebody made the user an owner meanwhile. */
const ROUNDS = 3;

/**
 * Removes a user with everything that belongs to the user. This cannot be undone. The actor needs `user:manage` and every
 * permission of the user, and must be a full owner to remove an owner.
 *
 * The user is disabled first, and is no owner from then on. When a step fails, the user stays like this, and the same request
 * continues with the remaining steps. A server must call `Accounts.forgetUser` afterwards, also after a failure.
 *
 * @throws DogearError `user-not-found`, `forbidden`, `permission-not-held`; `last-owner` when no enabled owner would be left
 */
export async function deleteUser(store: Store, actor: Actor, id: UserId): Promise<void> {
  for (let round = 1; round <= ROUNDS; round++) {
    await disable(store, actor, id);
    if (await removeUser(store, id)) return;
  }
  throw new DogearError('permission-not-held', 'Somebody keeps making this user an owner.');
}

function disable(store: Store, actor: Actor, id: UserId): Promise<void> {
  return inTransaction(store, async (transaction) => {
    const owners = await lockEnabledOwners(transaction);
    const user = await findUserById(transaction, id);
    if (user === undefined) throw new DogearError('user-not-found', `There is no user ${String(id)}.`);
    requireMayChange(actor, user);
    requireOtherOwner(user, owners);
    await updateUser(transaction, id, { isOwner: false, isDisabled: true });
  });
}
