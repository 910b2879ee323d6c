import type { Store } from '../database/store.js';
import type { UserId } from '../domain/ids.js';
import { headerName, loginTextOf } from './login-name.js';
import { headerFormOf } from './user-name.js';
import { usersByLogin } from './user-repository.js';

/**
 * The user who can no longer log in with `x-auth-user` when the user `renamed` gets the name `name`, because the new name
 * arrives like that user's. To be asked before the change, in a transaction that has locked the names.
 *
 * @returns its name; `undefined`: nobody loses the header
 */
export async function loserOfHeader(
  store: Store,
  name: string,
  renamed: UserId,
): Promise<string | undefined> {
  const header = headerFormOf(name);
  if (header === '') return undefined;
  const login = loginTextOf(headerName(header));
  // Without a user: the names of several arrive like it, and none of them could use it before.
  const user = (await usersByLogin(store, [login])).get(login)?.user;
  // Whoever is called like the header keeps it.
  return user === undefined || user.id === renamed || user.name === header ? undefined : user.name;
}
