import type { Principal } from '../domain/principal.js';
import { SyncError } from '../domain/sync-error.js';
import { removeUser } from '../storage/user-repository.js';
import type { Accounts } from './accounts.js';

/**
 * Removes the user's account with keys, devices and progress, for good. An owner is refused: a reader must not leave
 * a server that nobody can manage.
 *
 * @throws SyncError `owner-account`
 */
export async function deleteAccount(
  accounts: Accounts,
  { userId, userName, isOwner }: Principal,
): Promise<void> {
  if (isOwner) throw new SyncError('owner-account', 'An owner cannot be removed over the sync routes.');
  await removeUser(accounts.store, userId);
  accounts.forgetUser(userName);
}
