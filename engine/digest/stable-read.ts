import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { ENDED_EARLY, readMessage } from './sample-read.js';

/**
 * O_NONBLOCK: a pipe that took the file's place since the walk must not stop the thread (it means nothing for
 * regular files). O_NOCTTY: nor may a terminal become ours.
 */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** A file that is written to all the time is given up after as many tries. */
const MAX_TRIES = 3;

/**
 * The kernel stamps changes with a clock that ticks every 1 to 10 ms (CONFIG_HZ), so two changes within a tick look
 * like one. A file whose last change is not yet two of the slowest ticks old may be changed again unseen.
 */
const CLOCK_TICKS_MS = 20;

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

export const CHANGED_WHILE_READ = 'changed-while-read';
export const NOT_REGULAR = 'not-regular';

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
 */
export function readStable(
  path: string | Buffer,
  sizeBytes: number,
  modifiedNs: bigint,
  arena: Uint8Array,
  start: number,
  outcome: StableRead,
): void {
  outcome.messageBytes = 0;
  outcome.sizeBytes = sizeBytes;
  outcome.modifiedNs = modifiedNs;
  outcome.failure = '';
  let fd = -1;
  try {
    const beganMs = Date.now();
    fd = openSync(path, OPEN_FLAGS);
    const messageBytes = readMessage(fd, sizeBytes, arena, start);
    // Costs 0.6 µs of the 10 to 15 a file takes (0.9 as a bigint), and nothing else can prove the digest.
    const after = fstatSync(fd);
    if (!after.isFile()) outcome.failure = NOT_REGULAR;
    else if (
      messageBytes !== ENDED_EARLY &&
      after.size === sizeBytes &&
      Math.abs(after.mtimeMs * 1e6 - Number(modifiedNs)) < DOUBLE_ERROR_NS &&
      !isRecent(after.ctimeMs, beganMs)
    ) {
      outcome.messageBytes = messageBytes;
    } else readAgain(fd, arena, start, outcome);
  } catch (error) {
    outcome.failure = failureOf(error, fd);
  } finally {
    if (fd !== -1) closeSync(fd);
  }
}

/** A change so shortly before (or, by a file server's clock, a little after) that another could hide behind it. */
function isRecent(changedMs: number, nowMs: number): boolean {
  return Math.abs(nowMs - changedMs) < CLOCK_TICKS_MS || changedMs > nowMs;
}

function readAgain(fd: number, arena: Uint8Array, start: number, outcome: StableRead): void {
  let seen = stateOf(fd);
  for (let tries = 1; tries < MAX_TRIES; tries += 1) {
    // After the pause a further change has a later tick, so that equal states are one state.
    if (isRecent(Number(seen.changedNs) / 1e6, Date.now())) pause(CLOCK_TICKS_MS);
    const before = stateOf(fd);
    const messageBytes = readMessage(fd, Number(before.sizeBytes), arena, start);
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

const pauseCell = new Int32Array(new SharedArrayBuffer(4));

/** Sleeps: the thread has nothing else to do, and a timer would make every read asynchronous. */
function pause(ms: number): void {
  Atomics.wait(pauseCell, 0, 0, ms);
}

function failureOf(error: unknown, fd: number): string {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) throw error;
  // Reading a pipe or a folder fails in as many ways as there are kinds; what it is says more.
  if (fd !== -1 && !fstatSync(fd).isFile()) return NOT_REGULAR;
  return error.code;
}
