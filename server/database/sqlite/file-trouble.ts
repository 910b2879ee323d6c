import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { errorCode } from '../../domain/error-text.js';

/** Errors of SQLite that do not say what the system refused, or where. */
const VAGUE = /^SQLITE_(?:CANTOPEN|READONLY|IOERR|PERM)/;

/**
 * What the system refuses at the file of a database or at its folder, in which SQLite makes files of its own.
 *
 * @param code SQLite's code of the error
 * @returns `undefined` when the error says enough, or no reason can be found
 */
export function fileTrouble(file: string, code: string): string | undefined {
  if (!VAGUE.test(code) || code === 'SQLITE_READONLY_DBMOVED') return undefined;
  const folder = path.dirname(path.resolve(file));
  if (isFolder(file)) return `${file} is a folder`;
  const refused = (at: string, mode: number): string | undefined => {
    try {
      accessSync(at, mode);
      return undefined;
    } catch (error) {
      return errorCode(error) ?? 'refused';
    }
  };
  const beside = refused(folder, constants.W_OK | constants.X_OK);
  if (beside === 'ENOENT') return `the folder ${folder} does not exist`;
  if (beside !== undefined) return `the folder ${folder} is not writable for this user (${beside})`;
  const inside = refused(file, constants.R_OK | constants.W_OK);
  if (inside === 'ENOENT') return `${file} does not exist`;
  return inside === undefined
    ? undefined
    : `the file ${file} is not readable and writable for this user (${inside})`;
}

function isFolder(file: string): boolean {
  try {
    return statSync(file).isDirectory();
  } catch {
    return false; // what is in the way is found by the checks of access
  }
}
