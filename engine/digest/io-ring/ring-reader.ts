import { constants } from 'node:fs';
import type { AbsolutePaths } from '../absolute-paths.js';
import type { Md5Kernel } from '../md5-kernel.js';
import { openFlags, openWithoutNoAtime } from '../open-file.js';
import { provesRead } from '../unchanged-check.js';
import { HEAD_BYTES, MAX_MESSAGE_BYTES, packMessage, SAMPLE_BYTES, TAIL_OFFSETS } from '../sample-plan.js';
import type { FileGroup, ReadOutcomes, SampleReader } from '../sample-reader.js';
import { readIntoSlot } from '../system-call-reader.js';
import { IoRing, type RingHandles } from './io-ring.js';
import { type Libc, STATX_BYTES } from './libc.js';

/** PATH_MAX of Linux, with the zero at the end. */
const PATH_BYTES = 4096;
/** Node adds it by itself: a program that is started must not inherit our files. */
const O_CLOEXEC = 0o2000000;
const EPERM = -1;
const EAGAIN = -11;

/** A head in two reads, and the windows past it. */
const MOST_READS = 2 + TAIL_OFFSETS.length;
/**
 * A slot holds the head as it lies in the file and seven windows past it. Files of more than 256 MiB have more: of those
 * the two parts of the head are read to where they belong.
 */
const TAILS_BEHIND_HEAD = Math.floor((MAX_MESSAGE_BYTES - HEAD_BYTES) / SAMPLE_BYTES);
const LONG_FILE_BYTES = TAIL_OFFSETS[TAILS_BEHIND_HEAD] ?? Infinity;
const THIRD_OFFSET = HEAD_BYTES - SAMPLE_BYTES;

/** Places in `struct statx`, in words of four bytes. */
const STATX_MODE = 7;
const STATX_SIZE = 10;
const STATX_CTIME = 24;
const STATX_MTIME = 28;
const TYPE_MASK = 0xf000;
const REGULAR = 0x8000;

export interface RingReaderOptions {
  readonly clearsNonblock?: boolean;
  readonly readOdd?: typeof readIntoSlot;
}

/**
 * Reads a whole group at a time through io_uring: all opens in one system call, all reads in the next, and the closes
 * with the next group's opens. Only the proof (read-proof.ts) is a call a file, because io_uring gives `statx` to
 * another thread. With a warm cache 1.23 times as fast as Node's calls, MD5 included (bench, suite `hash`); with a cold
 * one a thread has as many files under way as it has slots, which otherwise takes as many threads.
 *
 * Whatever is not as planned, an error or a file in another state, is left to the way with system calls, which finds
 * out what it is: that way alone decides what is reported.
 *
 * Nothing is under way when `readGroup` returns. That is why the system can write straight into the arena of the MD5
 * kernel, and why threads are not ended from outside before their tasks are done (work-slots.ts). One that does not come
 * to an end hangs in the wait for its reads, and when it leaves that they are done.
 */
export class RingReader implements SampleReader {
  readonly name = 'io-uring';
  readonly #libc: Libc;
  readonly #readOdd: typeof readIntoSlot;
  readonly #ring: IoRing;
  readonly #slots: number;
  readonly #paths: Uint8Array;
  readonly #pathsAddress: number;
  readonly #statx = new Uint32Array(new ArrayBuffer(STATX_BYTES));
  readonly #statxAddress: number;
  /** By slot: the open file, below 0 where there is none. */
  readonly #descriptors: Int32Array;
  /** By slot: 1 where something is not as planned. */
  readonly #odd: Uint8Array;
  /** By operation of a run of reads. */
  readonly #slotOf: Uint16Array;
  readonly #wanted: Int32Array;
  #open = 0;
  #root: AbsolutePaths['root'] | undefined;
  #arena: { readonly kernel: Md5Kernel; readonly address: number } | undefined;
  /**
   * Files are opened so that a pipe cannot stop the thread, and io_uring takes that as "never wait" for file systems
   * that can only wait (NFS, FUSE, ZFS): their reads fail with EAGAIN. Once that was seen, the flag is cleared again.
   */
  #clearsNonblock: boolean;

