import { isFullOwner, requireMayChange, requireMayGrant } from './permission-check.js';
import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { UserId } from '../domain/ids.js';
import type { UserSummary } from './user.js';
import { findUserById, lockEnabledOwners, updateUser, type UserChanges } from './user-repository.js';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import { getUser } from './list-users.js';

/**
 * Changes what a user may do, or whether the user may do anything. Whoever keeps a server's caches forgets the user
 * afterwards.
 *
 * @throws DogearError `user-not-found`, `forbidden`, `permission-not-held`, `last-owner`
 */
export async function changeUser(
  store: Store,
  actor: Actor,
  id: UserId,
  changes: UserChanges,
): Promise<UserSummary> {
  await inTransaction(store, async (transaction) => {
    // Before the user is read: of two changes at once, the second one decides by what the first one made.
    const owners = await lockEnabledOwners(transaction);
    const user = await findUserById(transaction, id);
    if (user === undefined) throw new DogearError('user-not-found', `There is no user ${String(id)}.`);
    requireMayChange(actor, user);
    if (changes.permissions !== undefined) requireMayGrant(actor, changes.permissions);
    if (changes.isOwner === true && !isFullOwner(actor)) {
      throw new DogearError('permission-not-held', 'Only an owner can make an owner.');
    }
    const staysOwner = changes.isOwner !== false && changes.isDisabled !== true;
    if (!staysOwner && owners.length === 1 && owners[0] === id) {
      throw new DogearError(
        'last-owner',
        `"${user.name}" is the last owner; without one nobody may do everything.`,
      );
    }
    await updateUser(transaction, id, changes);
  });
  return getUser(store, id);
}
