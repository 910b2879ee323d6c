import type { OpenFolder } from '../system/open-folder.js';
import { isLatin1BookName } from './book-extensions.js';

/** KOReader stores a book's settings and notes beside it in a folder `NAME.sdr`, which never contains books. */
const SIDECAR_ENDING = '.sdr';

/**
 * Lists the books and subfolders of a folder in the order of the walk: by bytes, a folder as `name/`.
 *
 * @returns names as latin1 strings (see latin1-path.ts); folders end with a slash
 * @throws an error with an errno code when the folder cannot be read
 */
export function listFolder(folder: OpenFolder, extensions: ReadonlySet<string>): string[] {
  const names: string[] = [];
  folder.eachEntry((name, isFolder) => {
    if (!isFolder) {
      if (isLatin1BookName(name, extensions)) names.push(name);
    } else if (!name.endsWith(SIDECAR_ENDING)) names.push(`${name}/`);
  });
  return names.toSorted();
}