  /**
   * @param slots files that are read at once at most
   * @param options for tests: begin as after an EAGAIN; what reads a file that is not as planned
   * @throws Error that says why io_uring cannot be had
   */
  constructor(libc: Libc, slots: number, options: RingReaderOptions = {}) {
    this.#libc = libc;
    this.#readOdd = options.readOdd ?? readIntoSlot;
    this.#slots = slots;
    this.#ring = new IoRing(libc, slots * MOST_READS);
    const paths = new ArrayBuffer(slots * PATH_BYTES);
    this.#paths = new Uint8Array(paths);
    this.#pathsAddress = libc.addressOf(paths);
    this.#statxAddress = libc.addressOf(this.#statx.buffer);
    this.#descriptors = new Int32Array(slots).fill(-1);
    this.#odd = new Uint8Array(slots);
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
    this.#odd.fill(0);
    const beganMs = Date.now();
    this.#openAll(group);
    if (this.#clearsNonblock) this.#letWait(group);
    this.#readAll(kernel, group, outcomes.lengths);
    let isAnyOdd = false;
    for (let slot = 0; slot < group.count; slot += 1) {
      if (this.#odd[slot] === 0 && this.#isProven(group, slot, beganMs)) {
        const length = outcomes.lengths[slot] ?? 0;
        const isPacked = (group.files.sizeBytes[group.first + slot] ?? 0) > LONG_FILE_BYTES;
        if (!isPacked) outcomes.lengths[slot] = packMessage(kernel.arena, slot * kernel.slotBytes, length);
      } else {
        this.#odd[slot] = 1;
        isAnyOdd = true;
      }
    }
    if (!isAnyOdd) return true;
    // There may be none left to open.
    this.finish();
    for (let slot = 0; slot < group.count; slot += 1) {
      if (this.#odd[slot] === 0) continue;
      if (isCancelled()) return false;
      this.#readOdd(kernel, group, slot, outcomes);
    }
    return true;
  }

  finish(): void {
    if (this.isBroken) return;
    this.#addCloses();
    this.#ring.run();
  }

  /** @returns how many operations that were */
  #addCloses(): number {
    let closes = 0;
    for (let slot = 0; slot < this.#open; slot += 1) {
      const descriptor = this.#descriptors[slot] ?? -1;
      if (descriptor < 0) continue;
      this.#ring.addClose(descriptor);
      this.#descriptors[slot] = -1;
      closes += 1;
    }
    this.#open = 0;
    return closes;
  }

  #openAll(group: FileGroup): void {
    const { paths, first, count } = group;
    const { root } = paths;
    if (this.#root !== root) this.#setRoot(root);
    const flags = openFlags() | O_CLOEXEC;
    let operation = this.#addCloses();
    for (let slot = 0; slot < count; slot += 1) {
      const bytes = root.length + paths.relativeBytes(first + slot);
      if (bytes < PATH_BYTES) {
        const start = slot * PATH_BYTES;
        paths.copyRelative(first + slot, this.#paths, start + root.length);
        this.#paths[start + bytes] = 0;
        this.#ring.addOpen(this.#pathsAddress + start, flags);
      } else this.#odd[slot] = 1;
    }
    this.#ring.run();
    let isRefused = false;
    for (let slot = 0; slot < count; slot += 1) {
      if (this.#odd[slot] === 1) continue;
      const descriptor = this.#ring.results[operation] ?? -1;
      operation += 1;
      this.#descriptors[slot] = descriptor;
      if (descriptor < 0) this.#odd[slot] = 1;
      if (descriptor === EPERM) isRefused = true;
    }
    this.#open = count;
    if (!isRefused || (flags & constants.O_NOATIME) === 0) return;
    // Somebody else's books, probably all of them.
    openWithoutNoAtime();
    this.#odd.fill(0);
    this.#openAll(group);
  }

  #setRoot(root: Uint8Array): void {
    if (root.length < PATH_BYTES) {
      for (let slot = 0; slot < this.#slots; slot += 1) this.#paths.set(root, slot * PATH_BYTES);
    }
    this.#root = root;
  }

  #letWait({ count }: FileGroup): void {
    const flags = openFlags() & ~constants.O_NONBLOCK;
    for (let slot = 0; slot < count; slot += 1) {
      const descriptor = this.#descriptors[slot] ?? -1;
      if (descriptor < 0) continue;
      // What is no regular file is not read at all: it might wait for somebody.
      if (!this.#look(descriptor) || this.#libc.setFlags(descriptor, flags) < 0) this.#odd[slot] = 1;
    }
  }

  /** Leaves the bytes that were asked for in `lengths`, the gap in the head included. */
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
      if (this.#odd[slot] === 1) continue;
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
    this.#ring.run((isPending) => this.#endlessReads(operation, isPending));
    const { results } = this.#ring;
    for (let read = 0; read < operation; read += 1) {
      if (results[read] === this.#wanted[read]) continue;
      const slot = this.#slotOf[read] ?? 0;
      this.#odd[slot] = 1;
      if (results[read] === EAGAIN && this.#look(this.#descriptors[slot] ?? -1)) this.#clearsNonblock = true;
    }
  }

  /** A pipe that took a book's place, and that somebody writes to, would be waited for until they do. */
  #endlessReads(count: number, isPending: (read: number) => boolean): readonly number[] {
    const endless: number[] = [];
    let looked = -1;
    let isRegular = true;
    for (let read = 0; read < count; read += 1) {
      if (!isPending(read)) continue;
      const slot = this.#slotOf[read] ?? 0;
      if (slot !== looked) isRegular = this.#look(this.#descriptors[slot] ?? -1);
      looked = slot;
      if (!isRegular) endless.push(read);
    }
    return endless;
  }

  #isProven({ files, first }: FileGroup, slot: number, beganMs: number): boolean {
    if (!this.#look(this.#descriptors[slot] ?? -1)) return false;
    const statx = this.#statx;
    const word = (at: number): number => statx[at] ?? 0;
    return provesRead(
      word(STATX_SIZE) + word(STATX_SIZE + 1) * 2 ** 32,
      (word(STATX_MTIME) + (word(STATX_MTIME + 1) | 0) * 2 ** 32) * 1e9 + word(STATX_MTIME + 2),
      (word(STATX_CTIME) + (word(STATX_CTIME + 1) | 0) * 2 ** 32) * 1e3 + word(STATX_CTIME + 2) / 1e6,
      files.sizeBytes[first + slot] ?? 0,
      Number(files.modifiedNs[first + slot] ?? 0n),
      beganMs,
    );
  }

  /** Leaves what the file is in `#statx`. @returns whether it is a regular file */
  #look(descriptor: number): boolean {
    if (this.#libc.statx(descriptor, this.#statxAddress) < 0) return false;
    return ((this.#statx[STATX_MODE] ?? 0) & TYPE_MASK) === REGULAR;
  }

  #addressOf(kernel: Md5Kernel): number {
    if (this.#arena?.kernel !== kernel) {
      const { buffer, byteOffset } = kernel.arena;
      if (!(buffer instanceof ArrayBuffer)) throw new TypeError('the arena of an MD5 kernel is not shared');
      this.#arena = { kernel, address: this.#libc.addressOf(buffer) + byteOffset };
    }
    return this.#arena.address;
  }
}
