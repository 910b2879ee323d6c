import type { SampleReader } from '../digest/sample-reader.js';

/** Entries in a batch at most: enough to make a message's 50 µs small, few enough to keep memory and delay small. */
export const BATCH_ENTRIES = 512;

/**
 * A walk task ends when it has found this much or taken this long. Together with the message a task costs some
 * 100 µs, so 10 ms keep that at a hundredth; on slow storage 10 ms are a handful of folders, and what is left goes
 * back to be shared among the threads.
 */
export const WALK_TASK_ENTRIES = 4 * BATCH_ENTRIES;
export const WALK_TASK_MS = 10;

/** Paths given to one walk task at most: more would mostly be carried out and back again. */
export const WALK_TASK_PATHS = 1024;

/**
 * What the walk may hold of entries that nobody has asked for yet, in bytes of their paths and numbers: some 30,000
 * entries, a few hundred milliseconds of a fast disk. Past it only the very next folder is listed.
 */
export const WALK_READ_AHEAD_BYTES = 4 * 1024 * 1024;

/** A batch that is not full is handed out when the next entries take longer than this. */
export const WALK_FLUSH_MS = 50;

/**
 * A hash task is cut so that it takes about this long: long against the message around it, short enough that the
 * tuner sees its effect soon, that a few hundred files on slow storage use many threads, and that no batch waits long.
 */
const HASH_TASK_MS = 40;
/** The lanes of a vector: a smaller task would leave some empty. */
const HASH_TASK_MIN_FILES = 4;
/**
 * With a ring a task's files are read side by side, so that few of them take as long as many: on storage that takes more
 * than `HASH_TASK_MS` for one they would get fewer and fewer. Half of what a thread can have under way; a single disk,
 * at some 200 places a second, takes a second and a half for as many.
 */
const RING_TASK_MIN_FILES = 48;
/** Before anything is known of the storage. */
const HASH_TASK_FIRST_FILES = 32;

/**
 * How many files to put into the next task.
 *
 * @param msPerFile what a thread took for a file of late; `undefined`: not known yet
 */
export function filesPerTask(reads: SampleReader['name'], msPerFile: number | undefined): number {
  const fewest = reads === 'io-uring' ? RING_TASK_MIN_FILES : HASH_TASK_MIN_FILES;
  const files = msPerFile === undefined ? HASH_TASK_FIRST_FILES : Math.round(HASH_TASK_MS / msPerFile);
  return Math.min(Math.max(files, fewest), BATCH_ENTRIES);
}
