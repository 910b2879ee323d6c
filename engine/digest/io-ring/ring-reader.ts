import { constants } from 'node:fs';
import { PATH_BYTES } from '../../system/folder-chain.js';
import type { Md5Kernel } from '../md5-kernel.js';
import { disableNoAtime, openFlags } from '../open-file.js';
import { HEAD_BYTES, MAX_MESSAGE_BYTES, packMessage, SAMPLE_BYTES, TAIL_OFFSETS } from '../sample-plan.js';
import type { FileGroup, ReadOutcomes, SampleReader } from '../sample-reader.js';
import { readIntoSlot } from '../system-call-reader.js';
import { isUnchanged } from '../unchanged-check.js';
import { IoRing, type RingHandles } from '../../system/io-ring.js';
import {
  AT_EMPTY_PATH,
  type Libc,
  O_CLOEXEC,
  O_PATH,
  OPEN_HOW_BYTES,
  RESOLVE_NO_SYMLINKS,
  STATX_BYTES,
} from '../../system/libc.js';

const EPERM = -1;
const EAGAIN = -11;
/** A part of the path is a link. */
const ELOOP = -40;

/** The head takes up to two reads, each window after it one. */
const MAX_READS_PER_FILE = 2 + TAIL_OFFSETS.length;
/**
 * A slot has room for the head as it is in the file, gap included, and seven windows after it. A file of more than
 * 256 MiB has more windows. Of such a file the two parts of the head are read separately, so that there is no gap.
 */
const TAILS_AFTER_HEAD = Math.floor((MAX_MESSAGE_BYTES - HEAD_BYTES) / SAMPLE_BYTES);
const LONG_FILE_BYTES = TAIL_OFFSETS[TAILS_AFTER_HEAD] ?? Infinity;
const THIRD_OFFSET = HEAD_BYTES - SAMPLE_BYTES;

/** Offsets in `struct statx`, in words of four bytes. */
const STATX_WORDS = STATX_BYTES / 4;
const STATX_MODE = 7;
const STATX_SIZE = 10;
const STATX_CTIME = 24;
const STATX_MTIME = 28;
/** Where the `struct open_how` of files begins in `#openHow`. */
const FILE_HOW = OPEN_HOW_BYTES / 8;
const TYPE_MASK = 0xf000;
const REGULAR = 0x8000;

/** For tests. */
export interface RingReaderOptions {
  /** Starts in the mode that otherwise begins with the first EAGAIN. */
  readonly clearsNonblock?: boolean;
  /** Reads the files that the ring could not read. */
  readonly readFallback?: typeof readIntoSlot;
}

/**
 * Reads a whole group of files at a time through io_uring: all opens in one system call, all reads in the next, and the
 * closes together with the opens of the next group. Only the check for changes (unchanged-check.ts) is a system call for each file, because io_uring passes `statx` to another thread. That
 * pays only on file systems whose reads always block: they may wait for the storage here, too.
 * With a warm cache this is 1.23 times as fast as Node's calls, MD5 included (benchmark suite `hash`). With a cold cache
 * one thread reads as many files at once as it has slots; with system calls that would take as many threads.
 *
 * Anything unexpected, an error or a file in another state, falls back to plain system calls (system-call-reader.ts),
 * which classify and report it.
 *
 * No operation is in progress when `readGroup` returns. That is why the kernel of the operating system may write
 * directly into the arena of the MD5 kernel, and why threads are not terminated before their tasks are done
 * (task-scheduler.ts). A thread that never finishes hangs in the wait for its reads, and does not leave that wait
 * before they are complete.
 */
