import { DIGEST_BYTES } from '../digest/batch-digests.js';
import { failureOfErrno, type EntryFailure } from '../failure.js';
import type { EntryBatch } from '../walk/entry-batch.js';
import type { HashResult } from './messages.js';

/**
 * The digests of a batch of entries. Entry i has its digests at the bytes `16 * i … 16 * i + 15`. The arrays belong
 * to the consumer; the engine does not use them any more.
 *
 * `Batch` is a subclass of EntryBatch where the caller lets something of its own travel with each batch. It has to keep
 * that in a private `#` field: other fields are copied when a whole batch is posted to a thread.
 */
export interface HashedBatch<Batch extends EntryBatch = EntryBatch> {
  /** The same object that was given to `Engine.hash`. */
  readonly entries: Batch;
  /** Partial MD5, 16 bytes for each entry (`partialMd5OfFile` describes it); zeros for an entry with a failure. */
  readonly partialMd5: Uint8Array;
  /**
   * Filename MD5, 16 bytes for each entry (`filenameMd5` describes it). Zeros for an entry that had a failure before
   * hashing; a file whose hashing failed has one.
   */
  readonly filenameMd5: Uint8Array;
  /**
   * For each entry, the size of the state that was hashed: a file that changed since the walk is hashed as it is now.
   */
  readonly sizeBytes: Float64Array;
  /** For each entry, the time of modification of that state, nanoseconds since 1970. */
  readonly modifiedNs: BigInt64Array;
  /**
   * The time that the threads spent on the batch, added up. Divided by the number of files it tells how fast the
   * storage is.
   */
  readonly threadMs: number;
  /** The failure that an entry had before hashing or got by it; `undefined` if it has its digests. */
  failureAt(index: number): EntryFailure | undefined;
}

/**
 * The part of a batch that forms one task: `count` files beginning with file `first`. Failures do not count as files.
 */
export interface FileRange {
  readonly first: number;
  readonly count: number;
}

/** A batch that is being hashed. Its files are taken in ranges, and the results of the ranges are filled in. */
export class BatchInProgress<Batch extends EntryBatch = EntryBatch> implements HashedBatch<Batch> {
  readonly entries: Batch;
  readonly partialMd5: Uint8Array;
  readonly filenameMd5: Uint8Array;
  readonly sizeBytes: Float64Array;
  readonly modifiedNs: BigInt64Array;
  threadMs = 0;
  private readonly failures: Map<number, EntryFailure>;
  /** The indices of the entries that are files; undefined if all of them are. */
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

  /**
   * Takes the next files to hash, about `maxFiles`. The remaining files are divided into parts of about the same size, of
   * which none has less than `minFiles` if the batch has as many.
   */
  take(maxFiles: number, minFiles: number): FileRange {
    const most = Math.max(1, Math.floor(this.filesLeft / minFiles));
    const parts = Math.min(Math.ceil(this.filesLeft / maxFiles), most);
    const range = { first: this.taken, count: Math.ceil(this.filesLeft / parts) };
    this.taken += range.count;
    return range;
  }

  /** The files of a range as a batch: `entries` itself if the range is the whole batch, otherwise a copy. */
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
