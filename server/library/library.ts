import type { LibraryId } from '../domain/ids.js';

/** Characters of a library's name. */
export const LIBRARY_NAME_CHARACTERS = 100;

/** A named folder tree of books. */
export interface Library {
  readonly id: LibraryId;
  readonly name: string;
  /** Absolute path, bytes as the file system has them. */
  readonly root: Buffer;
  /** Lower case, without the leading dot; `undefined`: every extension that KOReader opens. */
  readonly extensions: readonly string[] | undefined;
  /** Off: books are catalogued without digests. */
  readonly koreaderHashes: boolean;
}

export interface LibrarySummary {
  readonly library: Library;
  /** Whether only its readers may see it. */
  readonly isRestricted: boolean;
}