export class RingReader implements SampleReader {
  readonly name = 'io-uring';
  readonly #libc: Libc;
  readonly #readFallback: typeof readIntoSlot;
  readonly #ring: IoRing;
  readonly #slots: number;
  readonly #paths: Uint8Array;
  readonly #pathsAddress: number;
  readonly #statx = new Uint32Array(new ArrayBuffer(STATX_BYTES));
  readonly #statxAddress: number;
  /** By slot: what `#examineAll` has found. */
  readonly #states: Uint32Array<ArrayBuffer>;
  readonly #statesAddress: number;
  readonly #emptyPath = new ArrayBuffer(128);
  readonly #emptyPathAddress: number;
  /** How folders are opened, and how files are opened by path. Longer than needed because `addressOf` requires that. */
  readonly #openHow = new BigUint64Array(16);
  readonly #openHowAddress: number;
  /** By slot: the open file's descriptor, negative if there is none. */
  readonly #descriptors: Int32Array;
  /** The same of the folders of a group, in their order. Files in one folder that follow each other share it. */
  readonly #folders: Int32Array;
  /** By slot: which of `#folders` the file is in; -1 if its path is too long. */
  readonly #folderOf: Int16Array;
  /** By slot: where the file's name begins in `#paths`. */
  readonly #nameStart: Uint32Array;
  /** By slot: 1 if the file has to be read with system calls. */
  readonly #fallback: Uint8Array;
  /** By read operation of the current group: its slot, and the number of bytes that it has to return. */
  readonly #slotOf: Uint16Array;
  readonly #wanted: Int32Array;
  #open = 0;
  #openFolders = 0;
  #root: Uint8Array | undefined;
  /** Whether a link was met below this root. */
  #hasLinks = false;
  #arena: { readonly kernel: Md5Kernel; readonly address: number } | undefined;
  /**
   * Files are opened with O_NONBLOCK, so that a pipe cannot block the thread. On file systems whose reads always
   * block (NFS, FUSE, ZFS), io_uring reads of such files fail with EAGAIN. After the first one, the flag is cleared
   * on every opened file.
   */
  #clearsNonblock: boolean;

  /**
   * @param slots maximum number of files in a group
   * @throws Error with the reason if io_uring is not available
   */
  constructor(libc: Libc, slots: number, options: RingReaderOptions = {}) {
    this.#libc = libc;
    this.#readFallback = options.readFallback ?? readIntoSlot;
    this.#slots = slots;
    this.#ring = new IoRing(libc, slots * MAX_READS_PER_FILE);
    const paths = new ArrayBuffer(slots * PATH_BYTES);
    this.#paths = new Uint8Array(paths);
    this.#pathsAddress = libc.addressOf(paths);
    this.#statxAddress = libc.addressOf(this.#statx.buffer);
    this.#states = new Uint32Array(slots * STATX_WORDS);
    this.#statesAddress = libc.addressOf(this.#states.buffer);
    this.#emptyPathAddress = libc.addressOf(this.#emptyPath);
    this.#openHow[0] = BigInt(O_PATH | O_CLOEXEC | constants.O_DIRECTORY);
    this.#openHow[2] = RESOLVE_NO_SYMLINKS;
    this.#openHow[FILE_HOW + 2] = RESOLVE_NO_SYMLINKS;
    this.#openHowAddress = libc.addressOf(this.#openHow.buffer);
    this.#descriptors = new Int32Array(slots).fill(-1);
    this.#folders = new Int32Array(slots).fill(-1);
    this.#folderOf = new Int16Array(slots);
    this.#nameStart = new Uint32Array(slots);
    this.#fallback = new Uint8Array(slots);
    this.#slotOf = new Uint16Array(this.#ring.entries);
    this.#wanted = new Int32Array(this.#ring.entries);
    this.#clearsNonblock = options.clearsNonblock ?? false;
  }

  get isBroken(): boolean {
    return this.#ring.isBroken;
  }

  get handles(): RingHandles {
    return this.#ring.handles;
  }

