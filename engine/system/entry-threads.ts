/**
 * Threads of the C library that each read the first entries of one open folder.
 *
 * Linux has no way to read entries without waiting for them: io_uring cannot do it. A thread of Node.js takes 10 MB and
 * 50 ms of processor time; a thread of the C library takes some 10 KB and 30 µs. It can run any C function of one
 * pointer that returns a pointer, and `readdir` is one: called for a new stream, it reads as many entries as the stream's
 * buffer holds (32 KB with glibc, 2 KB with musl) and returns the first. The other calls of `readdir` for these entries
 * then do not wait.
 */
export interface EntryThreads {
  /** Makes a stream of an open folder's entries, which owns the descriptor. Returns its address, 0 if there is no memory. */
  openStream(descriptor: number): number;
  /** Closes the descriptor as well. */
  closeStream(stream: number): void;
  /**
   * Starts a thread that reads the first entries. Until `join` has returned, nothing else may use the stream.
   *
   * @returns false if the system has no thread left
   */
  start(stream: number, id: ThreadId): boolean;
  /** Waits for the thread to end. Returns the address of the first entry, 0 if there is none or it could not be read. */
  join(id: ThreadId): number;
  /** Returns the address of the next entry, 0 at the end, and a negative errno if it could not be read. */
  next(stream: number): number;
  /** Copies memory that the system owns, such as an entry, to an address. */
  copy(toAddress: number, fromAddress: number, bytes: number): void;
}

/** The identity of a thread; it is written by `start`. */
export type ThreadId = BigUint64Array<ArrayBuffer>;

type NativeFunction = (...parameters: (number | bigint | string | BigUint64Array)[]) => number;

/** The part of koffi that this file uses. */
interface CallLibrary {
  func(definition: string): NativeFunction;
}

/** @throws Error if the C library lacks a function */
export function bindEntryThreads(
  library: CallLibrary,
  errno: { get(): number; set(value: number): void },
): EntryThreads {
  const find = library.func('uintptr_t dlsym(uintptr_t library, const char *name)');
  // Where a `long` has four bytes, `readdir` of glibc makes shorter entries than `readdir64`. musl has no `readdir64`.
  const name = ['readdir64', 'readdir'].find((candidate) => find(0, candidate) > 0);
  if (name === undefined) throw new Error('readdir');
  const readdirAddress = find(0, name);
  const readdir = library.func(`intptr_t ${name}(uintptr_t stream)`);
  const fdopendir = library.func('intptr_t fdopendir(int descriptor)');
  const closedir = library.func('int closedir(uintptr_t stream)');
  const create = library.func(
    'int pthread_create(void *id, uintptr_t attributes, uintptr_t start, uintptr_t argument)',
  );
  const join = library.func('int pthread_join(uintptr_t id, void *result)');
  const memcpy = library.func('intptr_t memcpy(uintptr_t to, uintptr_t from, size_t bytes)');
  const first = new BigUint64Array(1);
  return {
    openStream: (descriptor) => fdopendir(descriptor),
    closeStream: (stream) => {
      closedir(stream);
    },
    start: (stream, id) => create(id, 0, readdirAddress, stream) === 0,
    join: (id) => {
      first[0] = 0n;
      join(id[0] ?? 0n, first);
      return Number(first[0]);
    },
    next: (stream) => {
      errno.set(0);
      const entry = readdir(stream);
      return entry === 0 ? -errno.get() : entry;
    },
    copy: (toAddress, fromAddress, bytes) => {
      memcpy(toAddress, fromAddress, bytes);
    },
  };
}
