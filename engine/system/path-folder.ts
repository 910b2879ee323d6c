import {
  accessSync,
  type BigIntStats,
  closeSync,
  constants,
  type Dirent,
  lstatSync,
  openSync,
  readdirSync,
  statSync,
} from 'node:fs';
import { systemPath } from './latin1-path.js';
import { O_PATH } from './libc.js';
import type { EntryState, FolderIdentity, OpenFolder } from './open-folder.js';
import { stateMarkOfStats } from './state-mark.js';

/** @param byDescriptor whether paths may go through `/proc/self/fd`, which keeps them in the folder that was opened */
export function pathFolderAtTop(byDescriptor: boolean): OpenFolder {
  return new PathFolder('/', undefined, byDescriptor);
}

class PathFolder implements OpenFolder {
  /** Ends with a slash. */
  readonly #path: string;
  readonly #descriptor: number | undefined;
  readonly #byDescriptor: boolean;

  constructor(path: string, descriptor: number | undefined, byDescriptor: boolean) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#byDescriptor = byDescriptor;
  }

  openFolder(name: string, isListed: boolean, followsLinks = false): OpenFolder {
    const path = this.#pathOf(name);
    if (this.#byDescriptor) {
      const flags =
        constants.O_DIRECTORY | (followsLinks ? 0 : constants.O_NOFOLLOW) | (isListed ? 0 : O_PATH);
      const descriptor = openSync(path, flags);
      return new PathFolder(`/proc/self/fd/${descriptor}/`, descriptor, true);
    }
    const stats = followsLinks ? statSync(path) : lstatSync(path);
    if (!stats.isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
    if (isListed) accessSync(path, constants.R_OK);
    return new PathFolder(`${this.#path}${name}/`, undefined, false);
  }

  openFile(name: string, flags: number): number {
    return openSync(this.#pathOf(name), flags);
  }

  closeFile(descriptor: number): void {
    closeSync(descriptor);
  }

  eachEntry(visit: (name: string, isFolder: boolean, isLink: boolean) => void): void {
    let entries: Dirent[];
    try {
      entries = readdirSync(systemPath(this.#path), { encoding: 'latin1', withFileTypes: true });
    } catch {
      // Where the file system does not report the type of an entry, Node calls lstat for each, and fails as a whole when
      // one has vanished or has a name that is not ASCII. If the folder itself cannot be read, the next call throws that.
      for (const name of readdirSync(systemPath(this.#path), { encoding: 'latin1' })) {
        const stats = this.#lstat(name);
        visit(name, stats?.isDirectory() ?? false, stats?.isSymbolicLink() ?? false);
      }
      return;
    }
    for (const entry of entries) visit(entry.name, entry.isDirectory(), entry.isSymbolicLink());
  }

  stateOf(name: string): EntryState {
    const stats = statSync(this.#pathOf(name), { bigint: true });
    return {
      kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other',
      sizeBytes: Number(stats.size),
      modifiedNs: stats.mtimeNs,
      mark: stateMarkOfStats(stats),
      device: Number(stats.dev),
    };
  }

  has(name: string): boolean {
    return this.#lstat(name) !== undefined;
  }

  identity(): FolderIdentity {
    const { dev, ino } = statSync(systemPath(this.#path), { bigint: true });
    return { device: dev, inode: ino };
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }

  #lstat(name: string): BigIntStats | undefined {
    return lstatSync(this.#pathOf(name), { throwIfNoEntry: false, bigint: true });
  }

  #pathOf(name: string): string | Buffer {
    return systemPath(this.#path + name);
  }
}