  readGroup(
    kernel: Md5Kernel,
    group: FileGroup,
    outcomes: ReadOutcomes,
    isCancelled: () => boolean,
  ): boolean {
    if (isCancelled()) return false;
    if (group.count > this.#slots) throw new RangeError(`${group.count} files for ${this.#slots} slots`);
    const beganMs = Date.now();
    this.#openAll(group);
    const cleared = this.#clearsNonblock;
    if (cleared) this.#clearNonblock(group);
    this.#readAll(kernel, group, outcomes.lengths);
    if (this.#clearsNonblock && !cleared) this.#readAgain(kernel, group, outcomes.lengths);
    if (this.#clearsNonblock) this.#examineAll(group);
    let needsFallback = false;
    for (let slot = 0; slot < group.count; slot += 1) {
      if (this.#fallback[slot] === 0 && this.#isUnchanged(group, slot, beganMs)) {
        const length = outcomes.lengths[slot] ?? 0;
        const isPacked = (group.files.sizeBytes[group.first + slot] ?? 0) > LONG_FILE_BYTES;
        if (!isPacked) outcomes.lengths[slot] = packMessage(kernel.arena, slot * kernel.slotBytes, length);
      } else {
        this.#fallback[slot] = 1;
        needsFallback = true;
      }
    }
    if (!needsFallback) return true;
    // The files of the group are closed first, because the limit on open files may be reached.
    this.finish();
    for (let slot = 0; slot < group.count; slot += 1) {
      if (this.#fallback[slot] === 0) continue;
      if (isCancelled()) return false;
      this.#readFallback(kernel, group, slot, outcomes);
    }
    return true;
  }

  finish(): void {
    if (this.isBroken) return;
    this.#addCloses();
    this.#ring.run();
  }

  /** @returns the number of operations added */
  #addCloses(): number {
    const closes =
      this.#addClosesOf(this.#descriptors, this.#open) + this.#addClosesOf(this.#folders, this.#openFolders);
    this.#open = 0;
    this.#openFolders = 0;
    return closes;
  }

  #addClosesOf(descriptors: Int32Array, count: number): number {
    let closes = 0;
    for (let at = 0; at < count; at += 1) {
      const descriptor = descriptors[at] ?? -1;
      if (descriptor < 0) continue;
      this.#ring.addClose(descriptor);
      descriptors[at] = -1;
      closes += 1;
    }
    return closes;
  }

  /**
   * Opens the files by their paths, unless a part of one is a link. A link to a file may be followed and one to a folder
   * may not, which the system cannot be told of a whole path. So from the first link on, a task opens the folders first,
   * and then the files in them. That took 2 µs more a file where each book has a folder of its own.
   */
  #openAll(group: FileGroup): void {
    if (this.#root !== group.root) this.#setRoot(group.root);
    if (!this.#hasLinks) {
      this.#openByPath(group);
      if (!this.#hasLinks) return;
    }
    this.#openFoldersOf(group);
    this.#openInFolders(group);
  }

  #openByPath(group: FileGroup): void {
    const { root, paths, first } = group;
    const howAddress = this.#openHowAddress + OPEN_HOW_BYTES;
    this.#openFiles(group, this.#addCloses(), (slot, flags) => {
      const index = first + slot;
      // A zero byte is added.
      if (root.length + paths.bytesAt(index) + 1 > PATH_BYTES) return false;
      const start = slot * PATH_BYTES;
      const nameAt = start + root.length;
      this.#paths[nameAt + paths.copyPath(index, this.#paths, nameAt)] = 0;
      this.#openHow[FILE_HOW] = BigInt(flags);
      this.#ring.addOpenHow(this.#pathsAddress + start, howAddress, OPEN_HOW_BYTES);
      return true;
    });
  }

