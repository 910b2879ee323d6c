import { isFullOwner, requireMayGrant, requireOneOf } from './permission-check.js';
import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { PermissionSet } from '../domain/permission.js';
import { parseUserName, USER_NAME_RULE } from './user-name.js';
import { type AddedUser, insertNewUser } from './insert-new-user.js';
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
  request: UserRequest,
  hash?: PasswordHasher,
): Promise<AddedUser> {
  const { password, permissions, isOwner } = request;
  requireOneOf(actor, ['user:manage']);
  requireMayGrant(actor, permissions);
  if (isOwner && !isFullOwner(actor)) {
    throw new DogearError('permission-not-held', 'Only an owner can make a user an owner.');
  }
  const name = parseUserName(request.name);
  if (name === undefined) throw new DogearError('user-invalid', USER_NAME_RULE);
  const passwordHash = password === undefined ? undefined : await hashPassword(password, hash);
  const user = { name, passwordHash, isOwner, permissions };
  const added = await insertNewUser(store, user, { mayShareHeader: true });
  if (added !== undefined) return added;
  throw nameTaken(name);
}

export function nameTaken(name: string): DogearError {
  return new DogearError('user-exists', `There is a user "${name}" already.`);
}
