import { sleepSync } from './sleep-sync.js';
import { AT_FDCWD, errorName, type Libc, STATX_MASK } from './libc.js';

/**
 * The system resources of a ring. The system releases them when the process ends, not when the thread that made the
 * ring ends. So they are sent to the main thread, which releases them once the thread has ended.
 */
export interface RingHandles {
  readonly descriptor: number;
  readonly maps: readonly { readonly address: number; readonly bytes: number }[];
}

/** Offsets into `struct io_uring_params`, 120 bytes. */
const PARAMETER_BYTES = 120;
const SQ_ENTRIES = 0;
const CQ_ENTRIES = 4;
const FLAGS = 8;
const SQ_OFFSETS = 40;
const CQ_OFFSETS = 80;

/**
 * SINGLE_ISSUER and DEFER_TASKRUN: the kernel processes completions only while this thread waits for them, which saves
 * interrupts. Both need Linux 6.1. Older kernels are not supported, so that only one mode has to be tested.
 */
const SETUP_FLAGS = (1 << 12) | (1 << 13);

const SQES_OFFSET = 0x1000_0000;
const SQE_WORDS = 16;
const SQE_BYTES = 4 * SQE_WORDS;
const CQE_WORDS = 4;
const CQE_BYTES = 4 * CQE_WORDS;

const REGISTER_IOWQ_MAX_WORKERS = 19;
/**
 * The kernel has worker threads for operations that block: opening files that are not in its caches, and reads on file
 * systems without asynchronous reads. By default there are at most four for each processor, which is too few for a file
 * server. Each ring has its own, so four rings have twice the threads that system calls would get
 * (automatic-concurrency.ts).
 */
const KERNEL_WORKERS = 32;

const OP_OPENAT = 18;
const OP_CLOSE = 19;
const OP_STATX = 21;
const OP_READ = 22;
const OP_OPENAT2 = 28;
const OP_ASYNC_CANCEL = 14;
const EBADF = -9;
/** A signal interrupted the wait. The call is repeated for what remains. */
const EINTR = -4;
/**
 * EAGAIN, EBUSY: the kernel is short of memory. The call is repeated for half a second before the ring counts as
 * failed.
 */
const RETRYABLE: ReadonlySet<number> = new Set([-11, -16]);
const MAX_RETRIES = 500;
const RETRY_PAUSE_MS = 1;

/** Marks an operation without a result. No operation returns this value. */
const PENDING = -(2 ** 31);
/** Marks a cancellation, whose own result does not matter: the operation that it cancels has one. */
const NO_RESULT = 2 ** 32 - 1;

const TWO_TO_32 = 2 ** 32;

/**
 * An io_uring for batches of operations, to be used by one thread. Operations are added, and then `run` performs them
 * all in one system call, plus a second one if some have to be waited for.
 *
 * The kernel may write to the memory that the operations name until `run` returns, and never after that. If `run`
 * throws, operations may still be in progress: then neither the ring nor that memory may be used again.
 */
export class IoRing {
  /** Maximum number of operations in one `run`. */
  readonly entries: number;
  /** After a `run`: the result of each operation, in the order in which they were added. A negative one is an errno. */
  readonly results: Int32Array;
  readonly handles: RingHandles;
  readonly #libc: Libc;
  readonly #descriptor: number;
  readonly #ring: Uint32Array;
  readonly #signedRing: Int32Array;
  readonly #submissions: Uint32Array;
  readonly #tailAt: number;
  readonly #completionHeadAt: number;
  readonly #completionTailAt: number;
  readonly #completionMask: number;
  readonly #completionsAt: number;
  #tail: number;
  #added = 0;
  #isBroken = false;

