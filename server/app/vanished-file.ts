import { lstatSync } from 'node:fs';

const SLASH = Buffer.from('/');

/**
 * Whether nothing is at this path any more. Anything but a plain "not there" (no permission, a mount that does
 * not answer) counts as being there: a book is taken for moved only when its old place is surely empty.
 */
export function isGone(root: Buffer, path: Buffer): boolean {
  try {
    return lstatSync(Buffer.concat([root, SLASH, path]), { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}
