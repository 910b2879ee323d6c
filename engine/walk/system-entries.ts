/**
 * Folders of programs and of storage, in lower case, besides those whose names begin with a dot: recycle bins, thumbnails
 * and snapshots. What lies in them is an old copy of a book, or a part of one, and never the book that people read.
 */
const SYSTEM_FOLDERS: ReadonlySet<string> = new Set([
  '#recycle',
  '#snapshot',
  '$recycle.bin',
  '@eadir',
  '@recently-snapshot',
  '@recycle',
  '@tmp',
  '__macosx',
  'lost+found',
  'recycler',
  'system volume information',
]);

/**
 * Whether a folder of this name belongs to the system or to a program: its name begins with a dot (`.caltrash`,
 * `.stversions`, `.Trash-1000`, `.git`), or it is one of those above. Pinned by test/engine/walk/system-entries.test.ts.
 *
 * @param name latin1 or text; without a slash
 */
export function isSystemFolder(name: string): boolean {
  return name.startsWith('.') || SYSTEM_FOLDERS.has(name.toLowerCase());
}

/** Whether a file of this name is one that a program makes beside the one in work: the lock files of office programs. */
export function isSystemFile(name: string): boolean {
  return name.startsWith('~$');
}

/** As `isSystemFolder` for any part of a path. One expression takes a fifth of the time of splitting the path. */
const SYSTEM_FOLDER_IN_PATH = new RegExp(
  `(?:^|/)(?:\\.|(?:${[...SYSTEM_FOLDERS].map((name) => name.replace(/[$+.]/g, '\\$&')).join('|')})/)`,
  'i',
);

/** Whether a file is a system file or lies in a system folder. Remembers the last folder: files of one folder come together. */
export class SystemPaths {
  #folder = '';
  #isSystem = false;

  /** @param path relative to the root, `/`-separated, without a slash at its beginning */
  has(path: string): boolean {
    const nameStart = path.lastIndexOf('/') + 1;
    const folder = path.slice(0, nameStart);
    if (folder !== this.#folder) {
      this.#folder = folder;
      this.#isSystem = SYSTEM_FOLDER_IN_PATH.test(folder);
    }
    return this.#isSystem || isSystemFile(path.slice(nameStart));
  }
}
