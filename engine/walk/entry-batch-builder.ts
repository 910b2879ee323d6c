import { EntryBatch } from './entry-batch.js';
import type { EntryFailure } from './failure.js';

const START_ENTRIES = 64;
/** A guess at a path's length; the buffer doubles when it is short. */
const START_PATH_BYTES = START_ENTRIES * 64;

/** Gathers entries into packed arrays that grow by doubling. */
export class EntryBatchBuilder {
  private count = 0;
  private pathByteCount = 0;
  private pathBytes = Buffer.alloc(START_PATH_BYTES);
  private pathEnds = new Uint32Array(START_ENTRIES);
  private sizeBytes = new Float64Array(START_ENTRIES);
  private modifiedNs = new BigInt64Array(START_ENTRIES);
  private failures = new Map<number, EntryFailure>();

  get length(): number {
    return this.count;
  }

  /** @param latin1Path the path's bytes, one character each */
  addFile(latin1Path: string, sizeBytes: number, modifiedNs: bigint): void {
    this.grow(latin1Path.length);
    this.pathByteCount += this.pathBytes.write(latin1Path, this.pathByteCount, 'latin1');
    this.pathEnds[this.count] = this.pathByteCount;
    this.sizeBytes[this.count] = sizeBytes;
    this.modifiedNs[this.count] = modifiedNs;
    this.count += 1;
  }

  addFailure(latin1Path: string, failure: EntryFailure): void {
    this.failures.set(this.count, failure);
    this.addFile(latin1Path, 0, 0n);
  }

  /** What was gathered, copied to its exact length; the builder is empty afterwards and may be used again. */
  take(): EntryBatch {
    const batch = new EntryBatch({
      pathBytes: new Uint8Array(this.pathBytes.subarray(0, this.pathByteCount)),
      pathEnds: this.pathEnds.slice(0, this.count),
      sizeBytes: this.sizeBytes.slice(0, this.count),
      modifiedNs: this.modifiedNs.slice(0, this.count),
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
    }
  }
}
