import type { EntryBatch, HashedBatch } from '../../engine/index.js';
import type { BookRow, Digests } from '../book/book.js';

/** A file as the scan found it, with digests if the library makes them. */
export interface ScannedFile {
  readonly path: Buffer;
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
  /**
   * As the walk saw it. Where the file changed until it was hashed, the mark is older than the digests, and the next scan
   * reads the file once more.
   */
  readonly stateMark?: number | undefined;
  readonly digests: Digests | undefined;
  /** Set when the file could not be hashed; `digests` is absent then. */
  readonly failure: string | undefined;
  /** The book that the catalogue had at this path when it was compared with the walk. */
  readonly known: BookRow | undefined;
}

/** A found file that is not hashed, or could not be. */
export function fileAt(entries: EntryBatch, index: number, known: BookRow | undefined): ScannedFile {
  return {
    path: entries.pathAt(index),
    sizeBytes: entries.sizeBytes[index] ?? 0,
    modifiedNs: entries.modifiedNs[index] ?? 0n,
    stateMark: stateMarkAt(entries, index),
    digests: undefined,
    failure: undefined,
    known,
  };
}

/** A file in the state that was hashed, which may be newer than the state that the walk found. */
export function hashedFileAt(hashed: HashedBatch, index: number, known: BookRow | undefined): ScannedFile {
  return {
    path: hashed.entries.pathAt(index),
    sizeBytes: hashed.sizeBytes[index] ?? 0,
    modifiedNs: hashed.modifiedNs[index] ?? 0n,
    stateMark: stateMarkAt(hashed.entries, index),
    digests: {
      partialMd5: digestAt(hashed.partialMd5, index),
      filenameMd5: digestAt(hashed.filenameMd5, index),
    },
    failure: undefined,
    known,
  };
}

/** `undefined` where the file system has no stable inodes. */
export function stateMarkAt({ stateMarks }: EntryBatch, index: number): number | undefined {
  const mark = stateMarks[index] ?? 0;
  return mark === 0 ? undefined : mark;
}

/** The 16 bytes of one entry: a view into the batch, not a copy. */
export function digestAt(digests: Uint8Array, index: number): Buffer {
  return Buffer.from(digests.buffer, digests.byteOffset + index * 16, 16);
}
