import { InvalidArgumentError, Option } from 'commander';
import { parsePermission, type Permission, PERMISSIONS } from '../domain/permission.js';

/** `library:scan,user:manage` → a set of the two; `none` → an empty set. */
export function parsePermissionList(value: string): ReadonlySet<Permission> {
  if (value === 'none') return new Set();
  const permissions = new Set<Permission>();
  for (const name of value.split(',').map((part) => part.trim())) {
    const permission = parsePermission(name);
    if (permission === undefined) {
      throw new InvalidArgumentError(
        `"${name}" is no permission. The permissions are ${PERMISSIONS.join(', ')}; "none" gives none.`,
      );
    }
    permissions.add(permission);
  }
  return permissions;
}

export const PERMISSIONS_FLAG = '--permissions <list>';

/** The flag with a default. `presetText` describes it in the help, which would show a set as `{}`. */
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
