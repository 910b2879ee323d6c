import { isFullOwner, requireMayChange, requireMayGrant } from './permission-check.js';
import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { UserId } from '../domain/ids.js';
import type { UserSummary } from './user.js';
import { findUserById, lockEnabledOwners, updateUser, type UserChanges } from './user-repository.js';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import { getUser } from './get-user.js';

/**
 * Changes the permissions of a user, whether the user is an owner, and whether the user is disabled. The actor needs
 * `user:manage`, must hold every permission that the user has or gets, and must be a full owner to change an owner.
 *
 * A server must call `Accounts.forgetUser` afterwards.
 *
 * @param changes what is `undefined` stays as it is
 * @returns the user after the change
 * @throws DogearError `user-not-found`, `forbidden`, `permission-not-held`; `last-owner` when no enabled owner would be
 *   left
 */
export async function changeUser(
  store: Store,
  actor: Actor,
  id: UserId,
  changes: UserChanges,
): Promise<UserSummary> {
  await inTransaction(store, async (transaction) => {
    // Locked before the user is read, so that the second of two concurrent changes sees what the first one changed.
    const owners = await lockEnabledOwners(transaction);
    const user = await findUserById(transaction, id);
    if (user === undefined) throw new DogearError('user-not-found', `There is no user ${String(id)}.`);
    requireMayChange(actor, user);
    if (changes.permissions !== undefined) requireMayGrant(actor, changes.permissions);
    if (changes.isOwner === true && !isFullOwner(actor)) {
      throw new DogearError('permission-not-held', 'Only an owner can make a user an owner.');
    }
    const staysOwner = changes.isOwner !== false && changes.isDisabled !== true;
    if (!staysOwner && owners.length === 1 && owners[0] === id) {
      throw new DogearError(
        'last-owner',
        `"${user.name}" is the last owner who is not disabled. Make another user an owner first.`,
      );
    }
    await updateUser(transaction, id, changes);
  });
  return getUser(store, id);
}
