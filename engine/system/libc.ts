import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { bindEntryThreads, type EntryThreads } from './entry-threads.js';

/**
 * The system calls of Linux that Node.js does not offer. Addresses are numbers, because those of user space stay far
 * below 2^53. A negative result is the negated errno of a call that failed.
 */
export interface Libc {
  ioUringSetup(entries: number, parameters: Uint8Array): number;
  /** Submits operations and waits until `completions` of them are complete. */
  ioUringEnter(ring: number, submissions: number, completions: number): number;
  ioUringRegister(ring: number, operation: number, argument: Uint8Array, count: number): number;
  /** Writes the type, size and times of an open file into a buffer of `STATX_BYTES`. */
  statx(descriptor: number, bufferAddress: number): number;
  /** The same for a name in an open folder. Links are followed unless `flags` has `AT_SYMLINK_NOFOLLOW`. */
  statxAt(folder: number, nameAddress: number, flags: number, bufferAddress: number): number;
  /** Opens a name in an open folder. Returns a descriptor. */
  openAt(folder: number, nameAddress: number, flags: number): number;
  /**
   * Writes the next entries of an open folder into a buffer, as `struct linux_dirent64`. Returns the number of bytes
   * written, 0 at the end.
   */
  readEntries(folder: number, bufferAddress: number, bytes: number): number;
  /** Replaces the status flags of an open file (F_SETFL), such as O_NONBLOCK. */
  setFlags(descriptor: number, flags: number): number;
  /** Maps memory that the kernel shares, from an offset of a ring's descriptor. Returns the address. */
  map(bytes: number, descriptor: number, offset: number): number;
  unmap(address: number, bytes: number): number;
  close(descriptor: number): number;
  /** Returns memory that nobody uses to the system, of all threads. Undefined if the C library cannot (musl). */
  readonly trim: (() => void) | undefined;
  /**
   * The address of a buffer's bytes, which is valid for as long as the buffer lives. The buffer must have 65 bytes or
   * more: the garbage collector may move shorter ones.
   */
  addressOf(buffer: ArrayBuffer): number;
  /** A view of mapped memory. It must not be used after the memory is unmapped. */
  view(address: number, bytes: number): ArrayBuffer;
  /** Undefined if the C library lacks something that they need. */
  readonly entryThreads: EntryThreads | undefined;
}

export type LibcLoad =
  | { readonly state: 'ready'; readonly libc: Libc }
  | { readonly state: 'unavailable'; readonly reason: string };

export const STATX_BYTES = 256;
/** Stands for the working directory where a descriptor of a folder is expected. An absolute path needs neither. */
export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
/** Child processes must not inherit the open files. Node's own calls add this flag by themselves. */
export const O_CLOEXEC = 0o2000000;
/** Opens a folder for looking up names in it, which takes no permission to list it. The same on all processors. */
export const O_PATH = 0o10000000;

/** `struct open_how` is three words of eight bytes: flags, mode, resolve. */
export const OPEN_HOW_BYTES = 24;
/** No part of the path may be a symbolic link. */
export const RESOLVE_NO_SYMLINKS = 4n;

/** These numbers are the same on every processor that Node.js supports. */
const IO_URING_SETUP = 425;
const IO_URING_ENTER = 426;
const IO_URING_REGISTER = 427;

const ENTER_GETEVENTS = 1;
export const AT_EMPTY_PATH = 0x1000;
/** Requests the type, mode, inode, size, and times of modification and change. */
export const STATX_MASK = 0x3c3;
const F_SETFL = 4;
const PROT_READ_WRITE = 3;
const MAP_SHARED_POPULATE = 0x8001;

/** An empty C string. It is a constant to stay alive, and longer than needed because `addressOf` requires that. */
const EMPTY_PATH = new ArrayBuffer(128);

/** What the trial of `statx` reads and writes. */
const TOP_PATH = Buffer.from(new ArrayBuffer(128)).fill('/', 0, 1);
const TRIAL_STATX = new ArrayBuffer(STATX_BYTES);

type NativeFunction = (...parameters: (number | bigint | string | Uint8Array | BigUint64Array)[]) => number;

/** The part of koffi that this file uses. */
interface Koffi {
  load(path: null): { func(definition: string): NativeFunction };
  errno(value?: number): number;
  address(buffer: ArrayBuffer): bigint;
  view(address: bigint, bytes: number): ArrayBuffer;
}

let loadedOnce: LibcLoad | undefined;

/** Loads the C library of this process; each thread does that once. Loading koffi takes 3 ms a thread. */
export function loadLibc(): LibcLoad {
  loadedOnce ??= load();
  return loadedOnce;
}

function load(): LibcLoad {
  if (process.platform !== 'linux') return { state: 'unavailable', reason: 'this is not Linux' };
  if (endianness() !== 'LE') return { state: 'unavailable', reason: 'the processor is big-endian' };
  let koffi: unknown;
  try {
    // koffi is optional, so an import statement would fail where it is not installed, and `import()` is asynchronous.
    // The architecture test finds this call because it is spelt `require('koffi')`.
    const require = createRequire(import.meta.url);
    koffi = require('koffi');
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return { state: 'unavailable', reason: `the package koffi cannot be loaded: ${why}` };
  }
  if (!isKoffi(koffi))
    return { state: 'unavailable', reason: 'this version of the package koffi lacks a function' };
  let libc: Libc;
  try {
    libc = bind(koffi);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { state: 'unavailable', reason: `the C library lacks a function: ${why}` };
  }
  // Containers of old versions of Docker refuse statx with EPERM. glibc makes up for it only where it is ENOSYS; Node's
  // own calls do in both cases.
  const tried = libc.statxAt(AT_FDCWD, libc.addressOf(TOP_PATH.buffer), 0, libc.addressOf(TRIAL_STATX));
  if (tried < 0)
    return { state: 'unavailable', reason: `the system refuses the call statx (${errorName(tried)})` };
  return { state: 'ready', libc };
}

