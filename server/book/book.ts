import type { BookId, LibraryId } from '../domain/ids.js';

/** What the catalogue holds of a path relative to its root: the column's length, which MySQL's indexes bound. */
export const MAX_PATH_BYTES = 3064;

/** What a scan has to know of a book to tell whether its file is the one it was. */
export interface BookRow {
  readonly id: BookId;
  /** Relative to the library's root, bytes. */
  readonly path: Buffer;
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
  readonly missing: boolean;
  /** When its digests were made; `undefined`: it has none. */
  readonly hashedMs: number | undefined;
  /** Whether the last attempt to hash it failed. */
  readonly failed: boolean;
}

export interface Digests {
  readonly partialMd5: Buffer;
  readonly filenameMd5: Buffer;
}

/** A file's state in the catalogue, as a scan writes it. */
export interface BookRecord {
  readonly libraryId: LibraryId;
  readonly path: Buffer;
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
  readonly digests: Digests | undefined;
  readonly failure: string | undefined;
}
