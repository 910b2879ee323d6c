import { constants } from 'node:fs';
import { type BegunStream, descriptorFolder, entryStateAt } from './descriptor-folder.js';
import type { EntryThreads, ThreadId } from './entry-threads.js';
import { PATH_BYTES } from './folder-chain.js';
import { IoRing, type RingHandles } from './io-ring.js';
import { type Libc, O_CLOEXEC, O_PATH, OPEN_HOW_BYTES, RESOLVE_NO_SYMLINKS, STATX_BYTES } from './libc.js';
import type { EntryState, LateFolder } from './open-folder.js';

/**
 * Folders that are opened and read at a time: as many as a ring has workers for them (io-ring.ts). A file server at 2 ms
 * then answers as many in 6 ms as one after the other in 130.
 */
export const FOLDERS_AT_ONCE = 32;
/** Files that are examined with one call. The workers of the ring take as many of them at a time as there are folders. */
export const FILES_AT_ONCE = 256;

/** No name is longer on the file systems that answer late: NFS and SMB have 255 bytes. Longer ones go the plain way. */
const NAME_BYTES = 256;

export interface WantedFolder {
  /** Relative to the root, latin1, ends with a slash; empty: the root itself. */
  readonly path: string;
  /** Whether its entries will be listed. */
  readonly isListed: boolean;
}

export interface WantedFile {
  readonly folder: LateFolder;
  /** Latin1. */
  readonly name: string;
}

/**
 * Opens and examines many folders and files at a time, for storage that answers late: opens and looks at files go through
 * io_uring, and each folder is read by a thread of its own (entry-threads.ts). To be used by one thread. On storage that
 * answers at once it is slower than one call after the other, because each operation passes through another thread.
 *
 * What does not go as expected is `undefined` in the result. The caller then goes the plain way (folder-chain.ts), which
 * classifies and reports the error. No operation is in progress when a method returns; if one throws, some may be, and
 * then nothing of this object may be used or freed (`isBroken`).
 */
