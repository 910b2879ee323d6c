import type { BookId, LibraryId } from '../domain/ids.js';
import type { NameForm } from './name-forms.js';

/** The longest path below a library's root that the catalogue stores: the width of the column, see 0001-catalogue.ts. */
export const MAX_PATH_BYTES = 3064;

/** The columns of a book by which a scan decides whether its file has changed. */
export interface BookRow {
  readonly id: BookId;
  /** Relative to the library's root, bytes. */
  readonly path: Buffer;
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
  /** Its inode and time of last change in one number, as the engine's walk gives it; `undefined`: not known. */
  readonly stateMark?: number | undefined;
  readonly missing: boolean;
  /** Whether it has digests of the file as it is, and none that have to be made again. */
  readonly isHashed: boolean;
}

/** The two digests of a file, 16 bytes each. */
export interface Digests {
  readonly partialMd5: Buffer;
  readonly filenameMd5: Buffer;
}

/** A book as a scan writes it. */
export interface BookRecord {
  readonly libraryId: LibraryId;
  readonly path: Buffer;
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
  /** As in {@link BookRow}. */
  readonly stateMark?: number | undefined;
  readonly digests: Digests | undefined;
  readonly failure: string | undefined;
}

/** A book with everything that the catalogue holds of it. */
export interface CataloguedBook {
  readonly id: BookId;
  readonly libraryId: LibraryId;
  /** Relative to the library's root, bytes. */
  readonly path: Buffer;
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
  /** As in {@link BookRow}. */
  readonly stateMark?: number | undefined;
  /** 16 bytes each. */
  readonly partialMd5: Buffer | undefined;
  readonly filenameMd5: Buffer | undefined;
  /** When the digests were made, in ms since 1970; `undefined`: there are none, or none of the file as it is now. */
  readonly hashedMs: number | undefined;
  readonly missingSinceSeconds: number | undefined;
  /** Code of the error with which the file as it is now could not be hashed; `undefined`: no error. */
  readonly failure: string | undefined;
}

/** A digest that a book had before, or that of another form of its name. Readers compute a digest once and may send it for ever. */
export interface FormerDigest {
  readonly kind: 'partial' | 'filename' | NameForm;
  readonly digest: Buffer;
  readonly replacedSeconds: number;
}

/** A former digest together with the book that has it. */
export interface FormerDigestOf extends FormerDigest {
  readonly bookId: BookId;
}

export interface ReplacedDigest {
  readonly bookId: BookId;
  readonly kind: 'partial' | 'filename';
  readonly digest: Buffer;
}

/** The digests of `before` that are not in `now`. They must be kept, because readers may send them for ever. */
export function replacedDigests(bookId: BookId, before: Digests, now: Digests | undefined): ReplacedDigest[] {
  const replaced: ReplacedDigest[] = [];
  if (now === undefined || !before.partialMd5.equals(now.partialMd5)) {
    replaced.push({ bookId, kind: 'partial', digest: before.partialMd5 });
  }
  if (now === undefined || !before.filenameMd5.equals(now.filenameMd5)) {
    replaced.push({ bookId, kind: 'filename', digest: before.filenameMd5 });
  }
  return replaced;
}

/** Whether two digests are equal, or both are absent. */
export function areEqual(left: Buffer | undefined, right: Buffer | undefined): boolean {
  return left === undefined || right === undefined ? left === right : left.equals(right);
}
