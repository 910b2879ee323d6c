import { DogearError } from '../domain/dogear-error.js';
import { permissionsOfUser } from '../domain/permission.js';
import type { Principal } from '../domain/principal.js';
import { SyncError } from '../domain/sync-error.js';
import type { Accounts } from './accounts.js';
import type { RequestOrigin } from './authenticate.js';
import { changePassword } from './change-password.js';
import { getUser } from './get-user.js';
import { wholeName } from './login-name.js';
import { hashPassword, requirePassword } from './passwords/password-hasher.js';
import { passwordKeyOf } from './passwords/password-key.js';
import { requireOneOf } from './permission-check.js';
import { replacePassword } from './replace-password.js';
import type { User } from './user.js';

export interface OwnPasswordChange {
  /** `undefined`: the user has no password yet. */
  readonly current: string | undefined;
  /** In plain text. */
  readonly password: string;
}

/**
 * Sets the password of the user who sends the request, who has to know the current one. Wrong ones are counted like failed
 * logins. All sessions of the user end, but for that of the request.
 *
 * A first password is set by somebody who could make API keys as well and has every permission of the user, because with the
 * password one can log in as the user even when the API key of the request is revoked.
 *
 * @throws DogearError `password-invalid`, `password-wrong`, `permission-not-held`, `forbidden`, `user-not-found`,
 *   `overloaded`; SyncError `throttled`, `overloaded`, `unavailable`
 */
export async function changeOwnPassword(
  accounts: Pick<Accounts, 'store' | 'authenticator' | 'passwords' | 'forgetUser'>,
  principal: Principal,
  origin: RequestOrigin,
  { current, password }: OwnPasswordChange,
): Promise<void> {
  requirePassword(password);
  // Read before the first `await`, as the origin asks for.
  const { clientAddress } = origin;
  const user = await getUser(accounts.store, principal.userId);
  if (user.passwordHash === undefined) {
    if (current !== undefined) throw wrongPassword();
    await setFirstPassword(accounts, principal, user, password);
    return;
  }
  if (current === undefined) throw wrongPassword();
  const key = passwordKeyOf(current);
  try {
    // Counts a failure, and takes a place in the queue of logins. What it has verified may be a cached hash.
    await accounts.authenticator.byAccount({ ...wholeName(user.name), key }, { clientAddress });
    await changePassword(accounts, principal, key, passwordKeyOf(password));
  } catch (error) {
    if (error instanceof SyncError && error.code === 'unauthorized') throw wrongPassword();
    throw error;
  }
}

async function setFirstPassword(
  accounts: Pick<Accounts, 'store' | 'passwords' | 'forgetUser'>,
  principal: Principal,
  user: User,
  password: string,
): Promise<void> {
  requireOneOf(principal, ['feature:api_keys', 'user:manage']);
  if (![...permissionsOfUser(user)].every((permission) => principal.permissions.has(permission))) {
    throw new DogearError(
      'permission-not-held',
      'With the password one could do more than with this API key. Use a key with all permissions of the user.',
    );
  }
  const passwordHash = await hashPassword(password, (key) => accounts.passwords.hash(key));
  const isSet = await replacePassword(accounts, principal, { passwordHash, replaces: undefined });
  // Somebody has set one meanwhile.
  if (!isSet) throw wrongPassword();
}

function wrongPassword(): DogearError {
  return new DogearError('password-wrong', 'The current password is not right.');
}
