import type { EntryFailure } from '../failure.js';
import { NO_STATE_MARK } from '../system/state-mark.js';

/**
 * The data of an `EntryBatch`, in the form in which it is sent between threads: a few arrays for all entries, no object
 * for each. No array is a view into a larger buffer, because sending a view copies the whole buffer.
 */
export interface PackedEntries {
  /** All paths relative to the root, `/`-separated, concatenated. */
  readonly pathBytes: Uint8Array<ArrayBuffer>;
  /**
   * For each entry, where its path ends in `pathBytes`. The first path begins at 0, each other where the last ended.
   */
  readonly pathEnds: Uint32Array<ArrayBuffer>;
  /** For each entry, its size; 0 for a failure. */
  readonly sizeBytes: Float64Array<ArrayBuffer>;
  /** For each entry, its time of modification, nanoseconds since 1970; 0 for a failure. */
  readonly modifiedNs: BigInt64Array<ArrayBuffer>;
  /**
   * For each entry, its inode and time of last change in one number; 0 for a failure, and where the file system has no
   * stable inodes.
   */
  readonly stateMarks: Float64Array<ArrayBuffer>;
  /** By the index of the entry. Objects are affordable here, because few entries fail. */
  readonly failures: ReadonlyMap<number, EntryFailure>;
}

/**
 * A batch of entries below one root: regular files with their size and time of modification, and failures. It holds no
 * root; whoever hashes it says which root the paths belong to.
 *
 * The batches of one walk, and the entries in them, are in byte order of the relative path, where a folder counts as
 * `name/`. The arrays belong to the batch and must not be written to: hashing may still be reading them.
 */
export class EntryBatch implements PackedEntries {
  readonly pathBytes: Uint8Array<ArrayBuffer>;
  readonly pathEnds: Uint32Array<ArrayBuffer>;
  readonly sizeBytes: Float64Array<ArrayBuffer>;
  readonly modifiedNs: BigInt64Array<ArrayBuffer>;
  readonly stateMarks: Float64Array<ArrayBuffer>;
  readonly failures: ReadonlyMap<number, EntryFailure>;

  /** Takes over the arrays without copying them. To build a batch from single files, use `EntryBatchBuilder`. */
  constructor(packed: PackedEntries) {
    this.pathBytes = packed.pathBytes;
    this.pathEnds = packed.pathEnds;
    this.sizeBytes = packed.sizeBytes;
    this.modifiedNs = packed.modifiedNs;
    this.stateMarks = packed.stateMarks;
    this.failures = packed.failures;
  }

  /** Number of entries. */
  get length(): number {
    return this.pathEnds.length;
  }

  /**
   * The path of an entry, relative to the root: `/`-separated bytes, not necessarily valid UTF-8. Empty for the root
   * itself. It is a view into the batch, not a copy.
   */
  pathAt(index: number): Buffer {
    const start = this.pathStart(index);
    const end = this.pathEnds[index] ?? start;
    return Buffer.from(this.pathBytes.buffer, this.pathBytes.byteOffset + start, end - start);
  }

  /** The failure of an entry, or `undefined` for a regular file with a valid size and time. */
  failureAt(index: number): EntryFailure | undefined {
    return this.failures.size === 0 ? undefined : this.failures.get(index);
  }

  /**
   * Copies the chosen entries into a new batch, in the order of `indices`; an index may occur more than once.
   *
   * @throws RangeError for an index that the batch does not have
   */
  select(indices: ArrayLike<number>): EntryBatch {
    const count = indices.length;
    let pathByteCount = 0;
    for (let to = 0; to < count; to += 1) {
      const from = indices[to] ?? -1;
      pathByteCount += (this.pathEnds[from] ?? 0) - this.pathStart(from);
    }
    const pathBytes = new Uint8Array(pathByteCount);
    const pathEnds = new Uint32Array(count);
    const sizeBytes = new Float64Array(count);
    const modifiedNs = new BigInt64Array(count);
    const stateMarks = new Float64Array(count);
    const failures = new Map<number, EntryFailure>();
    let end = 0;
    for (let to = 0; to < count; to += 1) {
      const from = indices[to] ?? -1;
      const size = this.sizeBytes[from];
      if (size === undefined) throw new RangeError(`no entry ${from} in a batch of ${this.length}`);
      const path = this.pathBytes.subarray(this.pathStart(from), this.pathEnds[from]);
      pathBytes.set(path, end);
      end += path.length;
      pathEnds[to] = end;
      sizeBytes[to] = size;
      modifiedNs[to] = this.modifiedNs[from] ?? 0n;
      stateMarks[to] = this.stateMarks[from] ?? NO_STATE_MARK;
      const failure = this.failureAt(from);
      if (failure) failures.set(to, failure);
    }
    return new EntryBatch({ pathBytes, pathEnds, sizeBytes, modifiedNs, stateMarks, failures });
  }

  private pathStart(index: number): number {
    return index === 0 ? 0 : (this.pathEnds[index - 1] ?? 0);
  }
}
