import type { Principal } from '../domain/principal.js';
import { SyncError } from '../batching/sync-error.js';
import { removeUser } from './remove-user.js';
import type { Accounts } from '../accounts/accounts.js';

/**
 * Removes the user's account with keys, devices and progress, for good. An owner is refused: a reader must not leave
 * a server that nobody can manage. Where it fails half-way, the same request goes on with the rest.
 *
 * @throws SyncError `owner-account`
 */
export async function deleteAccount(
  accounts: Accounts,
  { userId, userName, isOwner }: Principal,
): Promise<void> {
  if (isOwner) throw new SyncError('owner-account', 'An owner cannot be removed over the sync routes.');
  try {
    await removeUser(accounts.store, userId);
  } finally {
    // The keys go first, and what comes after them may fail.
    accounts.forgetUser(userName);
  }
}
