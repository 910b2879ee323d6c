import { type Dirent, type FSWatcher, lstatSync, readdirSync, watch } from 'node:fs';
import { isBookName, isSystemFolder, KOREADER_EXTENSIONS } from '../../engine/index.js';
import { errorCode, errorMessage } from '../domain/error-text.js';
import type { Library } from '../library/library.js';

export interface FolderWatchOptions {
  readonly library: Pick<Library, 'root' | 'extensions' | 'fileRules'>;
  /** How many folders may be watched. Those beyond are not, which is reported as a problem. */
  readonly mostFolders: number;
  /** A book, or a folder, has appeared, changed or gone. The path is relative to the root, latin1. */
  readonly onTouched: (path: string) => void;
  /** Something is not watched; for people. Called once. */
  readonly onProblem: (text: string) => void;
}

/** What KOReader stores beside a book; reading a book writes there. */
const SIDECAR_ENDING = '.sdr';

/**
 * Watches a library's folders. Linux tells of changes in one folder alone, so each folder has a watch of its own; other
 * systems watch the whole tree. Links to folders are not watched. Makes synchronous calls: to be used in a thread that may
 * hang with the storage.
 */
export class FolderWatch {
  readonly #options: FolderWatchOptions;
  readonly #extensions: ReadonlySet<string>;
  /** By the path relative to the root, latin1; ends with a slash unless it is the root. */
  readonly #watches = new Map<string, FSWatcher>();
  #hasProblem = false;

  constructor(options: FolderWatchOptions) {
    this.#options = options;
    const { extensions } = options.library;
    this.#extensions = extensions === undefined ? KOREADER_EXTENSIONS : new Set(extensions);
    this.#addTree('');
  }

  get folders(): number {
    return this.#watches.size;
  }

  close(): void {
    for (const one of this.#watches.values()) one.close();
    this.#watches.clear();
  }

  #addTree(top: string): void {
    const isWholeTree = process.platform !== 'linux';
    for (let folders: readonly string[] = [top]; folders.length > 0;) {
      const below: string[] = [];
      for (const folder of folders) {
        if (!this.#add(folder, isWholeTree) || isWholeTree) continue;
        below.push(...this.#foldersIn(folder));
      }
      folders = below;
    }
  }

  /** @returns whether the folder is watched */
  #add(folder: string, isWholeTree: boolean): boolean {
    if (this.#watches.size >= this.#options.mostFolders) {
      this.#report(`only its first ${String(this.#options.mostFolders)} folders are watched`);
      return false;
    }
    try {
      const options = { encoding: 'buffer', recursive: isWholeTree } as const;
      const added = watch(this.#pathOf(folder), options, (_event, name) => {
        this.#changed(folder, name?.toString('latin1') ?? '');
      });
      // The folder is gone, or its disk is.
      added.on('error', () => this.#remove(folder));
      this.#watches.get(folder)?.close();
      this.#watches.set(folder, added);
      return true;
    } catch (error) {
      // ENOENT: it has gone meanwhile.
      if (!hasVanished(error)) this.#report(watchProblem(error, this.#watches.size));
      return false;
    }
  }

  #foldersIn(folder: string): readonly string[] {
    let entries: Dirent[];
    try {
      entries = readdirSync(this.#pathOf(folder), { encoding: 'latin1', withFileTypes: true });
    } catch (error) {
      if (!hasVanished(error)) this.#report(errorMessage(error));
      return [];
    }
    return entries.flatMap((entry) =>
      entry.isDirectory() && this.#isLooked(entry.name) ? [`${folder}${entry.name}/`] : [],
    );
  }

  #isLooked(name: string): boolean {
    if (name.endsWith(SIDECAR_ENDING)) return false;
    return !this.#options.library.fileRules.skipSystem || !isSystemFolder(name);
  }

  #changed(folder: string, name: string): void {
    // The system does not always tell the name.
    if (name === '') {
      this.#options.onTouched(folder);
      return;
    }
    const path = `${folder}${name}`;
    const parts = name.split('/');
    if (!parts.every((part) => this.#isLooked(part))) return;
    if (isBookName(Buffer.from(parts.at(-1) ?? '', 'latin1'), this.#extensions))
      this.#options.onTouched(path);
    if (this.#isFolder(path)) {
      // It is new, or it was renamed: what was watched at its path may be another folder.
      if (process.platform === 'linux') this.#addTree(`${path}/`);
      this.#options.onTouched(`${path}/`);
    } else if (this.#watches.has(`${path}/`)) {
      this.#remove(`${path}/`);
      this.#options.onTouched(`${path}/`);
    }
  }

  #isFolder(path: string): boolean {
    try {
      return lstatSync(this.#pathOf(path)).isDirectory();
    } catch {
      return false; // It has gone meanwhile.
    }
  }

  #remove(folder: string): void {
    for (const [path, one] of this.#watches) {
      if (!path.startsWith(folder)) continue;
      one.close();
      this.#watches.delete(path);
    }
  }

  #report(text: string): void {
    if (this.#hasProblem) return;
    this.#hasProblem = true;
    this.#options.onProblem(text);
  }

  #pathOf(path: string): Buffer {
    return Buffer.concat([this.#options.library.root, Buffer.from(`/${path}`, 'latin1')]);
  }
}

/** Linux's limits of watches, which all programs of a user share, and how to raise them. */
const SYSTEM_LIMITS = new Map([
  ['ENOSPC', 'fs.inotify.max_user_watches'],
  ['EMFILE', 'fs.inotify.max_user_instances'],
]);

/** What to say when a folder cannot be watched. */
export function watchProblem(error: unknown, watched: number): string {
  const setting = SYSTEM_LIMITS.get(errorCode(error) ?? '');
  if (setting === undefined) return errorMessage(error);
  return (
    `only its first ${String(watched)} folders are watched: the limit of the system is reached. Raise it (as root: ` +
    `sysctl ${setting}=524288, and in /etc/sysctl.d/ to keep it), then restart Dogear. Scans by library.schedule find ` +
    'the rest meanwhile'
  );
}

function hasVanished(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
