import { isFullOwner, requireMayGrant, requireOneOf } from './permission-check.js';
import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { PermissionSet } from '../domain/permission.js';
import { isUserName, type UserSummary, USER_NAME_CHARACTERS } from './user.js';
import { insertUser } from './user-repository.js';
import type { Store } from '../database/store.js';
import { hashPassword, type PasswordHasher } from './passwords/password-hasher.js';

export interface UserRequest {
  readonly name: string;
  /** In plain text. `undefined`: the user can authenticate with API keys only. */
  readonly password: string | undefined;
  readonly permissions: PermissionSet;
  readonly isOwner: boolean;
}

/**
 * Adds a user, for an actor with `user:manage`. The actor must hold every permission that the new user gets, and only a
 * full owner can add an owner.
 *
 * @param hash a server passes its own, whose work is bounded; default: hashes without a bound
 * @throws DogearError `forbidden`, `permission-not-held`, `user-invalid`, `user-exists`, `password-invalid`, `overloaded`
 */
export async function addUser(
  store: Store,
  actor: Actor,
  { name, password, permissions, isOwner }: UserRequest,
  hash?: PasswordHasher,
): Promise<UserSummary> {
  requireOneOf(actor, ['user:manage']);
  requireMayGrant(actor, permissions);
  if (isOwner && !isFullOwner(actor)) {
    throw new DogearError('permission-not-held', 'Only an owner can make a user an owner.');
  }
  if (!isUserName(name)) {
    throw new DogearError(
      'user-invalid',
      `A user name has 1 to ${String(USER_NAME_CHARACTERS)} characters and no colon, and it begins and ends with ` +
        'an ASCII letter, digit or punctuation mark.',
    );
  }
  const passwordHash = password === undefined ? undefined : await hashPassword(password, hash);
  const user = await insertUser(store, { name, passwordHash, isOwner, permissions });
  if (user !== undefined) return user;
  throw new DogearError('user-exists', `There is a user "${name}" already.`);
}