export class LateFolders {
  readonly #libc: Libc;
  readonly #ring: IoRing;
  readonly #paths = Buffer.from(new ArrayBuffer(FOLDERS_AT_ONCE * PATH_BYTES));
  readonly #names = Buffer.from(new ArrayBuffer(FILES_AT_ONCE * NAME_BYTES));
  readonly #states = Buffer.from(new ArrayBuffer(FILES_AT_ONCE * STATX_BYTES));
  /** Two of `struct open_how`: for folders that are listed, and for those that are not. Longer than `addressOf` requires. */
  readonly #openHow = new BigUint64Array(16);
  readonly #threadIds: readonly ThreadId[] = Array.from(
    { length: FOLDERS_AT_ONCE },
    () => new BigUint64Array(1),
  );
  readonly #pathsAddress: number;
  readonly #namesAddress: number;
  readonly #statesAddress: number;
  readonly #openHowAddress: number;

  /** @throws Error with the reason if io_uring is not available */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#ring = new IoRing(libc, FILES_AT_ONCE);
    this.#pathsAddress = libc.addressOf(this.#paths.buffer);
    this.#namesAddress = libc.addressOf(this.#names.buffer);
    this.#statesAddress = libc.addressOf(this.#states.buffer);
    this.#openHowAddress = libc.addressOf(this.#openHow.buffer);
    const flags = O_CLOEXEC | constants.O_DIRECTORY;
    for (const [at, more] of [0, O_PATH].entries()) {
      this.#openHow[at * (OPEN_HOW_BYTES / 8)] = BigInt(flags | more);
      this.#openHow[at * (OPEN_HOW_BYTES / 8) + 2] = RESOLVE_NO_SYMLINKS;
    }
  }

  get isBroken(): boolean {
    return this.#ring.isBroken;
  }

  get handles(): RingHandles {
    return this.#ring.handles;
  }

  /**
   * Opens folders, none that a link leads to, and reads the first entries of those that will be listed. The caller closes
   * them.
   *
   * @param root absolute, latin1, ends with a slash
   * @param wanted at most `FOLDERS_AT_ONCE`
   */
  open(root: string, wanted: readonly WantedFolder[]): readonly (LateFolder | undefined)[] {
    const added: number[] = [];
    for (const [at, { path, isListed }] of wanted.entries()) {
      // A zero byte is added.
      if (root.length + path.length + 1 > PATH_BYTES) continue;
      const start = at * PATH_BYTES;
      this.#paths[start + this.#paths.write(root + path, start, 'latin1')] = 0;
      const howAddress = this.#openHowAddress + (isListed ? 0 : OPEN_HOW_BYTES);
      this.#ring.addOpenHow(this.#pathsAddress + start, howAddress, OPEN_HOW_BYTES);
      added.push(at);
    }
    this.#ring.run();
    const folders: (LateFolder | undefined)[] = wanted.map(() => undefined);
    const listed: { readonly at: number; readonly descriptor: number }[] = [];
    for (const [operation, at] of added.entries()) {
      const descriptor = this.#ring.results[operation] ?? -1;
      if (descriptor < 0) continue;
      if (wanted[at]?.isListed === true) listed.push({ at, descriptor });
      else folders[at] = this.#folder(descriptor);
    }
    this.#readFirstEntries(listed, folders);
    return folders;
  }

  /**
   * Examines files, and follows symbolic links to them.
   *
   * @param files at most `FILES_AT_ONCE`
   */
  examine(files: readonly WantedFile[]): readonly (EntryState | undefined)[] {
    const added: number[] = [];
    for (const [at, { folder, name }] of files.entries()) {
      if (name.length >= NAME_BYTES) continue;
      const start = at * NAME_BYTES;
      this.#names[start + this.#names.write(name, start, 'latin1')] = 0;
      const stateAddress = this.#statesAddress + at * STATX_BYTES;
      this.#ring.addStatx(folder.descriptor, this.#namesAddress + start, 0, stateAddress);
      added.push(at);
    }
    this.#ring.run();
    const states: (EntryState | undefined)[] = files.map(() => undefined);
    for (const [operation, at] of added.entries()) {
      if (this.#ring.results[operation] === 0) states[at] = entryStateAt(this.#states, at * STATX_BYTES);
    }
    return states;
  }

  /** Starts all threads before it waits for the first. Where the system has none left, this thread reads by itself. */
  #readFirstEntries(
    listed: readonly { readonly at: number; readonly descriptor: number }[],
    folders: (LateFolder | undefined)[],
  ): void {
    const threads = this.#libc.entryThreads;
    const started: { readonly at: number; readonly descriptor: number; readonly stream: number }[] = [];
    for (const { at, descriptor } of listed) {
      const stream = threads?.openStream(descriptor) ?? 0;
      const id = this.#threadIds[started.length];
      if (threads === undefined || id === undefined || stream === 0) folders[at] = this.#folder(descriptor);
      else if (threads.start(stream, id)) started.push({ at, descriptor, stream });
      else folders[at] = this.#begun(threads, stream, descriptor, threads.next(stream));
    }
    if (threads === undefined) return;
    for (const [thread, { at, descriptor, stream }] of started.entries()) {
      const first = threads.join(this.#threadIds[thread] ?? new BigUint64Array(1));
      folders[at] = this.#begun(threads, stream, descriptor, first);
    }
  }

  /** Every folder has entries. Where there are none, something has failed. */
  #begun(threads: EntryThreads, stream: number, descriptor: number, first: number): LateFolder | undefined {
    if (first > 0) return this.#folder(descriptor, { threads, stream, first });
    // The stream owns the descriptor.
    threads.closeStream(stream);
    return undefined;
  }

  #folder(descriptor: number, begun?: BegunStream): LateFolder {
    return descriptorFolder(this.#libc, descriptor, begun);
  }
}
