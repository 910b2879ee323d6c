import { type HashedBatch, MovingAverage } from '../../engine/index.js';

/** Before anything is known of the storage. Fast ones lose nothing: some batches later it is known. */
const FIRST_FILES = 32;
/** What the engine gives one thread at least. */
const MIN_FILES = 4;
/** What one thread may take for a batch. Storage that takes less than 2 ms a file gets the walk's batches whole. */
const BATCH_MS = 1000;

/**
 * How many files are hashed together. A batch is handed out when its last file is done, and only then committed and
 * shown: 512 files of a tape robot or a far file server, at ten seconds each, are more than an hour.
 */
export class BatchSize {
  readonly #msPerFile = new MovingAverage();

  get files(): number {
    const msPerFile = this.#msPerFile.value;
    if (msPerFile === undefined) return FIRST_FILES;
    return Math.max(Math.floor(BATCH_MS / msPerFile), MIN_FILES);
  }

  learn({ entries, threadMs }: Pick<HashedBatch, 'entries' | 'threadMs'>): void {
    this.#msPerFile.add(threadMs / entries.length);
  }
}
