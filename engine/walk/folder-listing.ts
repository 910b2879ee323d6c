import { lstatSync, readdirSync } from 'node:fs';
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
  const add = (name: string, isFolder: boolean): void => {
    if (!isFolder) {
      if (isLatin1BookName(name, extensions)) names.push(name);
    } else if (!name.endsWith(SIDECAR_ENDING)) names.push(`${name}/`);
  };
  try {
    for (const entry of readdirSync(systemPath(folder), { encoding: 'latin1', withFileTypes: true })) {
      add(entry.name, entry.isDirectory());
    }
  } catch {
    // Some file systems do not say what an entry is. Node then asks for each by lstat, and fails as a whole when one
    // of them has vanished, or when its name is not ASCII. A folder that cannot be read fails here once more.
    names.length = 0;
    for (const name of readdirSync(systemPath(folder), { encoding: 'latin1' })) {
      const stats = lstatSync(systemPath(folder + name), { throwIfNoEntry: false });
      add(name, stats?.isDirectory() ?? false);
    }
  }
  return names.toSorted();
}
