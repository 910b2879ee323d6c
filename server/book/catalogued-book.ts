import type { BookId, LibraryId } from '../domain/ids.js';

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
