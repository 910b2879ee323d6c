import type { Permission } from '../session.js';

/** What each permission lets somebody do. */
export const PERMISSION_WORDS: Readonly<Record<Permission, string>> = {
  'feature:koreader_sync': 'sync reading',
  'feature:api_keys': 'make API keys',
  'library:scan': 'scan libraries',
  'library:manage': 'manage libraries',
  'user:manage': 'manage users',
  'file:download': 'download books',
};

/** In the order in which they are offered. */
export const PERMISSION_NAMES: readonly Permission[] = [
  'feature:koreader_sync',
  'feature:api_keys',
  'library:scan',
  'library:manage',
  'user:manage',
  'file:download',
];

/** "sync reading, make API keys" */
export function permissionWords(permissions: readonly Permission[]): string {
  const words = PERMISSION_NAMES.filter((name) => permissions.includes(name));
  return words.length === 0 ? 'nothing' : words.map((name) => PERMISSION_WORDS[name]).join(', ');
}
