import { requireMayChange } from '../auth/permission-check.js';
import type { Actor } from '../domain/actor.js';
import type { UserId } from '../domain/ids.js';
import type { ListedUser } from '../domain/user.js';
import { setPasswordHash } from '../storage/user-page.js';
import type { Store } from '../storage/store.js';
import { showUser } from './list-users.js';
import { hashPassword, type PasswordHasher } from './password-hasher.js';

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
): Promise<ListedUser> {
  const user = await showUser(store, id);
  requireMayChange(actor, user);
  await setPasswordHash(store, id, password === undefined ? undefined : await hashPassword(password, hash));
  return user;
}
