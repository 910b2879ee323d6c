import type { LibraryId } from '../domain/ids.js';

/** The largest number of UTF-16 code units in the name of a library. */
export const LIBRARY_NAME_CHARACTERS = 100;

/** A named folder tree of books. */
export interface Library {
  readonly id: LibraryId;
  readonly name: string;
  /** The absolute path, in the bytes of the file system. */
  readonly root: Buffer;
  /** Lower case, without the leading dot; `undefined`: every extension that KOReader opens. */
  readonly extensions: readonly string[] | undefined;
  /** `false`: books are catalogued without digests. */
  readonly koreaderHashes: boolean;
}

/** A library as lists show it. */
export interface LibrarySummary {
  readonly library: Library;
  /** Whether only its readers may see it. */
  readonly isRestricted: boolean;
}
