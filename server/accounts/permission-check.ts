import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import {
  ALL_PERMISSIONS,
  type Permission,
  type PermissionHolder,
  type PermissionSet,
  permissionsOfUser,
} from '../domain/permission.js';

/** @throws DogearError `forbidden` unless the actor holds one of the permissions */
export function requireOneOf(actor: Actor, permissions: readonly Permission[]): void {
  if (permissions.some((permission) => actor.permissions.has(permission))) return;
  throw new DogearError('forbidden', `This needs the permission ${permissions.join(' or ')}.`);
}

/** An owner with a key that was given everything. An owner's lesser key is no owner: it was made to do less. */
export function isFullOwner(actor: Actor): boolean {
  return actor.isOwner && holdsAll(actor, ALL_PERMISSIONS);
}

/** @throws DogearError `permission-not-held`: whoever could give away more than they hold could give it to themselves */
export function requireMayGrant(actor: Actor, permissions: PermissionSet): void {
  const lacking = [...permissions].filter((permission) => !actor.permissions.has(permission));
  if (lacking.length === 0) return;
  throw new DogearError(
    'permission-not-held',
    `Only somebody who has it can give the permission ${lacking.join(', ')}.`,
  );
}

/**
 * Who may set the password of a user could log in as the user, and who may disable a user decides over the user. So
 * nobody may change a user who may do more than they, and owners are changed by owners alone.
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
      : 'This user has permissions that you do not have, so somebody who has them must do this.',
  );
}

function holdsAll(actor: Actor, permissions: PermissionSet): boolean {
  return [...permissions].every((permission) => actor.permissions.has(permission));
}
