import { parsePasswordKey, type PasswordKey } from './passwords/password-key.js';
import type { Principal } from '../domain/principal.js';
import { SyncError } from '../domain/sync-error.js';
import { replacePassword } from './replace-password.js';
import { findUserById } from './user-repository.js';
import type { Accounts } from './accounts.js';

/**
 * Replaces the password of the user who sends the request. Of two changes at the same time one succeeds; the other is
 * `unauthorized`, because its old password is no longer valid.
 *
 * @param oldKey the key that authenticated the request. It is checked again, against the hash that the change replaces.
 * @param password unchecked, from the body of the request: the key that the reader will send from now on, which is the
 *   MD5 of the new password
 * @throws SyncError `unauthorized`; `password-invalid`; `overloaded` when too many passwords wait to be hashed; an error
 *   of the database as it is
 */
export async function changePassword(
  accounts: Pick<Accounts, 'store' | 'passwords' | 'forgetUser'>,
  principal: Principal,
  oldKey: PasswordKey,
  password: unknown,
): Promise<void> {
  const { userId, userName } = principal;
  const newKey = parsePasswordKey(password);
  if (newKey === undefined) throw new SyncError('password-invalid', 'The password is missing or too long.');
  const replaces = (await findUserById(accounts.store, userId))?.passwordHash;
  if (replaces === undefined) throw wrongOldPassword();
  const user = { id: userId, passwordHash: replaces };
  const attempt = { name: userName, user, key: oldKey, isThrottled: false };
  const verdict = await accounts.passwords.check(attempt);
  if (verdict === 'mismatch' || verdict === 'mismatch-again') throw wrongOldPassword();
  const passwordHash = verdict === 'busy' ? undefined : await accounts.passwords.hash(newKey);
  if (passwordHash === undefined)
    throw new SyncError('overloaded', 'Too many logins are waiting to be checked.');
  if (!(await replacePassword(accounts, principal, { passwordHash, replaces }))) throw wrongOldPassword();
}

function wrongOldPassword(): SyncError {
  return new SyncError('unauthorized', 'The old password is not valid; it may have been changed meanwhile.');
}
