import type { HashedBatch } from '../../engine/index.js';

/** For the first batches, while the speed of the storage is unknown. Fast storage loses nothing: a few batches later it is known. */
const FIRST_FILES = 32;
/** The engine gives no thread fewer. */
const MIN_FILES = 4;
/** How long one thread may take for a batch. Storage that takes less than 2 ms a file gets the walk's batches whole. */
const BATCH_MS = 1000;
/** How fast the estimate follows: the last four batches make up two thirds of it. */
const ESTIMATE_WEIGHT = 0.25;

/**
 * How many files are hashed together. The engine hands a batch out when its last file is done; only then it is committed
 * and shown. 512 files of a tape robot or a far file server, at ten seconds each, would take more than an hour.
 */
export class BatchSize {
  #msPerFile: number | undefined;

  get files(): number {
    if (this.#msPerFile === undefined) return FIRST_FILES;
    return Math.max(Math.floor(BATCH_MS / this.#msPerFile), MIN_FILES);
  }

  /** Follows the time that the threads took for the files of a batch. Ignores batches without entries. */
  learn({ entries, threadMs }: Pick<HashedBatch, 'entries' | 'threadMs'>): void {
    if (entries.length === 0) return;
    const msPerFile = threadMs / entries.length;
    const before = this.#msPerFile ?? msPerFile;
    this.#msPerFile = before + (msPerFile - before) * ESTIMATE_WEIGHT;
  }
}
