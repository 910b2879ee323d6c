import type { OpenFolder } from '../system/open-folder.js';
import { isLatin1BookName } from './book-extensions.js';
import { isSystemFile, isSystemFolder } from './system-entries.js';

/** KOReader stores a book's settings and notes beside it in a folder `NAME.sdr`, which never contains books. */
const SIDECAR_ENDING = '.sdr';

/** What a walk looks for. */
export interface ListingRules {
  readonly extensions: ReadonlySet<string>;
  /** Whether system folders and system files are left out; see system-entries.ts. */
  readonly skipSystem: boolean;
}

export interface WalkListing {
  /** As latin1 strings (see latin1-path.ts); folders end with a slash. */
  readonly names: string[];
  /** Folders that a rule leaves out. Sidecar folders are not counted. */
  readonly skippedFolders: number;
}

/**
 * Lists the books and subfolders of a folder in the order of the walk: by bytes, a folder as `name/`.
 *
 * @throws an error with an errno code when the folder cannot be read
 */
export function listFolder(folder: OpenFolder, { extensions, skipSystem }: ListingRules): WalkListing {
  const names: string[] = [];
  let skippedFolders = 0;
  folder.eachEntry((name, isFolder) => {
    if (!isFolder) {
      if (isLatin1BookName(name, extensions) && !(skipSystem && isSystemFile(name))) names.push(name);
    } else if (name.endsWith(SIDECAR_ENDING)) return;
    else if (skipSystem && isSystemFolder(name)) skippedFolders += 1;
    else names.push(`${name}/`);
  });
  return { names: names.toSorted(), skippedFolders };
}