  /** @throws Error with the reason if the system does not allow a ring, such as a kernel that is too old */
  constructor(libc: Libc, entries: number) {
    const parameters = new DataView(new ArrayBuffer(PARAMETER_BYTES));
    parameters.setUint32(FLAGS, SETUP_FLAGS, true);
    const descriptor = libc.ioUringSetup(entries, new Uint8Array(parameters.buffer));
    if (descriptor < 0) throw new Error(`the system does not offer io_uring (${errorName(descriptor)})`);
    const word = (at: number): number => parameters.getUint32(at, true);
    this.#libc = libc;
    this.#descriptor = descriptor;
    this.entries = word(SQ_ENTRIES);
    this.results = new Int32Array(this.entries);
    const completions = word(CQ_ENTRIES);
    const indicesAt = word(SQ_OFFSETS + 24);
    this.#completionsAt = word(CQ_OFFSETS + 20) / 4;
    const ringBytes = Math.max(
      indicesAt + 4 * this.entries,
      4 * this.#completionsAt + CQE_BYTES * completions,
    );
    const ringAddress = this.#map(ringBytes, 0, []);
    const ringMap = { address: ringAddress, bytes: ringBytes };
    const sqeBytes = SQE_BYTES * this.entries;
    const sqeMap = { address: this.#map(sqeBytes, SQES_OFFSET, [ringMap]), bytes: sqeBytes };
    this.handles = { descriptor, maps: [ringMap, sqeMap] };
    const ring = libc.view(ringAddress, ringBytes);
    this.#ring = new Uint32Array(ring, 0, ringBytes >> 2);
    this.#signedRing = new Int32Array(ring, 0, ringBytes >> 2);
    this.#submissions = new Uint32Array(libc.view(sqeMap.address, sqeBytes));
    this.#tailAt = word(SQ_OFFSETS + 4) / 4;
    this.#completionHeadAt = word(CQ_OFFSETS) / 4;
    this.#completionTailAt = word(CQ_OFFSETS + 4) / 4;
    this.#completionMask = completions - 1;
    this.#tail = this.#word(this.#tailAt);
    // Place i of the submission queue always refers to entry i.
    for (let entry = 0; entry < this.entries; entry += 1) this.#ring[indicesAt / 4 + entry] = entry;
    // If this fails there are fewer workers, which does no harm, so the result is ignored.
    libc.ioUringRegister(
      descriptor,
      REGISTER_IOWQ_MAX_WORKERS,
      new Uint8Array(Uint32Array.of(KERNEL_WORKERS, 0).buffer),
      2,
    );
    this.#selfTest();
  }

  /** Whether `run` has thrown. Then operations may be in progress for ever, and it throws each time. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  // Addresses of paths lead to bytes that end with a zero byte.

  /** @param folder descriptor of the folder that a relative path starts at */
  addOpen(folder: number, pathAddress: number, flags: number): void {
    this.#add(OP_OPENAT, folder, pathAddress, 0, 0, flags);
  }

  /**
   * Opens an absolute path.
   *
   * @param howAddress address of a `struct open_how`, which `bytes` is the size of
   */
  addOpenHow(pathAddress: number, howAddress: number, bytes: number): void {
    this.#add(OP_OPENAT2, AT_FDCWD, pathAddress, bytes, howAddress, 0);
  }

  /**
   * Examines a name in an open folder.
   *
   * @param bufferAddress address of `STATX_BYTES`
   */
  addStatx(folder: number, nameAddress: number, flags: number, bufferAddress: number): void {
    this.#add(OP_STATX, folder, nameAddress, STATX_MASK, bufferAddress, flags);
  }

  addRead(descriptor: number, address: number, bytes: number, offset: number): void {
    this.#add(OP_READ, descriptor, address, bytes, offset, 0);
  }

  addClose(descriptor: number): void {
    this.#add(OP_CLOSE, descriptor, 0, 0, 0, 0);
  }

  /**
   * Performs all operations that were added, and waits until they are complete.
   *
   * @param beforeWait called once if some operations have to be waited for, before the wait. `isPending` tells which
   *   those are. It returns the operations to cancel, which may be all of them
   * @throws Error if the ring itself fails, and whatever `beforeWait` throws. The ring is broken then
   */
  run(beforeWait?: (isPending: (operation: number) => boolean) => readonly number[]): void {
    if (this.#added === 0) return;
    if (this.#isBroken) throw new Error('this io_uring has failed before');
    // Until all operations are complete: whatever throws leaves some in progress.
    this.#isBroken = true;
    this.#complete(this.#added, beforeWait);
    this.#added = 0;
    this.#isBroken = false;
  }

  #complete(
    added: number,
    beforeWait: ((isPending: (operation: number) => boolean) => readonly number[]) | undefined,
  ): void {
    this.results.fill(PENDING, 0, added);
    const done = this.#enter(added, beforeWait === undefined ? added : 0);
    if (done === added) return;
    let cancels = 0;
    if (beforeWait !== undefined) {
      // The kernel has taken all operations out of the queue, so that there is room for as many cancellations.
      for (const operation of beforeWait((at) => this.results[at] === PENDING)) {
        if (cancels === this.entries) throw new RangeError(`more than ${this.entries} cancellations`);
        this.#write(OP_ASYNC_CANCEL, -1, operation, 0, 0, 0, NO_RESULT);
        cancels += 1;
      }
    }
    this.#enter(cancels, added + cancels - done);
  }

  /**
   * Submits the operations that were added last, and waits until `completions` more are complete.
   *
   * @returns how many were completed
   */
  #enter(submissions: number, completions: number): number {
    Atomics.store(this.#ring, this.#tailAt, this.#tail);
    let done = 0;
    let submitted = 0;
    for (let failures = 0; submitted < submissions || done < completions;) {
      const wanted = Math.max(0, completions - done);
      const entered = this.#libc.ioUringEnter(this.#descriptor, submissions - submitted, wanted);
      if (entered >= 0) submitted += entered;
      else if (entered !== EINTR) {
        failures += 1;
        if (!RETRYABLE.has(entered) || failures > MAX_RETRIES) {
          throw new Error(`io_uring failed (${errorName(entered)})`);
        }
        sleepSync(RETRY_PAUSE_MS);
      }
      done += this.#collect();
    }
    return done;
  }

  /** Some systems allow a ring to be made but not to be used. @throws Error if this is one */
  #selfTest(): void {
    try {
      this.addClose(-1);
      this.run();
      if (this.results[0] !== EBADF) throw new Error(`io_uring returns wrong results (${this.results[0]})`);
    } catch (error) {
      releaseRing(this.#libc, this.handles);
      throw error;
    }
  }

  #collect(): number {
    const ring = this.#ring;
    let head = this.#word(this.#completionHeadAt);
    const tail = Atomics.load(ring, this.#completionTailAt);
    const count = (tail - head) >>> 0;
    for (; head !== tail; head = (head + 1) >>> 0) {
      const at = this.#completionsAt + CQE_WORDS * (head & this.#completionMask);
      const operation = ring[at] ?? NO_RESULT;
      if (operation !== NO_RESULT) this.results[operation] = this.#signedRing[at + 2] ?? 0;
    }
    Atomics.store(ring, this.#completionHeadAt, head);
    return count;
  }

  #add(
    operation: number,
    descriptor: number,
    address: number,
    bytes: number,
    offset: number,
    flags: number,
  ): void {
    if (this.#added === this.entries) throw new RangeError(`a ring of ${this.entries} entries is full`);
    this.#write(operation, descriptor, address, bytes, offset, flags, this.#added);
    this.#added += 1;
  }

  /** Words 9 to 15 of an entry are 0 from the beginning and never written. */
  #write(
    operation: number,
    descriptor: number,
    address: number,
    bytes: number,
    offset: number,
    flags: number,
    resultAt: number,
  ): void {
    const words = this.#submissions;
    const at = (this.#tail & (this.entries - 1)) * SQE_WORDS;
    words[at] = operation;
    words[at + 1] = descriptor;
    words[at + 2] = offset % TWO_TO_32;
    words[at + 3] = offset / TWO_TO_32;
    words[at + 4] = address % TWO_TO_32;
    words[at + 5] = address / TWO_TO_32;
    words[at + 6] = bytes;
    words[at + 7] = flags;
    words[at + 8] = resultAt;
    this.#tail = (this.#tail + 1) >>> 0;
  }

  #word(at: number): number {
    return this.#ring[at] ?? 0;
  }

  /** Maps a part of the ring. If that fails, it releases the ring's resources and throws. */
  #map(bytes: number, offset: number, maps: RingHandles['maps']): number {
    const address = this.#libc.map(bytes, this.#descriptor, offset);
    if (address >= 0) return address;
    releaseRing(this.#libc, { descriptor: this.#descriptor, maps });
    throw new Error(`no memory for io_uring (${errorName(address)})`);
  }
}

/** Releases the system resources of a ring. Nothing may use the ring afterwards, because its memory is unmapped. */
export function releaseRing(libc: Libc, { descriptor, maps }: RingHandles): void {
  for (const { address, bytes } of maps) libc.unmap(address, bytes);
  libc.close(descriptor);
}
