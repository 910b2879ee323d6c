import type { BookId, LibraryId } from '../domain/ids.js';

/** The longest path below a library's root that the catalogue stores: the width of the column, see 0001-catalogue.ts. */
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

/**
 * A book whose file is gone from this path. Up to all books of a library wait for the end of a scan as these, so the
 * path is text of one byte a character (Latin-1, whatever it really is).
 */
export interface GoneBook {
  readonly id: BookId;
  readonly latin1Path: string;
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

/** A book as it is shown: all that is known of it. */
export interface CataloguedBook {
  readonly id: BookId;
  readonly libraryId: LibraryId;
  /** Relative to the library's root, bytes. */
  readonly path: Buffer;
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
  /** 16 bytes each. */
  readonly partialMd5: Buffer | undefined;
  readonly filenameMd5: Buffer | undefined;
  /** When the digests were made; `undefined`: there are none, or none of the file as it is now. */
  readonly hashedMs: number | undefined;
  readonly missingSinceSeconds: number | undefined;
  /** Why the file as it is now could not be hashed. */
  readonly failure: string | undefined;
}

/** A digest that a book had; readers may go on sending it for ever. */
export interface FormerDigest {
  readonly kind: 'partial' | 'filename';
  readonly digest: Buffer;
  readonly replacedSeconds: number;
}
