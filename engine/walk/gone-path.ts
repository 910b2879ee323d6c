import { lstatSync } from 'node:fs';
import { errnoOf } from './failure.js';
import { systemPath } from './latin-path.js';

/**
 * Whether nothing is at this path any more, not even a link that leads nowhere. Anything but a plain "not there" (no
 * permission, a mount that does not answer) counts as being there.
 *
 * @param path absolute, latin1
 */
export function isGone(path: string): boolean {
  try {
    return lstatSync(systemPath(path), { throwIfNoEntry: false }) === undefined;
  } catch (error) {
    // A folder on the way was replaced by something else.
    return errnoOf(error) === 'ENOTDIR';
  }
}
