import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { stateMarkOfStats } from '../../../engine/system/state-mark.js';
import { BookError } from '../book-error.js';

/** By these a scan notices that a file has changed. */
export interface BookFileState {
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
  /** Its inode and time of last change in one number. Undefined where they tell nothing. */
  readonly stateMark?: number | undefined;
}

/** Distinguishes one state of a file from another. */
export interface FileIdentity extends BookFileState {
  readonly path: Buffer;
  readonly stateMark: number;
}

/** A file that is open for reading at any offset. Reading is synchronous, for use in a worker thread. */
export interface FileReader {
  readonly identity: FileIdentity;
  /**
   * The bytes `[position, position + length)`, in a new buffer.
   *
   * @throws BookError `truncated` if the file ends before, `unreadable` with the file system's error as its cause.
   */
  read(position: number, length: number): Buffer;
  close(): void;
}

interface OpenReader extends FileReader {
  /** As `read`, the bytes `[position, position + buffer.length)` into a buffer. */
  readInto(buffer: Uint8Array, position: number): void;
  /** @throws BookError `unreadable` */
  identityNow(): FileIdentity;
}

/**
 * Opens a regular file. The identity is that of the open file, even if its path is changed afterwards.
 * @throws BookError `unreadable` with the file system's error as its cause.
 */
function openReader(path: string | Buffer): OpenReader {
  // Opening a pipe that replaced the file since the scan would block the thread until somebody writes to it.
  if (!attempt(() => statSync(path)).isFile()) throw new BookError('unreadable', 'not a regular file');
  const fd = attempt(() => openSync(path, 'r'));
  try {
    const identityNow = (): FileIdentity => {
      const stats = attempt(() => fstatSync(fd, { bigint: true }));
      if (!stats.isFile()) throw new BookError('unreadable', 'not a regular file');
      const sizeBytes = Number(stats.size);
      const modifiedNs = stats.mtimeNs;
      return { path: Buffer.from(path), sizeBytes, modifiedNs, stateMark: stateMarkOfStats(stats) };
    };
    return {
      identity: identityNow(),
      identityNow,
      read: (position, length) => {
        const buffer = Buffer.allocUnsafe(length);
        readExactly(fd, buffer, position);
        return buffer;
      },
      readInto: (buffer, position) => readExactly(fd, buffer, position),
      close: () => closeSync(fd),
    };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * Opens a file for one call, and closes it after the call, even if it throws.
 *
 * @param expected the state that the file should have, before and after the call. Undefined: any.
 * @throws BookError `changed` if it has another one; what `use` throws
 */
export async function withFile<Result>(
  path: string | Buffer,
  expected: BookFileState | undefined,
  use: (file: OpenReader) => Promise<Result>,
): Promise<Result> {
  const file = openReader(path);
  try {
    requireState(file.identity, expected);
    try {
      return await use(file);
    } finally {
      // What was read while somebody wrote to the file is of no state, and an error may come from that as well.
      requireState(file.identityNow(), expected);
    }
  } finally {
    file.close();
  }
}

/** @throws BookError `changed` */
function requireState(identity: FileIdentity, expected: BookFileState | undefined): void {
  if (expected === undefined) return;
  const { sizeBytes, modifiedNs, stateMark } = expected;
  const isInState =
    identity.sizeBytes === sizeBytes &&
    identity.modifiedNs === modifiedNs &&
    (stateMark === undefined || stateMark === identity.stateMark);
  if (!isInState) throw new BookError('changed', 'the file has changed');
}

function readExactly(fd: number, buffer: Uint8Array, position: number): void {
  let filled = 0;
  while (filled < buffer.length) {
    const from = filled;
    const count = attempt(() => readSync(fd, buffer, from, buffer.length - from, position + from));
    if (count === 0) throw new BookError('truncated', 'the file ends too early');
    filled += count;
  }
}

function attempt<Result>(operation: () => Result): Result {
  try {
    return operation();
  } catch (cause) {
    // Only the code, because the message of the file system's error holds the path.
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw new BookError('unreadable', `the file cannot be read (${code})`, { cause });
  }
}
