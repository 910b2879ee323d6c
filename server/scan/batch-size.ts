import type { HashedBatch } from '../../engine/index.js';
import { MovingAverage } from '../../engine/moving-average.js';

/** For the first batches, while the speed of the storage is unknown. Fast storage loses nothing: a few batches later it is known. */
const FIRST_FILES = 32;
/** How long one thread may take for a batch. Storage that takes less than 2 ms a file gets the walk's batches whole. */
const BATCH_MS = 1000;
/**
 * How many files are hashed together. The engine hands a batch out when its last file is done; only then it is committed
 * and shown. 512 files of a tape robot or a far file server, at ten seconds each, would take more than an hour.
 *
 * It is a multiple of what the engine gives a thread at least. With io_uring a thread reads so many files at the same
 * time, and a task with fewer takes as long.
 */
export class BatchSize {
  readonly #msPerFile = new MovingAverage();
  readonly #minFiles: number;

  /** @param minFiles as the engine's `minBatchFiles` */
  constructor(minFiles: number) {
    this.#minFiles = minFiles;
  }

  /** How many of the files that are left to put into the next batch. A rest that is too small goes along. */
  of(filesLeft: number): number {
    const { files } = this;
    return filesLeft < files + this.#minFiles ? filesLeft : files;
  }

  get files(): number {
    const msPerFile = this.#msPerFile.value;
    if (msPerFile === undefined) return Math.max(FIRST_FILES, this.#minFiles);
    return Math.ceil(BATCH_MS / msPerFile / this.#minFiles) * this.#minFiles;
  }

  /** Follows the time that the threads took for the files of a batch. Ignores batches without entries. */
  learn({ entries, threadMs }: Pick<HashedBatch, 'entries' | 'threadMs'>): void {
    if (entries.length > 0) this.#msPerFile.add(threadMs / entries.length);
  }
}
