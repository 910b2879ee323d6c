import { InvalidArgumentError, Option } from 'commander';
import { parsePermission, type Permission, PERMISSIONS } from '../domain/permission.js';

/** Reads `library:scan,user:manage`; `none` is none. */
export function parsePermissionList(value: string): ReadonlySet<Permission> {
  if (value === 'none') return new Set();
  const permissions = new Set<Permission>();
  for (const name of value.split(',').map((part) => part.trim())) {
    const permission = parsePermission(name);
    if (permission === undefined) {
      throw new InvalidArgumentError(
        `"${name}" is no permission. There are ${PERMISSIONS.join(', ')}; "none" gives none.`,
      );
    }
    permissions.add(permission);
  }
  return permissions;
}

export const PERMISSIONS_FLAG = '--permissions <list>';

/** The flag with a default, which help says in words: a set would show as `{}`. */
export function permissionsOption(
  description: string,
  preset: ReadonlySet<Permission>,
  presetText: string,
): Option {
  return new Option(PERMISSIONS_FLAG, description).argParser(parsePermissionList).default(preset, presetText);
}

/** `epub, .PDF,fb2.zip` → `['epub', 'pdf', 'fb2.zip']`; the use case checks them. */
export function parseExtensions(value: string): readonly string[] {
  return value
    .split(',')
    .map((extension) => extension.trim().toLowerCase().replace(/^\./, ''))
    .filter((extension) => extension !== '');
}
