import { parsePasswordKey } from './passwords/password-key.js';
import type { PermissionSet } from '../domain/permission.js';
import { SyncError } from '../batching/sync-error.js';
import { isUserName, type User } from './user.js';
import { insertUser } from './user-repository.js';
import type { Accounts } from './accounts.js';

/** What somebody who registers by a reader may do. */
const PERMISSIONS_OF_NEWCOMERS: PermissionSet = new Set(['feature:koreader_sync']);

/**
 * Makes the account that a reader asks for.
 *
 * @param clientAddress where the request comes from: each may register so many only
 * @param name as it came
 * @param password as it came: the key that the reader will send from now on, its MD5 of the password. Hashed here.
 * @throws SyncError `name-invalid`, `password-invalid`, `registrations-throttled`, `name-taken`, `overloaded`
 */
export async function registerAccount(
  accounts: Accounts,
  clientAddress: string,
  name: unknown,
  password: unknown,
): Promise<User> {
  if (typeof name !== 'string' || !isUserName(name)) {
    throw new SyncError('name-invalid', 'The user name is not valid.');
  }
  const key = parsePasswordKey(password);
  if (key === undefined) throw new SyncError('password-invalid', 'The password is missing or too long.');
  if (!accounts.registrations.admit(clientAddress)) {
    throw new SyncError('registrations-throttled', 'Too many registrations. Try again later.');
  }
  // Before the hash, which costs: most names that are taken are found here.
  if ((await accounts.users.readFresh(name)) !== undefined) throw taken();
  const passwordHash = await accounts.passwords.hashOfNewcomer(key);
  if (passwordHash === undefined) throw new SyncError('overloaded', 'Too many registrations are waiting.');
  const user = await insertUser(accounts.store, {
    name,
    passwordHash,
    isOwner: false,
    permissions: PERMISSIONS_OF_NEWCOMERS,
  });
  if (user === undefined) throw taken();
  return user;
}

function taken(): SyncError {
  return new SyncError('name-taken', 'The user name is taken.');
}
