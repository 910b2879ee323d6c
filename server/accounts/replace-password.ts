import { inTransaction } from '../database/transaction.js';
import type { Principal } from '../domain/principal.js';
import type { Accounts } from './accounts.js';
import { deleteConsoleLinksOfUser } from './sessions/console-link-repository.js';
import { renewSession } from './sessions/session-repository.js';
import { passwordSha256 } from './sessions/session.js';
import { changePasswordHash, findUserById, type PasswordChange } from './user-repository.js';

/**
 * Replaces the password of the user who sends the request. All sessions of the user end, but for that of the request.
 *
 * @returns `false` when the stored hash is no longer the one that is to be replaced; nothing is changed then
 */
export async function replacePassword(
  accounts: Pick<Accounts, 'store' | 'forgetUser'>,
  { userId, userName, sessionId }: Principal,
  change: PasswordChange,
): Promise<boolean> {
  const isReplaced = await inTransaction(accounts.store, async (transaction) => {
    if (!(await changePasswordHash(transaction, userId, change))) {
      // True when the transaction is run again because the answer to its commit was lost: no two hashes are equal.
      return (await findUserById(transaction, userId))?.passwordHash === change.passwordHash;
    }
    // A link that somebody found must not outlive the password.
    await deleteConsoleLinksOfUser(transaction, userId);
    if (sessionId !== undefined) await renewSession(transaction, userId, sessionId, passwordSha256(change));
    return true;
  });
  accounts.forgetUser(userName);
  return isReplaced;
}
