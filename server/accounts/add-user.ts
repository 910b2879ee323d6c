import { isFullOwner, requireMayGrant, requireOneOf } from './permission-check.js';
import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { PermissionSet } from '../domain/permission.js';
import { isUserName, type UserSummary, USER_NAME_CHARACTERS } from './user.js';
import { insertUser } from './user-repository.js';
import type { Store } from '../database/store.js';
import { getUser } from './get-user.js';
import { hashPassword, type PasswordHasher } from './passwords/password-hasher.js';

export interface UserRequest {
  readonly name: string;
  /** `undefined`: the user has API keys only. */
  readonly password: string | undefined;
  readonly permissions: PermissionSet;
  readonly isOwner: boolean;
}

/** @throws DogearError `forbidden`, `permission-not-held`, `user-invalid`, `user-exists`, `password-invalid`, `overloaded` */
export async function addUser(
  store: Store,
  actor: Actor,
  { name, password, permissions, isOwner }: UserRequest,
  hash?: PasswordHasher,
): Promise<UserSummary> {
  requireOneOf(actor, ['user:manage']);
  requireMayGrant(actor, permissions);
  if (isOwner && !isFullOwner(actor)) {
    throw new DogearError('permission-not-held', 'Only an owner can make an owner.');
  }
  if (!isUserName(name)) {
    throw new DogearError(
      'user-invalid',
      `A user name has 1 to ${String(USER_NAME_CHARACTERS)} characters, no colon, and begins and ends with a ` +
        'letter, digit or sign of ASCII.',
    );
  }
  const passwordHash = password === undefined ? undefined : await hashPassword(password, hash);
  const user = await insertUser(store, { name, passwordHash, isOwner, permissions });
  if (user !== undefined) return getUser(store, user.id);
  throw new DogearError('user-exists', `There is a user "${name}" already.`);
}
