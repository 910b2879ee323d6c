import { isUtf8 } from 'node:buffer';
import { opendir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { withDeadline } from '../domain/deadline.js';
import { DogearError } from '../domain/dogear-error.js';
import { errorCode } from '../domain/error-text.js';
import type { SharedCount } from '../domain/shared-count.js';
import { escapedBytes } from '../domain/terminal-text.js';
import { rootFolder } from './library-settings.js';

/** A folder in a list. */
export interface ListedFolder {
  /** Bytes that are not UTF-8 are escaped as `\xNN`. */
  readonly name: string;
  /** `undefined`: its name is not UTF-8, so it cannot be chosen in this way. */
  readonly path: string | undefined;
}

export interface FolderListing {
  /** Absolute, without symbolic links. `undefined`: the list of the folders below which folders are shown. */
  readonly path: string | undefined;
  /** `undefined` at the top. */
  readonly parent: string | undefined;
  /** In the order of their names. */
  readonly folders: readonly ListedFolder[];
  /** Why the folder cannot be read; for people. */
  readonly unreadable: string | undefined;
  /** Symbolic links that were left out. Scans follow links to folders only in libraries that say so. */
  readonly links: number;
  /** Whether the folder has more entries than were read. */
  readonly isCut: boolean;
}

/** Entries of one folder that are read: some hundred milliseconds. A folder of more is no folder of libraries. */
const MOST_ENTRIES = 20_000;
/** Folders of one answer, some hundred kilobytes. Nobody looks through more. */
const MOST_FOLDERS = 2000;
/** As for other looks at storage: a disk that has spun down needs ten seconds to start. */
const TIMEOUT_MS = 20_000;
/**
 * Each look may keep one of libuv's threads for as long as a dead file server does not answer. There are four, and
 * password checks and name look-ups of the whole process need them.
 */
const LOOKS_AT_ONCE = 2;

// Node.js knows this encoding, its types do not.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is read is checked
const BYTES = 'buffer' as string as BufferEncoding;

const NO_FOLDERS = { folders: [], links: 0, isCut: false } as const;

/** Lists folders of this machine, for the choice of a library's root. */
export class FolderPicker {
  readonly #roots: readonly string[];
  readonly #looks: SharedCount;

  /**
   * @param roots absolute paths: only these folders, and what is below them, are shown. Empty: all folders
   * @param looks those of the process, in all its threads
   */
  constructor(roots: readonly string[], looks: SharedCount) {
    this.#roots = roots;
    this.#looks = looks;
  }

  /**
   * The folders in a folder. Links in `folder` are resolved first, as for the root of a library; links inside of it are
   * left out, as in a walk. For actors with `library:manage`: the caller checks it.
   *
   * @param folder absolute; `undefined`: where one begins
   * @throws DogearError `root-missing`; `root-not-a-folder`; `forbidden` outside of the roots; `storage-slow`
   */
  async list(folder: string | undefined): Promise<FolderListing> {
    if (!this.#looks.tryAdd(LOOKS_AT_ONCE)) throw storageSlow('Other folders are being read already.');
    // A look that takes too long keeps its place until it has ended.
    const look = this.#look(folder).finally(() => this.#looks.subtract());
    return withDeadline(look, TIMEOUT_MS, () => {
      throw storageSlow(`The folder was not read within ${String(TIMEOUT_MS / 1000)} s.`);
    });
  }

  async #look(folder: string | undefined): Promise<FolderListing> {
    const [only] = this.#roots;
    const begin = this.#roots.length > 1 ? undefined : (only ?? '/');
    const wanted = folder ?? begin;
    if (wanted === undefined) {
      const folders = this.#roots.map((root) => ({ name: root, path: root }));
      return { ...NO_FOLDERS, path: undefined, parent: undefined, folders, unreadable: undefined };
    }
    const roots = await this.#realRoots();
    // Whether something is there is not told of places that are not shown.
    const real = await rootFolder(wanted).catch((error: unknown) => {
      if (roots !== undefined && !roots.some((root) => isBelow(path.resolve(wanted), root))) throw outside();
      throw error;
    });
    if (!isUtf8(real)) {
      throw new DogearError('root-missing', 'The folder lies in one whose name is not UTF-8.');
    }
    const shown = real.toString();
    if (roots !== undefined && !roots.some((root) => isBelow(shown, root))) throw outside();
    const isTop = shown === '/' || roots?.includes(shown) === true;
    return {
      path: shown,
      parent: isTop ? undefined : path.dirname(shown),
      ...(await foldersIn(real)),
    };
  }

  /** `undefined`: all folders are shown. A root that is not there shows nothing. */
  async #realRoots(): Promise<readonly string[] | undefined> {
    if (this.#roots.length === 0) return undefined;
    const found = new Set<string>();
    // One after another: each may keep a thread.
    for (const root of this.#roots) found.add(await realpath(root).catch(() => root));
    return [...found];
  }
}

function isBelow(folder: string, root: string): boolean {
  return folder === root || folder.startsWith(root.endsWith('/') ? root : `${root}/`);
}

function outside(): DogearError {
  return new DogearError(
    'forbidden',
    'Folders outside of those in the setting console.folder_roots are not shown.',
  );
}

function storageSlow(reason: string): DogearError {
  return new DogearError('storage-slow', `${reason} Is the storage busy or away? Try again later.`);
}

async function foldersIn(
  folder: Buffer,
): Promise<Pick<FolderListing, 'folders' | 'unreadable' | 'links' | 'isCut'>> {
  const names: Buffer[] = [];
  let links = 0;
  let entries = 0;
  try {
    for await (const entry of await opendir(folder.toString(), { encoding: BYTES, bufferSize: 512 })) {
      if (++entries > MOST_ENTRIES) break;
      if (entry.isSymbolicLink()) links++;
      const name: unknown = entry.name;
      if (entry.isDirectory() && Buffer.isBuffer(name)) names.push(name);
    }
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    const reason = code === 'EACCES' || code === 'EPERM' ? 'the server may not read it' : code;
    return { ...NO_FOLDERS, unreadable: `The folder cannot be read: ${reason}.` };
  }
  const folders = names
    .toSorted((left, right) => left.compare(right))
    .slice(0, MOST_FOLDERS)
    .map((name) => listed(folder, name));
  return {
    folders,
    unreadable: undefined,
    links,
    isCut: entries > MOST_ENTRIES || names.length > MOST_FOLDERS,
  };
}

function listed(folder: Buffer, name: Buffer): ListedFolder {
  if (!isUtf8(name)) return { name: escapedBytes(name), path: undefined };
  const text = name.toString();
  return { name: text, path: path.join(folder.toString(), text) };
}
