import { constants } from 'node:fs';
import { errnoOf } from '../failure.js';
import { sleepSync } from '../system/sleep-sync.js';

/**
 * O_NONBLOCK: opening a pipe that replaced the file since the walk must not block the thread. It has no effect on
 * regular files. O_NOCTTY: opening a terminal must not make it the terminal of this process. On a system that lacks a
 * flag, its constant is undefined, which counts as 0 here.
 */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * O_NOATIME (Linux): hashing must not update the time of last access. The update costs 1.3 µs a file and a write to the
 * disk, and a scan does not mean that somebody read the book. Only the owner of a file and root may use the flag. After
 * the first refusal this thread does not use it any more.
 */
let noAtime = constants.O_NOATIME;

/**
 * Opening a file on which another client of the file server holds a lease (oplock) fails with EAGAIN until the server
 * has revoked it. It gets 20 times 50 ms for that.
 */
const LEASE_TRIES = 20;
const LEASE_PAUSE_MS = 50;

/** How a file is opened and closed. Both throw Node's errors. */
export interface FileToRead {
  /** @returns a descriptor */
  open(this: void, flags: number): number;
  close(this: void, descriptor: number): void;
}

/** The flags that `openFile` uses now. */
export function openFlags(): number {
  return FLAGS | noAtime;
}

/** To be called after the system refused O_NOATIME. */
export function disableNoAtime(): void {
  noAtime = 0;
}

/**
 * Opens a file for reading. For a pipe it does not wait until somebody opens the other end.
 *
 * @returns a file descriptor
 * @throws Node's error
 */
export function openFile(file: FileToRead): number {
  for (let tries = 1; ; tries += 1) {
    try {
      return file.open(openFlags());
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'EPERM' && noAtime !== 0) disableNoAtime();
      else if (errno === 'EAGAIN' && tries < LEASE_TRIES) sleepSync(LEASE_PAUSE_MS);
      else throw error;
    }
  }
}
