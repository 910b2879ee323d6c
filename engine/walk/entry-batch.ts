import type { EntryFailure } from './failure.js';

/** Entries as they cross a thread: no object an entry, every array whole (not a view into a larger buffer). */
export interface PackedEntries {
  /** All relative paths, one behind the other. */
  readonly pathBytes: Uint8Array<ArrayBuffer>;
  /** Where each path ends in `pathBytes`; the first begins at 0. */
  readonly pathEnds: Uint32Array<ArrayBuffer>;
  readonly sizeBytes: Float64Array<ArrayBuffer>;
  readonly modifiedNs: BigInt64Array<ArrayBuffer>;
  /** By index; few entries fail, so these may be objects. */
  readonly failures: ReadonlyMap<number, EntryFailure>;
}

/**
 * A run of entries of one root: regular files with their size and modification time, and failures.
 * Batches of one walk come in byte order of the relative path, where a folder counts as `name/`.
 */
export class EntryBatch implements PackedEntries {
  readonly pathBytes: Uint8Array<ArrayBuffer>;
  readonly pathEnds: Uint32Array<ArrayBuffer>;
  readonly sizeBytes: Float64Array<ArrayBuffer>;
  readonly modifiedNs: BigInt64Array<ArrayBuffer>;
  readonly failures: ReadonlyMap<number, EntryFailure>;

  constructor(packed: PackedEntries) {
    this.pathBytes = packed.pathBytes;
    this.pathEnds = packed.pathEnds;
    this.sizeBytes = packed.sizeBytes;
    this.modifiedNs = packed.modifiedNs;
    this.failures = packed.failures;
  }

  get length(): number {
    return this.pathEnds.length;
  }

  /** The path relative to the root, `/`-separated bytes: a view into the batch, not a copy. */
  pathAt(index: number): Buffer {
    const start = this.pathStart(index);
    const end = this.pathEnds[index] ?? start;
    return Buffer.from(this.pathBytes.buffer, this.pathBytes.byteOffset + start, end - start);
  }

  /** `undefined`: a regular file, with a valid size and time. */
  failureAt(index: number): EntryFailure | undefined {
    return this.failures.size === 0 ? undefined : this.failures.get(index);
  }

  /** A batch of its own with copies of the chosen entries, in the order of `indices`. */
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
      const failure = this.failureAt(from);
      if (failure) failures.set(to, failure);
    }
    return new EntryBatch({ pathBytes, pathEnds, sizeBytes, modifiedNs, failures });
  }

  private pathStart(index: number): number {
    return index === 0 ? 0 : (this.pathEnds[index - 1] ?? 0);
  }
}
