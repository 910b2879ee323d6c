import type { ReadsName } from '../digest/sample-reader.js';

/**
 * Maximum number of entries in a batch. A message takes 50 µs, which is little for that many. More would cost memory
 * and delay.
 */
export const BATCH_ENTRIES = 512;

/**
 * A walk task ends when it has found this many entries or taken this long. Its overhead, message included, is about
 * 100 µs, which is a hundredth of 10 ms. On slow storage a task visits a handful of folders in 10 ms. The paths that
 * are left are sent back and divided among the threads.
 */
export const WALK_TASK_ENTRIES = 4 * BATCH_ENTRIES;
export const WALK_TASK_MS = 10;

/** Maximum number of paths for one walk task. Of more paths, most would be sent to the thread and back unvisited. */
export const WALK_TASK_PATHS = 1024;

/**
 * The same for a task that visits them in waves, of 32 folders each (system/late-folders.ts). On storage at 2 ms a wave takes
 * 10 ms, so a task has one or two.
 */
export const WALK_WAVE_PATHS = 64;

/**
 * How far a walk reads ahead of its consumer, in bytes of paths and numbers: about 30,000 entries, which a fast disk
 * delivers in a few hundred milliseconds. Beyond it, only the folder that is next in order is listed.
 */
export const WALK_READ_AHEAD_BYTES = 4 * 1024 * 1024;

/** A batch that is not full is handed out once its first entries have waited this long. */
export const WALK_FLUSH_MS = 50;
/**
 * The same for a batch with fewer files than a thread reads at once. Where the walk finds a file in 10 ms, those take half
 * a second, and hashing them one after the other would take longer.
 */
export const WALK_GATHER_MS = 1000;

/**
 * The time that a hash task should take. It is long compared to the message. It is short enough that the tuner soon
 * sees the effect of a change, that a few hundred files on slow storage are divided among many threads, and that no
 * batch waits long.
 */
const HASH_TASK_MS = 40;
/** A vector has four lanes; a smaller task would leave some of them empty. */
const HASH_TASK_MIN_FILES = 4;
/**
 * With a ring the files of a task are read at the same time, so a task with few files takes as long as one with many.
 * On storage that needs more than `HASH_TASK_MS` for one file, tasks would get smaller and smaller without this
 * minimum. It is half of the files that a thread can read at once. A single disk with 200 seeks a second takes 1.5 s
 * for that many.
 */
const RING_TASK_MIN_FILES = 48;
/** Used until the speed of the storage is known. */
const HASH_TASK_FIRST_FILES = 32;

/** A batch of fewer files does not give a thread as many as it can work on at once. */
export function minFilesPerTask(reads: ReadsName): number {
  return reads === 'io-uring' ? RING_TASK_MIN_FILES : HASH_TASK_MIN_FILES;
}

/**
 * How many files to put into the next task.
 *
 * @param msPerFile the average time that a thread took for a file; `undefined` until it is known
 */
export function filesPerTask(reads: ReadsName, msPerFile: number | undefined): number {
  const files = msPerFile === undefined ? HASH_TASK_FIRST_FILES : Math.round(HASH_TASK_MS / msPerFile);
  return Math.min(Math.max(files, minFilesPerTask(reads)), BATCH_ENTRIES);
}
