import { fstatSync } from 'node:fs';
import { errnoOf, type HashFailureCode } from '../failure.js';
import { type FileToRead, openFile } from './open-file.js';
import { ENDED_EARLY, type ReadAt, readMessage } from './sample-read.js';
import { sleepSync } from '../system/sleep-sync.js';
import { CLOCK_TICKS_MS, isRecent, isUnchanged } from './unchanged-check.js';

/** A file that is written to continuously is given up after this many attempts. */
const MAX_ATTEMPTS = 3;

/** The result of reading one file's samples. The caller makes one object and passes it to every call. */
export interface ConsistentRead {
  /** Bytes of the message in the arena; 0 if there is a failure. */
  messageBytes: number;
  /** The state of the file that was read. It is another than the planned one if the file had changed by then. */
  sizeBytes: number;
  modifiedNs: bigint;
  /** An errno code such as `ENOENT`, or `not-regular` or `changed-while-read`. */
  failure: string | undefined;
}

const CHANGED_WHILE_READ: HashFailureCode = 'changed-while-read';
const NOT_REGULAR: HashFailureCode = 'not-regular';

interface FileState {
  readonly sizeBytes: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

/**
 * Reads the samples of one state of a file into the arena at `start`, never a mix of two states.
 *
 * The reads are planned for the size that the walk found. One `fstat` after them then shows whether the file was
 * still in that state (unchanged-check.ts). If it was not, the samples are read again, with the state compared before
 * and after.
 *
 * @param read for tests, which replace the reading function to change the file between two reads
 */
export function readConsistent(
  file: FileToRead,
  sizeBytes: number,
  modifiedNs: bigint,
  arena: Uint8Array,
  start: number,
  outcome: ConsistentRead,
  read?: ReadAt,
): void {
  outcome.messageBytes = 0;
  outcome.sizeBytes = sizeBytes;
  outcome.modifiedNs = modifiedNs;
  outcome.failure = undefined;
  const beganMs = Date.now();
  let fd: number;
  try {
    fd = openFile(file);
  } catch (error) {
    outcome.failure = errnoOf(error);
    return;
  }
  try {
    readOnce(fd, beganMs, arena, start, outcome, read);
  } catch (error) {
    outcome.failure = errnoOf(error);
  }
  closeFile(file, fd, outcome);
}

function readOnce(
  fd: number,
  beganMs: number,
  arena: Uint8Array,
  start: number,
  outcome: ConsistentRead,
  read: ReadAt | undefined,
): void {
  let messageBytes: number;
  try {
    messageBytes = readMessage(fd, outcome.sizeBytes, arena, start, read);
  } catch (error) {
    // The errno of reading a pipe or a folder varies with its kind. That it is not a regular file tells more.
    if (fstatSync(fd).isFile()) throw error;
    outcome.failure = NOT_REGULAR;
    return;
  }
  // Without this call a mixed digest would go unnoticed. It takes 0.7 µs (1.0 as a bigint) of 10 to 20 µs a file.
  const after = fstatSync(fd);
  if (!after.isFile()) outcome.failure = NOT_REGULAR;
  else if (
    messageBytes !== ENDED_EARLY &&
    isUnchanged(
      after.size,
      after.mtimeMs * 1e6,
      after.ctimeMs,
      outcome.sizeBytes,
      Number(outcome.modifiedNs),
      beganMs,
    )
  ) {
    outcome.messageBytes = messageBytes;
  } else readAgain(fd, arena, start, outcome, read);
}

function readAgain(
  fd: number,
  arena: Uint8Array,
  start: number,
  outcome: ConsistentRead,
  read: ReadAt | undefined,
): void {
  let seen = stateOf(fd);
  for (let attempts = 1; attempts < MAX_ATTEMPTS; attempts += 1) {
    // A change after this pause gets a later clock tick. So if the states are equal, nothing changed between them.
    if (isRecent(Number(seen.changedNs) / 1e6, Date.now())) sleepSync(CLOCK_TICKS_MS);
    const before = stateOf(fd);
    const messageBytes = readMessage(fd, Number(before.sizeBytes), arena, start, read);
    const after = stateOf(fd);
    if (messageBytes !== ENDED_EARLY && isSame(seen, before) && isSame(before, after)) {
      outcome.messageBytes = messageBytes;
      outcome.sizeBytes = Number(after.sizeBytes);
      outcome.modifiedNs = after.modifiedNs;
      return;
    }
    seen = after;
  }
  outcome.failure = CHANGED_WHILE_READ;
}

function stateOf(fd: number): FileState {
  const stats = fstatSync(fd, { bigint: true });
  return { sizeBytes: stats.size, modifiedNs: stats.mtimeNs, changedNs: stats.ctimeNs };
}

function isSame(one: FileState, other: FileState): boolean {
  return (
    one.sizeBytes === other.sizeBytes &&
    one.modifiedNs === other.modifiedNs &&
    one.changedNs === other.changedNs
  );
}

function closeFile(file: FileToRead, fd: number, outcome: ConsistentRead): void {
  try {
    file.close(fd);
  } catch (error) {
    outcome.messageBytes = 0;
    outcome.failure = errnoOf(error);
  }
}