  #openInFolders(group: FileGroup): void {
    this.#openFiles(group, 0, (slot, flags) => {
      const folder = this.#folders[this.#folderOf[slot] ?? -1] ?? -1;
      if (folder < 0) return false;
      this.#ring.addOpen(folder, this.#pathsAddress + (this.#nameStart[slot] ?? 0), flags);
      return true;
    });
  }

  /**
   * Opens the folders of a group, none that a link leads to. Their descriptors, or negative errnos, are in `#folders`
   * then. Each slot gets the path of the folder and, after a zero byte, the name of the file.
   */
  #openFoldersOf({ root, paths, first, count }: FileGroup): void {
    const closes = this.#addCloses();
    let folders = 0;
    for (let slot = 0; slot < count; slot += 1) {
      const index = first + slot;
      // Two zero bytes are added.
      if (root.length + paths.bytesAt(index) + 2 > PATH_BYTES) {
        this.#folderOf[slot] = -1;
        continue;
      }
      const start = slot * PATH_BYTES;
      const folderEnd = start + root.length + paths.copyFolder(index, this.#paths, start + root.length);
      this.#paths[folderEnd] = 0;
      this.#nameStart[slot] = folderEnd + 1;
      this.#paths[folderEnd + 1 + paths.copyName(index, this.#paths, folderEnd + 1)] = 0;
      const isShared = slot > 0 && this.#folderOf[slot - 1] !== -1 && paths.sharesFolderWithLast(index);
      if (!isShared) {
        this.#ring.addOpenHow(this.#pathsAddress + start, this.#openHowAddress, OPEN_HOW_BYTES);
        folders += 1;
      }
      this.#folderOf[slot] = folders - 1;
    }
    this.#ring.run();
    this.#folders.set(this.#ring.results.subarray(closes, closes + folders));
    this.#openFolders = folders;
  }

  /**
   * @param added the number of operations that were added before
   * @param addOpen adds the open of a slot's file; returns false if the file has to be read with system calls
   */
  #openFiles(group: FileGroup, added: number, addOpen: (slot: number, flags: number) => boolean): void {
    const flags = openFlags() | O_CLOEXEC;
    for (let slot = 0; slot < group.count; slot += 1) this.#fallback[slot] = addOpen(slot, flags) ? 0 : 1;
    this.#ring.run();
    let operation = added;
    let isRefused = false;
    for (let slot = 0; slot < group.count; slot += 1) {
      if (this.#fallback[slot] === 1) continue;
      const descriptor = this.#ring.results[operation] ?? -1;
      operation += 1;
      this.#descriptors[slot] = descriptor;
      if (descriptor < 0) this.#fallback[slot] = 1;
      if (descriptor === EPERM) isRefused = true;
      if (descriptor === ELOOP) this.#hasLinks = true;
    }
    this.#open = group.count;
    if (!isRefused || (flags & constants.O_NOATIME) === 0) return;
    // These files belong to another user, probably all of them. They are opened again without O_NOATIME.
    disableNoAtime();
    this.#openFiles(group, this.#addClosesOf(this.#descriptors, this.#open), addOpen);
  }

  #setRoot(root: Uint8Array): void {
    if (root.length < PATH_BYTES) {
      for (let slot = 0; slot < this.#slots; slot += 1) this.#paths.set(root, slot * PATH_BYTES);
    }
    this.#root = root;
    this.#hasLinks = false;
  }

  #clearNonblock(group: FileGroup): void {
    const flags = openFlags() & ~constants.O_NONBLOCK;
    this.#examineAll(group);
    for (let slot = 0; slot < group.count; slot += 1) {
      const descriptor = this.#descriptors[slot] ?? -1;
      if (descriptor < 0) continue;
      // Without O_NONBLOCK, reading a pipe would block, so only regular files are read here.
      if (!this.#isExaminedRegular(slot) || this.#libc.setFlags(descriptor, flags) < 0)
        this.#fallback[slot] = 1;
    }
  }

  /** Writes into `lengths` how many bytes of each file were read, including the gap in the head. */
  #readAll(kernel: Md5Kernel, { files, first, count }: FileGroup, lengths: Uint32Array): void {
    const arenaAddress = this.#addressOf(kernel);
    let operation = 0;
    const add = (slot: number, address: number, bytes: number, offset: number): void => {
      this.#slotOf[operation] = slot;
      this.#wanted[operation] = bytes;
      operation += 1;
      this.#ring.addRead(this.#descriptors[slot] ?? -1, address, bytes, offset);
    };
    for (let slot = 0; slot < count; slot += 1) {
      lengths[slot] = 0;
      if (this.#fallback[slot] === 1) continue;
      const address = arenaAddress + slot * kernel.slotBytes;
      const sizeBytes = files.sizeBytes[first + slot] ?? 0;
      let length = sizeBytes < HEAD_BYTES ? sizeBytes : HEAD_BYTES;
      if (sizeBytes > LONG_FILE_BYTES) {
        add(slot, address, 2 * SAMPLE_BYTES, 0);
        add(slot, address + 2 * SAMPLE_BYTES, SAMPLE_BYTES, THIRD_OFFSET);
        length = 3 * SAMPLE_BYTES;
      } else if (length > 0) add(slot, address, length, 0);
      for (const offset of TAIL_OFFSETS) {
        const left = sizeBytes - offset;
        if (left <= 0) break;
        const wanted = left < SAMPLE_BYTES ? left : SAMPLE_BYTES;
        add(slot, address + length, wanted, offset);
        length += wanted;
      }
      lengths[slot] = length;
    }
    this.#ring.run((isPending) => this.#readsToCancel(operation, isPending));
    const { results } = this.#ring;
    for (let read = 0; read < operation; read += 1) {
      if (results[read] === this.#wanted[read]) continue;
      const slot = this.#slotOf[read] ?? 0;
      this.#fallback[slot] = 1;
      if (results[read] !== EAGAIN || this.#clearsNonblock) continue;
      if (this.#isRegular(this.#descriptors[slot] ?? -1)) this.#clearsNonblock = true;
    }
  }

  /**
   * Reads a group again, in which the first reads failed with EAGAIN. One file at a time would take a second on storage that
   * answers late.
   */
  #readAgain(kernel: Md5Kernel, group: FileGroup, lengths: Uint32Array): void {
    for (let slot = 0; slot < group.count; slot += 1) {
      this.#fallback[slot] = (this.#descriptors[slot] ?? -1) >= 0 ? 0 : 1;
    }
    this.#clearNonblock(group);
    this.#readAll(kernel, group, lengths);
  }

  /**
   * Chooses the pending reads to cancel: those of files that are not regular. A read of a pipe that another process
   * has open for writing would wait until something is written.
   */
  #readsToCancel(count: number, isPending: (read: number) => boolean): readonly number[] {
    // Only regular files have passed `#clearNonblock`. To ask again might wait for the storage, one file at a time.
    if (this.#clearsNonblock) return [];
    const cancelled: number[] = [];
    let checkedSlot = -1;
    let isRegular = true;
    for (let read = 0; read < count; read += 1) {
      if (!isPending(read)) continue;
      const slot = this.#slotOf[read] ?? 0;
      if (slot !== checkedSlot) isRegular = this.#isRegular(this.#descriptors[slot] ?? -1);
      checkedSlot = slot;
      if (!isRegular) cancelled.push(read);
    }
    return cancelled;
  }

  #isUnchanged({ files, first }: FileGroup, slot: number, beganMs: number): boolean {
    const isRegular = this.#clearsNonblock
      ? this.#isExaminedRegular(slot)
      : this.#isRegular(this.#descriptors[slot] ?? -1);
    if (!isRegular) return false;
    const statx = this.#statx;
    const word = (at: number): number => statx[at] ?? 0;
    return isUnchanged(
      word(STATX_SIZE) + word(STATX_SIZE + 1) * 2 ** 32,
      (word(STATX_MTIME) + (word(STATX_MTIME + 1) | 0) * 2 ** 32) * 1e9 + word(STATX_MTIME + 2),
      (word(STATX_CTIME) + (word(STATX_CTIME + 1) | 0) * 2 ** 32) * 1e3 + word(STATX_CTIME + 2) / 1e6,
      files.sizeBytes[first + slot] ?? 0,
      Number(files.modifiedNs[first + slot] ?? 0n),
      beganMs,
    );
  }

  /** Calls statx on an open file and leaves the result in `#statx`. @returns whether it is a regular file */
  #isRegular(descriptor: number): boolean {
    if (this.#libc.statx(descriptor, this.#statxAddress) < 0) return false;
    return ((this.#statx[STATX_MODE] ?? 0) & TYPE_MASK) === REGULAR;
  }

  /**
   * Calls statx on all open files of a group at a time and leaves the results in `#states`. On file systems whose reads
   * always block, a single call may wait for the storage.
   */
  #examineAll({ count }: FileGroup): void {
    const slots: number[] = [];
    for (let slot = 0; slot < count; slot += 1) {
      this.#states[slot * STATX_WORDS + STATX_MODE] = 0;
      const descriptor = this.#descriptors[slot] ?? -1;
      if (descriptor < 0 || this.#fallback[slot] === 1) continue;
      const stateAddress = this.#statesAddress + slot * STATX_BYTES;
      this.#ring.addStatx(descriptor, this.#emptyPathAddress, AT_EMPTY_PATH, stateAddress);
      slots.push(slot);
    }
    this.#ring.run();
    for (const [operation, slot] of slots.entries()) {
      if (this.#ring.results[operation] !== 0) this.#states[slot * STATX_WORDS + STATX_MODE] = 0;
    }
  }

  /** Copies what `#examineAll` has found into `#statx`. @returns whether it is a regular file */
  #isExaminedRegular(slot: number): boolean {
    this.#statx.set(this.#states.subarray(slot * STATX_WORDS, (slot + 1) * STATX_WORDS));
    return ((this.#statx[STATX_MODE] ?? 0) & TYPE_MASK) === REGULAR;
  }

  #addressOf(kernel: Md5Kernel): number {
    if (this.#arena?.kernel !== kernel) {
      const { buffer, byteOffset } = kernel.arena;
      if (!(buffer instanceof ArrayBuffer))
        throw new TypeError('the arena of an MD5 kernel must not be shared memory');
      this.#arena = { kernel, address: this.#libc.addressOf(buffer) + byteOffset };
    }
    return this.#arena.address;
  }
}
