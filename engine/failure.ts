/** Why the walk could not determine the size and time of an entry. */
export type WalkFailureCode =
  'unreadable' | 'vanished' | 'not-regular' | 'link-loop' | 'path-too-long' | 'io-error';

/** Why a file has no digest. */
export type HashFailureCode = WalkFailureCode | 'changed-while-read';

/** Why one entry of a batch has no size and time, or no digest. It is a value in the stream; nothing is thrown. */
export interface EntryFailure {
  /**
   * - `unreadable`: permission denied
   * - `vanished`: it does not exist any more, or a folder on its path was replaced by something else
   * - `not-regular`: it is a pipe, a socket, a device or a folder
   * - `link-loop`: too many symbolic links on its path
   * - `path-too-long`: its path is longer than the operating system allows
   * - `io-error`: any other error of the operating system; `message` holds its errno code
   * - `changed-while-read` (hashing only): it was changed in each of three attempts to read it
   */
  readonly code: HashFailureCode;
  /** True for a folder that could not be listed. What it contains is unknown, so nothing in it may count as missing. */
  readonly isFolder: boolean;
  /** One line of English for people. It contains no path. */
  readonly message: string;
}

/**
 * The failure code of each errno; any other errno is an `io-error`. ESTALE must not become `vanished`: a file server
 * that was restarted, or that exports its folders anew, returns ESTALE for files that still exist.
 */
const CODE_OF_ERRNO: Readonly<Record<string, WalkFailureCode>> = {
  EACCES: 'unreadable',
  EPERM: 'unreadable',
  ENOENT: 'vanished',
  // A folder on the path was replaced by something else.
  ENOTDIR: 'vanished',
  ELOOP: 'link-loop',
  ENAMETOOLONG: 'path-too-long',
  // In this order: a folder that is read, a pipe that is read at an offset, a socket, a device without a driver.
  EISDIR: 'not-regular',
  ESPIPE: 'not-regular',
  ENXIO: 'not-regular',
  ENODEV: 'not-regular',
};

const MESSAGE_OF_CODE: Readonly<Record<HashFailureCode, string>> = {
  unreadable: 'permission denied',
  vanished: 'it does not exist any more',
  'not-regular': 'it is not a regular file',
  'link-loop': 'too many symbolic links on its path',
  'path-too-long': 'its path is longer than the operating system allows',
  'io-error': 'the operating system could not read it',
  'changed-while-read': 'it was changed while it was being read',
};

/** A failure that the engine itself detected, without an error of the operating system. */
export function failureOfCode(code: HashFailureCode, isFolder = false): EntryFailure {
  return { code, isFolder, message: MESSAGE_OF_CODE[code] };
}

/**
 * The failure that an errno code such as `EACCES` stands for. The workers report the engine's own failures in the same
 * field, so `changed-while-read` and `not-regular` are accepted too.
 */
export function failureOfErrno(errno: string, isFolder = false): EntryFailure {
  if (errno === 'changed-while-read' || errno === 'not-regular') return failureOfCode(errno, isFolder);
  const code = CODE_OF_ERRNO[errno] ?? 'io-error';
  return { code, isFolder, message: `${MESSAGE_OF_CODE[code]} (${errno})` };
}

/**
 * The errno code (`ENOENT`) of an error that Node's file system calls threw. Any other error is a bug and is
 * rethrown.
 */
export function errnoOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  throw error;
}
