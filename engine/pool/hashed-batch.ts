import { DIGEST_BYTES } from '../digest/batch-digests.js';
import type { EntryBatch } from '../walk/entry-batch.js';
import { failureOfErrno, type EntryFailure } from '../walk/failure.js';
import type { HashResult } from './messages.js';

/**
 * The digests of a batch of entries. `Batch` is a subclass of EntryBatch where the caller lets something of its own travel
 * with each batch, in a private `#` field: those are not copied when a whole batch is posted to a thread.
 */
export interface HashedBatch<Batch extends EntryBatch = EntryBatch> {
  /** The very batch that was asked for. Batches come in the order in which they are done. */
  readonly entries: Batch;
  /** 16 bytes an entry; zeros where there is a failure. */
  readonly partialMd5: Uint8Array;
  /** 16 bytes an entry; zeros where the entry came with a failure. */
  readonly filenameMd5: Uint8Array;
  /** Of the state that was hashed: a file that changed since the walk is hashed as it is now. */
  readonly sizeBytes: Float64Array;
  readonly modifiedNs: BigInt64Array;
  /** What the threads took for it, added up: divided by the files, the pace of the storage. */
  readonly threadMs: number;
  /** The failure that the entry came with, or the one that hashing it met. */
  failureAt(index: number): EntryFailure | undefined;
}

/** A part of a batch that is one task: `count` files from the `first` of the files (not entries) on. */
export interface FileRange {
  readonly first: number;
  readonly count: number;
}

/** A batch on its way: handed out in ranges, filled in as the results come. */
export class BatchInProgress<Batch extends EntryBatch = EntryBatch> implements HashedBatch<Batch> {
  readonly entries: Batch;
  readonly partialMd5: Uint8Array;
  readonly filenameMd5: Uint8Array;
  readonly sizeBytes: Float64Array;
  readonly modifiedNs: BigInt64Array;
  threadMs = 0;
  private readonly failures: Map<number, EntryFailure>;
  /** The entries that are files; undefined: all of them. */
  private readonly fileIndices: Uint32Array | undefined;
  private readonly fileCount: number;
  private taken = 0;
  private hashed = 0;

  constructor(entries: Batch) {
    this.entries = entries;
    this.partialMd5 = new Uint8Array(entries.length * DIGEST_BYTES);
    this.filenameMd5 = new Uint8Array(entries.length * DIGEST_BYTES);
    this.sizeBytes = entries.sizeBytes.slice();
    this.modifiedNs = entries.modifiedNs.slice();
    this.failures = new Map(entries.failures);
    this.fileIndices = entries.failures.size === 0 ? undefined : indicesOfFiles(entries);
    this.fileCount = this.fileIndices?.length ?? entries.length;
  }

  get filesLeft(): number {
    return this.fileCount - this.taken;
  }

  get isDone(): boolean {
    return this.hashed === this.fileCount;
  }

  failureAt(index: number): EntryFailure | undefined {
    return this.failures.size === 0 ? undefined : this.failures.get(index);
  }

  /** The next files to hash, at most so many, in parts of about the same size. */
  take(maxFiles: number): FileRange {
    const parts = Math.ceil(this.filesLeft / maxFiles);
    const range = { first: this.taken, count: Math.ceil(this.filesLeft / parts) };
    this.taken += range.count;
    return range;
  }

  /** The files of a range as a batch: the entries themselves when it is all of them. */
  filesOf(range: FileRange): EntryBatch {
    if (range.count === this.entries.length) return this.entries;
    return this.entries.select(Uint32Array.from({ length: range.count }, (_, at) => this.indexOf(range, at)));
  }

  fill(range: FileRange, result: HashResult): void {
    this.hashed += range.count;
    this.threadMs += result.elapsedMs;
    if (this.fileIndices === undefined) {
      this.partialMd5.set(result.partialMd5, range.first * DIGEST_BYTES);
      this.filenameMd5.set(result.filenameMd5, range.first * DIGEST_BYTES);
    } else {
      for (let at = 0; at < range.count; at += 1) {
        const from = at * DIGEST_BYTES;
        const to = this.indexOf(range, at) * DIGEST_BYTES;
        this.partialMd5.set(result.partialMd5.subarray(from, from + DIGEST_BYTES), to);
        this.filenameMd5.set(result.filenameMd5.subarray(from, from + DIGEST_BYTES), to);
      }
    }
    for (const [at, errno] of result.failures)
      this.failures.set(this.indexOf(range, at), failureOfErrno(errno));
    for (const [at, stamp] of result.changed) {
      this.sizeBytes[this.indexOf(range, at)] = stamp.sizeBytes;
      this.modifiedNs[this.indexOf(range, at)] = stamp.modifiedNs;
    }
  }

  private indexOf(range: FileRange, at: number): number {
    const file = range.first + at;
    return this.fileIndices?.[file] ?? file;
  }
}

function indicesOfFiles(entries: EntryBatch): Uint32Array {
  const indices = new Uint32Array(entries.length - entries.failures.size);
  let count = 0;
  for (let index = 0; index < entries.length; index += 1) {
    if (entries.failureAt(index)) continue;
    indices[count] = index;
    count += 1;
  }
  return indices;
}
