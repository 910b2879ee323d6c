import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { UserId } from '../domain/ids.js';
import {
  ALL_PERMISSIONS,
  type Permission,
  type PermissionHolder,
  type PermissionSet,
  permissionsOfUser,
} from '../domain/permission.js';

/** @throws DogearError `forbidden` unless the actor holds at least one of the permissions */
export function requireOneOf(actor: Actor, permissions: readonly Permission[]): void {
  if (permissions.some((permission) => actor.permissions.has(permission))) return;
  throw new DogearError('forbidden', `This needs the permission ${permissions.join(' or ')}.`);
}

/**
 * Whether the actor is an owner who holds all permissions. An owner who sent an API key with fewer permissions is not a
 * full owner: the key was made so that it can do less.
 */
export function isFullOwner(actor: Actor): boolean {
  return actor.isOwner && holdsAll(actor, ALL_PERMISSIONS);
}

/**
 * Nobody may grant a permission that they do not hold: otherwise they could grant it to themselves.
 *
 * @throws DogearError `permission-not-held`
 */
export function requireMayGrant(actor: Actor, permissions: PermissionSet): void {
  const lacking = [...permissions].filter((permission) => !actor.permissions.has(permission));
  if (lacking.length === 0) return;
  throw new DogearError(
    'permission-not-held',
    `You cannot grant a permission that you do not have: ${lacking.join(', ')}.`,
  );
}

/**
 * Checks that the actor may change the user `target`: with `user:manage`, and only a user whose permissions the actor
 * holds too. Whoever sets a user's password can log in as that user, so changing a user with more permissions would be a
 * way to get them. Only full owners may change owners.
 *
 * @throws DogearError `forbidden`, `permission-not-held`
 */
export function requireMayChange(actor: Actor, target: PermissionHolder): void {
  requireOneOf(actor, ['user:manage']);
  if (target.isOwner ? isFullOwner(actor) : holdsAll(actor, permissionsOfUser(target))) return;
  throw new DogearError(
    'permission-not-held',
    target.isOwner
      ? 'Only an owner can change an owner.'
      : 'You cannot change a user who has permissions that you do not have.',
  );
}

/**
 * Checks that the actor may change what belongs to the user `target`, such as devices and positions. Only full owners may
 * do it for other owners: `user:manage` alone must not be enough to delete what an owner has read.
 *
 * @throws DogearError `permission-not-held`
 */
export function requireMayActFor(actor: Actor, target: PermissionHolder & { readonly id: UserId }): void {
  if (!target.isOwner || target.id === actor.userId || isFullOwner(actor)) return;
  throw new DogearError('permission-not-held', 'Only an owner can change what belongs to an owner.');
}

/**
 * Checks that the user can stop being an enabled owner.
 *
 * @param enabledOwners all owners who are not disabled, locked
 * @throws DogearError `last-owner`
 */
export function requireOtherOwner(
  user: { readonly id: UserId; readonly name: string },
  enabledOwners: readonly UserId[],
): void {
  if (enabledOwners.length !== 1 || enabledOwners[0] !== user.id) return;
  throw new DogearError(
    'last-owner',
    `"${user.name}" is the last owner who is not disabled. Make another user an owner first.`,
  );
}

function holdsAll(actor: Actor, permissions: PermissionSet): boolean {
  return [...permissions].every((permission) => actor.permissions.has(permission));
}
