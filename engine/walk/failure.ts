/** Why an entry that was found has no size and time. */
export type WalkFailureCode =
  'unreadable' | 'vanished' | 'not-regular' | 'link-loop' | 'path-too-long' | 'io-error';

/** Why a file has no digest. */
export type HashFailureCode = WalkFailureCode | 'changed-while-read';

export interface EntryFailure {
  readonly code: HashFailureCode;
  /** A folder that could not be listed: nothing is known of what lies below it. */
  readonly isFolder: boolean;
  /** One line for people; it holds no path. */
  readonly message: string;
}

/**
 * What an operating system error means for the entry that it befell. ESTALE is none of those that vanished: a file
 * server that was restarted or exports its folders anew gives it for files that are there.
 */
const CODE_OF_ERRNO: Readonly<Record<string, WalkFailureCode>> = {
  EACCES: 'unreadable',
  EPERM: 'unreadable',
  ENOENT: 'vanished',
  // A folder on the way was replaced by something else.
  ENOTDIR: 'vanished',
  ELOOP: 'link-loop',
  ENAMETOOLONG: 'path-too-long',
  // Reading a folder, a pipe's position, a socket or a device without a driver.
  EISDIR: 'not-regular',
  ESPIPE: 'not-regular',
  ENXIO: 'not-regular',
  ENODEV: 'not-regular',
};

const MESSAGE_OF_CODE: Readonly<Record<HashFailureCode, string>> = {
  unreadable: 'permission denied',
  vanished: 'it is not there any more',
  'not-regular': 'it is not a regular file',
  'link-loop': 'too many symbolic links on the way to it',
  'path-too-long': 'its path is longer than the operating system allows',
  'io-error': 'the operating system could not read it',
  'changed-while-read': 'it was changed while it was being read',
};

/** A failure for a reason of our own, without an operating system error behind it. */
export function failureOfCode(code: HashFailureCode, isFolder = false): EntryFailure {
  return { code, isFolder, message: MESSAGE_OF_CODE[code] };
}

/** @param errno the `code` of a Node error, such as `EACCES`, or a reason of ours that came the same way */
export function failureOfErrno(errno: string, isFolder = false): EntryFailure {
  if (errno === 'changed-while-read' || errno === 'not-regular') return failureOfCode(errno, isFolder);
  const code = CODE_OF_ERRNO[errno] ?? 'io-error';
  return { code, isFolder, message: `${MESSAGE_OF_CODE[code]} (${errno})` };
}

/** The `code` of an error of Node's file system calls. Anything else is a defect of ours and is thrown on. */
export function errnoOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  throw error;
}
