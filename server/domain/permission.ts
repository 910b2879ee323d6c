/** Everything that may be allowed to a user or to an API key. An owner has all of it. */
export const PERMISSIONS = [
  'feature:koreader_sync',
  'feature:api_keys',
  'library:scan',
  'library:manage',
  'user:manage',
] as const;

export type Permission = (typeof PERMISSIONS)[number];
export type PermissionSet = ReadonlySet<Permission>;

export const ALL_PERMISSIONS: PermissionSet = new Set(PERMISSIONS);

/** @returns `undefined` for a text that names no permission */
export function parsePermission(text: string): Permission | undefined {
  return PERMISSIONS.find((permission) => permission === text);
}

export interface PermissionHolder {
  readonly isOwner: boolean;
  readonly permissions: PermissionSet;
}

export function permissionsOfUser(user: PermissionHolder): PermissionSet {
  return user.isOwner ? ALL_PERMISSIONS : user.permissions;
}

/** What a key may do: what was given to it and its user still has, so that a key never outlives a permission. */
export function permissionsOfKey(keyPermissions: PermissionSet, user: PermissionHolder): PermissionSet {
  const allowed = permissionsOfUser(user);
  return new Set([...keyPermissions].filter((permission) => allowed.has(permission)));
}
