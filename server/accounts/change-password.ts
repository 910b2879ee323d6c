import { type AccountCredentials, parsePasswordKey } from './passwords/password-key.js';
import { SyncError } from '../domain/sync-error.js';
import { changePasswordHash } from './user-repository.js';
import type { Accounts } from './accounts.js';

/**
 * Replaces the password of the user who sent these credentials. Of two changes at the same time one succeeds; the other
 * is `unauthorized`, because its old password is no longer valid.
 *
 * The caller has authenticated the credentials already. They are checked again against the hash that the change
 * replaces.
 *
 * @param password unchecked, from the body of the request: the key that the reader will send from now on, which is the
 *   MD5 of the new password
 * @throws SyncError `unauthorized`; `password-invalid`; `overloaded` when too many passwords wait to be hashed;
 *   `unavailable` when the database does not answer
 */
export async function changePassword(
  accounts: Accounts,
  { name, key: oldKey }: AccountCredentials,
  password: unknown,
): Promise<void> {
  const newKey = parsePasswordKey(password);
  if (newKey === undefined) throw new SyncError('password-invalid', 'The password is missing or too long.');
  const known = await accounts.users.readFresh(name);
  const replaces = known?.user.passwordHash;
  if (known === undefined || replaces === undefined) throw wrongOldPassword();
  const user = { id: known.user.id, passwordHash: replaces };
  const verdict = await accounts.passwords.check({ name, user, key: oldKey, isThrottled: false });
  if (verdict === 'mismatch' || verdict === 'mismatch-again') throw wrongOldPassword();
  const passwordHash = verdict === 'busy' ? undefined : await accounts.passwords.hash(newKey);
  if (passwordHash === undefined)
    throw new SyncError('overloaded', 'Too many logins are waiting to be checked.');
  const isChanged = await changePasswordHash(accounts.store, known.user.id, { passwordHash, replaces });
  accounts.forgetUser(name);
  if (!isChanged) throw wrongOldPassword();
}

function wrongOldPassword(): SyncError {
  return new SyncError('unauthorized', 'The old password is not valid; it may have been changed meanwhile.');
}
