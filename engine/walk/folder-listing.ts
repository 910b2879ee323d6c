import { errnoOf } from '../failure.js';
import type { OpenFolder } from '../system/open-folder.js';
import { isLatin1BookName } from './book-extensions.js';
import type { IgnorePatterns } from './ignore-patterns.js';
import type { LinkedFolders } from './linked-folders.js';
import { isSystemFile, isSystemFolder } from './system-entries.js';

/** KOReader stores a book's settings and notes beside it in a folder `NAME.sdr`, which never contains books. */
const SIDECAR_ENDING = '.sdr';

export function isSidecarFolder(name: string): boolean {
  return name.endsWith(SIDECAR_ENDING);
}

/** What a walk looks for. */
export interface ListingRules {
  readonly extensions: ReadonlySet<string>;
  /** Whether system folders and system files are left out; see system-entries.ts. */
  readonly skipSystem: boolean;
  /** `undefined`: nothing is left out by patterns. */
  readonly ignored: IgnorePatterns | undefined;
  /** `undefined`: links to folders are not followed. */
  readonly links: LinkedFolders | undefined;
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
 * @param path of the folder, relative to the root, latin1; ends with a slash unless it is the root
 * @throws an error with an errno code when the folder cannot be read
 */
export function listFolder(folder: OpenFolder, path: string, rules: ListingRules): WalkListing {
  const { extensions, skipSystem, ignored, links } = rules;
  const names: string[] = [];
  let skippedFolders = 0;
  const add = (name: string, isFolder: boolean): void => {
    if (!isFolder) {
      if (!isLatin1BookName(name, extensions) || (skipSystem && isSystemFile(name))) return;
      if (ignored?.has(path + name) !== true) names.push(name);
    } else if (isSidecarFolder(name)) return;
    else if ((skipSystem && isSystemFolder(name)) || ignored?.has(`${path}${name}/`) === true)
      skippedFolders += 1;
    else names.push(`${name}/`);
  };
  folder.eachEntry((name, isFolder, isLink) => {
    if (!isLink || links === undefined) add(name, isFolder);
    else add(name, isFollowedFolder(folder, path, name, links) ?? !isLatin1BookName(name, extensions));
  });
  return { names: names.toSorted(), skippedFolders };
}

/**
 * @returns `undefined` for a link that leads nowhere now, or to what cannot be examined. It may lead to a folder at other
 *   times, so it is visited, and reported as a folder that cannot be read: nothing below it counts as missing
 */
function isFollowedFolder(
  folder: OpenFolder,
  path: string,
  name: string,
  links: LinkedFolders,
): boolean | undefined {
  try {
    return folder.stateOf(name).kind === 'folder' && links.isFollowed(path, name);
  } catch (error) {
    errnoOf(error);
    return undefined;
  }
}
