import { requireMayChange } from './permission-check.js';
import type { Actor } from '../domain/actor.js';
import type { UserId } from '../domain/ids.js';
import type { UserSummary } from './user.js';
import { setPasswordHash } from './user-repository.js';
import type { Store } from '../database/store.js';
import { getUser } from './list-users.js';
import { hashPassword, type PasswordHasher } from './passwords/password-hasher.js';

/**
 * Gives a user a password, or takes it away (`undefined`: API keys only). Whoever keeps a server's caches forgets the
 * user afterwards.
 *
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
