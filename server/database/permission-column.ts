import { parsePermission, type PermissionSet } from '../domain/permission.js';

/** Permissions as a column holds them: their names, a space between them. */
export function formatPermissions(permissions: PermissionSet): string {
  return [...permissions].toSorted().join(' ');
}

/** A name that this version does not know, written by a later one, permits nothing. */
export function parsePermissions(column: string): PermissionSet {
  return new Set(column.split(' ').flatMap((name) => parsePermission(name) ?? []));
}
