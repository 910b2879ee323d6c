import { isFullOwner, requireMayChange, requireMayGrant, requireOtherOwner } from './permission-check.js';
import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { UserId } from '../domain/ids.js';
import { nameTaken } from './add-user.js';
import { arrivingLike, loserOfHeader } from './header-sharing.js';
import type { AddedUser } from './insert-new-user.js';
import { parseUserName, USER_NAME_RULE } from './user-name.js';
import {
  findUserById,
  findUserByName,
  lockEnabledOwners,
  lockUserNames,
  setUserName,
  updateUser,
  type UserChanges,
} from './user-repository.js';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import { getUser } from './get-user.js';

export interface UserUpdate extends UserChanges {
  readonly name?: string | undefined;
}

export interface ChangedUser extends AddedUser {
  /** The name before the change. */
  readonly formerName: string;
}

/**
 * Changes the name and the permissions of a user, whether the user is an owner, and whether the user is disabled. The actor
 * needs `user:manage`, must hold every permission that the user has or gets, and must be a full owner to change an owner.
 *
 * A new name is the one to log in with from then on. API keys, devices and positions stay.
 *
 * A server must call `Accounts.forgetUser` afterwards, with both names.
 *
 * @param changes what is `undefined` stays as it is
 * @returns the user after the change
 * @throws DogearError `user-not-found`, `forbidden`, `permission-not-held`, `user-invalid`, `user-exists`; `last-owner` when no
 *   enabled owner would be left
 */
export async function changeUser(
  store: Store,
  actor: Actor,
  id: UserId,
  { name: newName, ...changes }: UserUpdate,
): Promise<ChangedUser> {
  const name = newName === undefined ? undefined : parseUserName(newName);
  if (newName !== undefined && name === undefined) throw new DogearError('user-invalid', USER_NAME_RULE);
  let formerName: string | undefined;
  let takesHeaderOf: string | undefined;
  await inTransaction(store, async (transaction) => {
    if (name !== undefined) await lockUserNames(transaction);
    // Locked before the user is read, so that the second of two concurrent changes sees what the first one changed.
    const owners = await lockEnabledOwners(transaction);
    const user = await findUserById(transaction, id);
    if (user === undefined) throw new DogearError('user-not-found', `There is no user ${String(id)}.`);
    requireMayChange(actor, user);
    if (changes.permissions !== undefined) requireMayGrant(actor, changes.permissions);
    if (changes.isOwner === true && !isFullOwner(actor)) {
      throw new DogearError('permission-not-held', 'Only an owner can make a user an owner.');
    }
    if (changes.isOwner === false || changes.isDisabled === true) requireOtherOwner(user, owners);
    // Kept when the transaction is run again because the answer to its commit was lost: the user has the new name then.
    formerName ??= user.name;
    if (name !== undefined && name !== user.name) takesHeaderOf = await rename(transaction, id, name);
    await updateUser(transaction, id, changes);
  });
  const changed = await getUser(store, id);
  return { ...changed, takesHeaderOf, formerName: formerName ?? changed.name };
}

/** @returns the name of the user who loses the header to the new name */
async function rename(transaction: Store, id: UserId, name: string): Promise<string | undefined> {
  if ((await findUserByName(transaction, name)) !== undefined) throw nameTaken(name);
  const arriving = await arrivingLike(transaction, name);
  await setUserName(transaction, id, name);
  return loserOfHeader(arriving, name, id);
}
