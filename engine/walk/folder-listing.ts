import { type Dirent, lstatSync, readdirSync } from 'node:fs';
import { isLatin1BookName } from './book-extensions.js';
import { systemPath } from './latin1-path.js';

/** KOReader stores a book's settings and notes beside it in a folder `NAME.sdr`, which never contains books. */
const SIDECAR_ENDING = '.sdr';

/**
 * Lists the books and subfolders of a folder in the order of the walk: by bytes, a folder as `name/`.
 *
 * @param folder absolute, latin1, ends with a slash
 * @returns names as latin1 strings (see latin1-path.ts); folders end with a slash
 * @throws Node's error when the folder cannot be read
 */
export function listFolder(folder: string, extensions: ReadonlySet<string>): string[] {
  const names: string[] = [];
  let entries: Dirent[];
  try {
    entries = readdirSync(systemPath(folder), { encoding: 'latin1', withFileTypes: true });
  } catch {
    // Either the types could not be determined, which listFolderByStat handles, or the folder itself cannot be read,
    // and then listFolderByStat throws that error.
    return listFolderByStat(folder, extensions);
  }
  for (const entry of entries) addName(names, entry.name, entry.isDirectory(), extensions);
  return names.toSorted();
}

/**
 * Like `listFolder`, for file systems that do not report the type of an entry (some FUSE and network file systems).
 * Node's `withFileTypes` then calls lstat for each entry, and fails as a whole when one entry has vanished or has a
 * name that is not ASCII. This function calls lstat itself and tolerates both.
 */
export function listFolderByStat(folder: string, extensions: ReadonlySet<string>): string[] {
  const names: string[] = [];
  for (const name of readdirSync(systemPath(folder), { encoding: 'latin1' })) {
    const stats = lstatSync(systemPath(folder + name), { throwIfNoEntry: false });
    addName(names, name, stats?.isDirectory() ?? false, extensions);
  }
  return names.toSorted();
}

function addName(names: string[], name: string, isFolder: boolean, extensions: ReadonlySet<string>): void {
  if (!isFolder) {
    if (isLatin1BookName(name, extensions)) names.push(name);
  } else if (!name.endsWith(SIDECAR_ENDING)) names.push(`${name}/`);
}