function bind(koffi: Koffi): Libc {
  const library = koffi.load(null);
  const setup = library.func('long syscall(long number, unsigned int entries, void *parameters)');
  const enter = library.func(
    'long syscall(long number, unsigned int ring, unsigned int submissions, unsigned int completions, ' +
      'unsigned int flags, uintptr_t signals, size_t signalBytes)',
  );
  const register = library.func(
    'long syscall(long number, unsigned int ring, unsigned int operation, void *argument, unsigned int count)',
  );
  const statx = library.func(
    'int statx(int descriptor, uintptr_t path, int flags, unsigned int mask, uintptr_t buffer)',
  );
  const openat = library.func('int openat(int folder, uintptr_t name, int flags)');
  const getdents = bindGetdents(library);
  const fcntl = library.func('int fcntl(int descriptor, int command, long argument)');
  const mmap = library.func(
    'intptr_t mmap(uintptr_t address, size_t bytes, int protection, int flags, int descriptor, long offset)',
  );
  const munmap = library.func('int munmap(uintptr_t address, size_t bytes)');
  const close = library.func('int close(int descriptor)');
  // C functions return -1 when they fail and store the reason in errno.
  const outcome = (result: number): number => (result === -1 ? -koffi.errno() : result);
  const emptyPathAddress = Number(koffi.address(EMPTY_PATH));
  return {
    ioUringSetup: (entries, parameters) => outcome(setup(IO_URING_SETUP, entries, parameters)),
    ioUringEnter: (ring, submissions, completions) =>
      outcome(enter(IO_URING_ENTER, ring, submissions, completions, ENTER_GETEVENTS, 0, 0)),
    ioUringRegister: (ring, operation, argument, count) =>
      outcome(register(IO_URING_REGISTER, ring, operation, argument, count)),
    statx: (descriptor, bufferAddress) =>
      outcome(statx(descriptor, emptyPathAddress, AT_EMPTY_PATH, STATX_MASK, bufferAddress)),
    statxAt: (folder, nameAddress, flags, bufferAddress) =>
      outcome(statx(folder, nameAddress, flags, STATX_MASK, bufferAddress)),
    openAt: (folder, nameAddress, flags) => outcome(openat(folder, nameAddress, flags)),
    readEntries: (folder, bufferAddress, bytes) => outcome(getdents(folder, bufferAddress, bytes)),
    setFlags: (descriptor, flags) => outcome(fcntl(descriptor, F_SETFL, flags)),
    map: (bytes, descriptor, offset) =>
      outcome(mmap(0, bytes, PROT_READ_WRITE, MAP_SHARED_POPULATE, descriptor, offset)),
    unmap: (address, bytes) => outcome(munmap(address, bytes)),
    close: (descriptor) => outcome(close(descriptor)),
    get trim() {
      trimOnce ??= { trim: bindTrim(library) };
      return trimOnce.trim;
    },
    addressOf: (buffer) => Number(koffi.address(buffer)),
    view: (address, bytes) => koffi.view(BigInt(address), bytes),
    // Bound when they are needed: most libraries lie on storage that answers at once.
    get entryThreads() {
      entryThreadsOnce ??= { threads: entryThreadsOf(library, koffi) };
      return entryThreadsOnce.threads;
    },
  };
}

let trimOnce: { readonly trim: Libc['trim'] } | undefined;
let entryThreadsOnce: { readonly threads: EntryThreads | undefined } | undefined;

function entryThreadsOf(library: ReturnType<Koffi['load']>, koffi: Koffi): EntryThreads | undefined {
  try {
    return bindEntryThreads(library, { get: () => koffi.errno(), set: (value) => koffi.errno(value) });
  } catch {
    return undefined; // Folders are then read one at a time.
  }
}

function bindTrim(library: ReturnType<Koffi['load']>): Libc['trim'] {
  try {
    const trim = library.func('int malloc_trim(size_t kept)');
    return () => void trim(0);
  } catch {
    return undefined;
  }
}

/** musl calls it `getdents`; glibc has had it since 2.30. */
function bindGetdents(library: ReturnType<Koffi['load']>): NativeFunction {
  const parameters = '(int folder, uintptr_t buffer, size_t bytes)';
  try {
    return library.func(`long getdents64${parameters}`);
  } catch {
    return library.func(`long getdents${parameters}`);
  }
}

function isKoffi(loaded: unknown): loaded is Koffi {
  return (
    typeof loaded === 'object' &&
    loaded !== null &&
    ['load', 'errno', 'address', 'view'].every((name) => typeof Reflect.get(loaded, name) === 'function')
  );
}

/** @param result the negated errno that a call returned */
export function errorName(result: number): string {
  return getSystemErrorName(result);
}
