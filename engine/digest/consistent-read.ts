import { closeSync, fstatSync } from 'node:fs';
import { openFile } from './open-file.js';
import { pause } from './pause.js';
import { CLOCK_TICKS_MS, isRecent, provesRead } from './unchanged-check.js';
import { ENDED_EARLY, type ReadAt, readMessage } from './sample-read.js';

/** A file that is written to all the time is given up after as many tries. */
const MAX_TRIES = 3;

/** What one try to read a file's samples came to. The caller keeps one and passes it to every call. */
export interface StableRead {
  /** Bytes of the message in the arena; 0 when there is a failure. */
  messageBytes: number;
  /** The state that was read: as the caller knew it, or as it became since. */
  sizeBytes: number;
  modifiedNs: bigint;
  /** The `code` of an operating system error, or one of ours; empty: none. */
  failure: string;
}

const CHANGED_WHILE_READ = 'changed-while-read';
const NOT_REGULAR = 'not-regular';

interface FileState {
  readonly sizeBytes: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

/**
 * Reads the samples of one state of a file into the arena at `start`, never a mix of two.
 *
 * The state that the walk saw is trusted for planning, and proved by one `fstat` after the reads (read-proof.ts). Where
 * that does not hold, the file is read again between two looks at it.
 *
 * @param path absolute; a string only when all of it is ASCII
 * @param read for tests: what reads, and may change the file between two reads
 */
export function readStable(
  path: string | Buffer,
  sizeBytes: number,
  modifiedNs: bigint,
  arena: Uint8Array,
  start: number,
  outcome: StableRead,
  read?: ReadAt,
): void {
  outcome.messageBytes = 0;
  outcome.sizeBytes = sizeBytes;
  outcome.modifiedNs = modifiedNs;
  outcome.failure = '';
  const beganMs = Date.now();
  let fd: number;
  try {
    fd = openFile(path);
  } catch (error) {
    outcome.failure = errnoOf(error);
    return;
  }
  try {
    readOnce(fd, beganMs, arena, start, outcome, read);
  } catch (error) {
    outcome.failure = errnoOf(error);
  }
  closeFile(fd, outcome);
}

function readOnce(
  fd: number,
  beganMs: number,
  arena: Uint8Array,
  start: number,
  outcome: StableRead,
  read: ReadAt | undefined,
): void {
  let messageBytes: number;
  try {
    messageBytes = readMessage(fd, outcome.sizeBytes, arena, start, read);
  } catch (error) {
    // Reading a pipe or a folder fails in as many ways as there are kinds; what it is says more.
    if (fstatSync(fd).isFile()) throw error;
    outcome.failure = NOT_REGULAR;
    return;
  }
  // Costs 0.7 µs of the 10 to 20 a file takes (as a bigint 1.0), and nothing else can prove the digest.
  const after = fstatSync(fd);
  if (!after.isFile()) outcome.failure = NOT_REGULAR;
  else if (
    messageBytes !== ENDED_EARLY &&
    provesRead(
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
  outcome: StableRead,
  read: ReadAt | undefined,
): void {
  let seen = stateOf(fd);
  for (let tries = 1; tries < MAX_TRIES; tries += 1) {
    // After the pause a further change has a later tick, so that equal states are one state.
    if (isRecent(Number(seen.changedNs) / 1e6, Date.now())) pause(CLOCK_TICKS_MS);
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

function closeFile(fd: number, outcome: StableRead): void {
  try {
    closeSync(fd);
  } catch (error) {
    outcome.messageBytes = 0;
    outcome.failure = errnoOf(error);
  }
}

function errnoOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  throw error;
}
