import { parsePasswordKey } from './passwords/password-key.js';
import type { PermissionSet } from '../domain/permission.js';
import { SyncError } from '../domain/sync-error.js';
import { headerName, loginTextOf, wholeName } from './login-name.js';
import type { User } from './user.js';
import { headerFormOf, parseUserName } from './user-name.js';
import { insertNewUser } from './insert-new-user.js';
import type { Accounts } from './accounts.js';

/** The permissions of a user who registers from a reader. */
export const PERMISSIONS_OF_REGISTERED: PermissionSet = new Set(['feature:koreader_sync']);

/**
 * Registers an account for a reader. The new user may sync and nothing else. Whether registration is switched on is
 * checked by the caller.
 *
 * @param clientAddress the number of registrations from one address is limited
 * @param username unchecked, from the body of the request
 * @param password unchecked, from the body of the request: the key that the reader will send from now on, which is the
 *   MD5 of the password. It is stored hashed.
 * @throws SyncError `name-invalid`, `password-invalid`, `registrations-throttled`, `name-taken`; `overloaded` when too
 *   many registrations wait; `unavailable` when the database does not answer
 */
export async function registerAccount(
  accounts: Accounts,
  clientAddress: string,
  username: unknown,
  password: unknown,
): Promise<User> {
  const name = typeof username === 'string' ? parseUserName(username) : undefined;
  if (name === undefined) throw new SyncError('name-invalid', 'The user name is not valid.');
  const key = parsePasswordKey(password);
  if (key === undefined) throw new SyncError('password-invalid', 'The password is missing or too long.');
  if (!accounts.registrations.admit(clientAddress)) {
    throw new SyncError('registrations-throttled', 'Too many registrations. Try again later.');
  }
  // Checked before the expensive hash. Two concurrent registrations both pass; insertNewUser() refuses one of them.
  if (await isTaken(accounts, name)) throw taken();
  const passwordHash = await accounts.passwords.hashForRegistration(key);
  if (passwordHash === undefined) throw new SyncError('overloaded', 'Too many registrations are waiting.');
  const added = await insertNewUser(
    accounts.store,
    { name, passwordHash, isOwner: false, permissions: PERMISSIONS_OF_REGISTERED },
    { mayShareHeader: false },
  );
  if (added === undefined) throw taken();
  return added;
}

/**
 * Also if the name arrives in a header like that of another user: anybody could otherwise take the header away from that
 * user by registering such a name.
 */
async function isTaken({ users }: Accounts, name: string): Promise<boolean> {
  const header = headerFormOf(name);
  const logins = [wholeName(name), ...(header === '' ? [] : [headerName(header)])];
  const found = await Promise.all(logins.map((login) => users.readFresh(loginTextOf(login))));
  return found.some((user) => user !== undefined);
}

function taken(): SyncError {
  return new SyncError('name-taken', 'The user name is taken.');
}
