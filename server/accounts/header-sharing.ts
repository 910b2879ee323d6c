import type { Store } from '../database/store.js';
import type { UserId } from '../domain/ids.js';
import { headerName, loginTextOf } from './login-name.js';
import { headerFormOf } from './user-name.js';
import { type UserOfLogin, usersByLogin } from './user-repository.js';

/**
 * Whose name arrives in `x-auth-user` like `name`. To be asked before somebody gets the name, in a transaction that has locked
 * the names.
 */
export async function arrivingLike(store: Store, name: string): Promise<UserOfLogin | undefined> {
  const header = headerFormOf(name);
  if (header === '') return undefined;
  const login = loginTextOf(headerName(header));
  return (await usersByLogin(store, [login])).get(login);
}

/**
 * The name of the user who can no longer log in with `x-auth-user` when somebody gets the name `name`; `undefined`: nobody
 * loses the header.
 *
 * @param arriving see {@link arrivingLike}
 * @param renamed the user who gets the name; `undefined`: a new one
 */
export function loserOfHeader(
  arriving: UserOfLogin | undefined,
  name: string,
  renamed?: UserId,
): string | undefined {
  // Without a user: the names of several arrive like it, and none of them could use it before.
  const user = arriving?.user;
  // Whoever is called like the header keeps it.
  return user === undefined || user.id === renamed || user.name === headerFormOf(name)
    ? undefined
    : user.name;
}
