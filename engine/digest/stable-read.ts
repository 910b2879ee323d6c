import { closeSync, fstatSync } from 'node:fs';
import { openFile } from './open-file.js';
import { pause } from './pause.js';
import { ENDED_EARLY, type ReadAt, readMessage } from './sample-read.js';

/** A file that is written to all the time is given up after as many tries. */
const MAX_TRIES = 3;

/**
 * The kernel stamps changes with a clock that ticks every 1 to 10 ms (CONFIG_HZ), so two changes within a tick look
 * like one. A file whose last change is not yet two of the slowest ticks old may be changed again unseen.
 */
const CLOCK_TICKS_MS = 20;

/**
 * File servers have clocks of their own. A change up to this far in the future counts as just made; what lies further
 * ahead was stamped by a clock that was wrong, and must not slow every scan.
 */
const CLOCK_SKEW_MS = 10_000;

/** `mtimeMs` and `Number(ns)` are doubles: near the present day both are within 0.26 µs of the exact time. */
const DOUBLE_ERROR_NS = 1024;

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
 * The state that the walk saw is trusted for planning, and proved by one `fstat` after the reads: same size, same
 * modification time, and no change (ctime, which nobody can set back) since shortly before the reads began. Where
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
    after.size === outcome.sizeBytes &&
    Math.abs(after.mtimeMs * 1e6 - Number(outcome.modifiedNs)) < DOUBLE_ERROR_NS &&
    !isRecent(after.ctimeMs, beganMs)
  ) {
    outcome.messageBytes = messageBytes;
  } else readAgain(fd, arena, start, outcome, read);
}

/** A change so shortly before the reads began that another could hide behind it, or one during them. */
function isRecent(changedMs: number, beganMs: number): boolean {
  return changedMs > beganMs - CLOCK_TICKS_MS && changedMs < Date.now() + CLOCK_SKEW_MS;
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
