import { requireMayChange } from './permission-check.js';
import type { Actor } from '../domain/actor.js';
import type { UserId } from '../domain/ids.js';
import type { UserSummary } from './user.js';
import { setPasswordHash } from './user-repository.js';
import type { Store } from '../database/store.js';
import { getUser } from './get-user.js';
import { hashPassword, type PasswordHasher } from './passwords/password-hasher.js';

/**
 * Sets or removes the password of a user. The actor needs `user:manage` and every permission that the user has, because
 * whoever sets the password can log in as the user.
 *
 * A server must call `Accounts.forgetUser` afterwards.
 *
 * @param password in plain text; `undefined` removes the password: the user can then authenticate with API keys only
 * @param hash a server passes its own, whose work is bounded; default: hashes without a bound
 * @throws DogearError `user-not-found`, `forbidden`, `permission-not-held`, `password-invalid`, `overloaded`
 */
export async function setPassword(
  store: Store,
  actor: Actor,
  id: UserId,
  password: string | undefined,
  hash?: PasswordHasher,
): Promise<UserSummary> {
  const user = await getUser(store, id);
  requireMayChange(actor, user);
  await setPasswordHash(store, id, password === undefined ? undefined : await hashPassword(password, hash));
  return user;
}
