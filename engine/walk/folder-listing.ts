import { type Dirent, lstatSync, readdirSync } from 'node:fs';
import { isLatin1BookName } from './book-extensions.js';
import { systemPath } from './latin-path.js';

/** KOReader keeps a book's settings and notes beside it in `NAME.sdr`; no book is in there. */
const SIDECAR_ENDING = '.sdr';

/**
 * Lists a folder's books and subfolders in the order of the walk: by byte, a folder as `name/`.
 *
 * @param folder absolute, latin1, with a slash at its end
 * @returns names as latin1 strings (see latin-path.ts), folders with a slash at their end; throws Node's error when
 *   the folder cannot be read
 */
export function listFolder(folder: string, extensions: ReadonlySet<string>): string[] {
  const names: string[] = [];
  let entries: Dirent[];
  try {
    entries = readdirSync(systemPath(folder), { encoding: 'latin1', withFileTypes: true });
  } catch {
    // A folder that cannot be read fails there once more, and throws.
    return listFolderByStat(folder, extensions);
  }
  for (const entry of entries) addName(names, entry.name, entry.isDirectory(), extensions);
  return names.toSorted();
}

/**
 * The same where the file system does not say what an entry is (some FUSE and network file systems). Node then asks
 * for each by lstat, and fails as a whole when one has vanished or has a name that is not ASCII; so this asks itself.
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
