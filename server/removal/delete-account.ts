import type { Principal } from '../domain/principal.js';
import { SyncError } from '../domain/sync-error.js';
import { removeUser } from './remove-user.js';
import type { Accounts } from '../accounts/accounts.js';

/**
 * Removes the account of the user who asks for it, with its API keys, devices and progress. This cannot be undone. An
 * owner is refused, because nobody could manage the server afterwards; also a user who becomes one while the data is being
 * removed: the user stays. When a step fails, the user still exists and the same request can be sent again; it continues
 * with the remaining steps.
 *
 * @throws SyncError `owner-account`; an error of the database as it is
 */
export async function deleteAccount(accounts: Accounts, { userId, userName }: Principal): Promise<void> {
  try {
    if (await removeUser(accounts.store, userId)) return;
    throw new SyncError('owner-account', 'An owner cannot be removed over the sync routes.');
  } finally {
    // Also after a failure: the API keys may be deleted already.
    accounts.forgetUser(userName);
  }
}
