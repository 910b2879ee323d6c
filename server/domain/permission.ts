/** All permissions that a user or an API key may have. An owner has all of them. */
export const PERMISSIONS = [
  'feature:koreader_sync',
  'feature:api_keys',
  'library:scan',
  'library:manage',
  'user:manage',
  'file:download',
] as const;

export type Permission = (typeof PERMISSIONS)[number];
export type PermissionSet = ReadonlySet<Permission>;

export const ALL_PERMISSIONS: PermissionSet = new Set(PERMISSIONS);

export function areSamePermissions(left: PermissionSet, right: PermissionSet): boolean {
  return left.size === right.size && [...left].every((permission) => right.has(permission));
}

/** @returns `undefined` for a text that is no permission */
export function parsePermission(text: string): Permission | undefined {
  return PERMISSIONS.find((permission) => permission === text);
}

export interface PermissionHolder {
  readonly isOwner: boolean;
  /** As given to the user; an owner's are ignored. */
  readonly permissions: PermissionSet;
}

/** What a user may do: an owner everything. */
export function permissionsOfUser(user: PermissionHolder): PermissionSet {
  return user.isOwner ? ALL_PERMISSIONS : user.permissions;
}

/** What a key may do: its own permissions that its user still has. A permission taken from the user is lost to the key. */
export function permissionsOfKey(keyPermissions: PermissionSet, user: PermissionHolder): PermissionSet {
  const allowed = permissionsOfUser(user);
  const held = [...keyPermissions].filter((permission) => allowed.has(permission));
  return held.length === keyPermissions.size ? keyPermissions : new Set(held);
}
