import type { EntryBatch, HashedBatch } from '../../engine/index.js';
import type { BookRow } from '../book/book.js';
import type { ScannedFile } from './scan-commit.js';

/** A found file that is not hashed, or could not be. */
export function fileAt(entries: EntryBatch, index: number, known: BookRow | undefined): ScannedFile {
  return {
    path: entries.pathAt(index),
    sizeBytes: entries.sizeBytes[index] ?? 0,
    modifiedNs: entries.modifiedNs[index] ?? 0n,
    digests: undefined,
    failure: undefined,
    known,
  };
}

/** A file in the state that was hashed. */
export function hashedFileAt(hashed: HashedBatch, index: number, known: BookRow | undefined): ScannedFile {
  return {
    path: hashed.entries.pathAt(index),
    sizeBytes: hashed.sizeBytes[index] ?? 0,
    modifiedNs: hashed.modifiedNs[index] ?? 0n,
    digests: {
      partialMd5: digestAt(hashed.partialMd5, index),
      filenameMd5: digestAt(hashed.filenameMd5, index),
    },
    failure: undefined,
    known,
  };
}

function digestAt(digests: Uint8Array, index: number): Buffer {
  return Buffer.from(digests.buffer, digests.byteOffset + index * 16, 16);
}
