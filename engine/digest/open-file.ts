import { constants, openSync } from 'node:fs';
import { pause } from './pause.js';

/**
 * O_NONBLOCK: a pipe that took the file's place since the walk must not stop the thread (it means nothing for
 * regular files). O_NOCTTY: nor may a terminal become ours. Where a system lacks one, it counts as 0 here.
 */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * O_NOATIME (Linux): a scan is not a reading of the book, and noting the time of access in every inode costs
 * 1.3 µs a file and a write to the disk. Only a file's owner and root may ask for it; where that fails once, this
 * thread asks no more.
 */
let noAtime = constants.O_NOATIME;

/** A file server that has lent the file to a client (a lease, an oplock) gets this long to take it back. */
const LEASE_TRIES = 20;
const LEASE_PAUSE_MS = 50;

/** What `openFile` opens with at the moment. */
export function openFlags(): number {
  return FLAGS | noAtime;
}

/** After the system refused O_NOATIME. */
export function openWithoutNoAtime(): void {
  noAtime = 0;
}

/**
 * Opens for reading and never waits for another end to show up.
 *
 * @param path absolute; a string only when all of it is ASCII
 * @returns a descriptor; throws Node's error
 */
export function openFile(path: string | Buffer): number {
  for (let tries = 1; ; tries += 1) {
    try {
      return openSync(path, openFlags());
    } catch (error) {
      const errno = error instanceof Error && 'code' in error ? error.code : undefined;
      if (errno === 'EPERM' && noAtime !== 0) openWithoutNoAtime();
      else if (errno === 'EAGAIN' && tries < LEASE_TRIES) pause(LEASE_PAUSE_MS);
      else throw error;
    }
  }
}
