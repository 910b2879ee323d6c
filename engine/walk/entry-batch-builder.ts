import type { EntryFailure } from '../failure.js';
import { NO_STATE_MARK } from '../system/state-mark.js';
import { EntryBatch } from './entry-batch.js';

const INITIAL_ENTRIES = 64;
/** Assumes 64 bytes a path; the buffer doubles when that is too little. */
const INITIAL_PATH_BYTES = INITIAL_ENTRIES * 64;

/**
 * Builds an `EntryBatch`, for callers that already know the files and need no walk. The arrays grow by doubling.
 * Sizes and times that do not match the file do no harm: hashing then reads the file in its present state and reports
 * it.
 */
export class EntryBatchBuilder {
  private count = 0;
  private pathByteCount = 0;
  private pathBytes = Buffer.alloc(INITIAL_PATH_BYTES);
  private pathEnds = new Uint32Array(INITIAL_ENTRIES);
  private sizeBytes = new Float64Array(INITIAL_ENTRIES);
  private modifiedNs = new BigInt64Array(INITIAL_ENTRIES);
  private stateMarks = new Float64Array(INITIAL_ENTRIES);
  private failures = new Map<number, EntryFailure>();

  /** Number of entries that were added since the last `take()`. */
  get length(): number {
    return this.count;
  }

  /**
   * Adds a regular file.
   *
   * @param latin1Path path relative to the root, `/`-separated, one character for each byte:
   *   `Buffer.from(path).toString('latin1')`
   * @param sizeBytes 0 or more
   * @param modifiedNs time of modification, nanoseconds since 1970
   * @param stateMark as in `EntryBatch`; absent: not known
   */
  addFile(latin1Path: string, sizeBytes: number, modifiedNs: bigint, stateMark = NO_STATE_MARK): void {
    this.grow(latin1Path.length);
    this.pathByteCount += this.pathBytes.write(latin1Path, this.pathByteCount, 'latin1');
    this.pathEnds[this.count] = this.pathByteCount;
    this.sizeBytes[this.count] = sizeBytes;
    this.modifiedNs[this.count] = modifiedNs;
    this.stateMarks[this.count] = stateMark;
    this.count += 1;
  }

  /** Adds an entry that has a failure; hashing passes it through. The path is as in `addFile`. */
  addFailure(latin1Path: string, failure: EntryFailure): void {
    this.failures.set(this.count, failure);
    this.addFile(latin1Path, 0, 0n);
  }

  /** Returns the entries that were added, copied into a batch of their own, and empties the builder for further use. */
  take(): EntryBatch {
    const batch = new EntryBatch({
      pathBytes: new Uint8Array(this.pathBytes.subarray(0, this.pathByteCount)),
      pathEnds: this.pathEnds.slice(0, this.count),
      sizeBytes: this.sizeBytes.slice(0, this.count),
      modifiedNs: this.modifiedNs.slice(0, this.count),
      stateMarks: this.stateMarks.slice(0, this.count),
      failures: this.failures,
    });
    this.count = 0;
    this.pathByteCount = 0;
    this.failures = new Map();
    return batch;
  }

  private grow(pathLength: number): void {
    if (this.pathByteCount + pathLength > this.pathBytes.length) {
      const larger = Buffer.alloc(Math.max(this.pathBytes.length * 2, this.pathByteCount + pathLength));
      this.pathBytes.copy(larger, 0, 0, this.pathByteCount);
      this.pathBytes = larger;
    }
    if (this.count === this.pathEnds.length) {
      const entries = this.count * 2;
      const ends = new Uint32Array(entries);
      ends.set(this.pathEnds);
      this.pathEnds = ends;
      const sizes = new Float64Array(entries);
      sizes.set(this.sizeBytes);
      this.sizeBytes = sizes;
      const times = new BigInt64Array(entries);
      times.set(this.modifiedNs);
      this.modifiedNs = times;
      const marks = new Float64Array(entries);
      marks.set(this.stateMarks);
      this.stateMarks = marks;
    }
  }
}
