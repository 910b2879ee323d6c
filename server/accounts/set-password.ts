import { requireMayChange } from './permission-check.js';
import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { UserId } from '../domain/ids.js';
import type { UserSummary } from './user.js';
import { lockUser, setPasswordHash } from './user-repository.js';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import { getUser } from './get-user.js';
import { hashPassword, type PasswordHasher } from './passwords/password-hasher.js';
import { deleteConsoleLinksOfUser } from './sessions/console-link-repository.js';

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
  requireMayChange(actor, await getUser(store, id));
  const passwordHash = password === undefined ? undefined : await hashPassword(password, hash);
  return inTransaction(store, async (transaction) => {
    // Hashing takes long enough for the user to get more permissions meanwhile.
    const user = await lockUser(transaction, id);
    if (user === undefined) throw new DogearError('user-not-found', `There is no user ${String(id)}.`);
    requireMayChange(actor, user);
    await setPasswordHash(transaction, id, passwordHash);
    // A link that somebody found must not outlive the password.
    await deleteConsoleLinksOfUser(transaction, id);
    return user;
  });
}
