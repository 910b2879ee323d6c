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
  readonly fileRules: FileRules;
}

/** Which files and folders of a library a scan looks at. */
export interface FileRules {
  /** Whether folders of trash, of programs and of the system are left out, such as `.caltrash` and `#recycle`. */
  readonly skipSystem: boolean;
  /**
   * What else is left out: patterns in the syntax of .gitignore, relative to the root. Those in the file
   * {@link IGNORE_FILE} of the root come after them.
   */
  readonly ignorePatterns: readonly string[];
  /** Whether links to folders are followed that lead out of the library. */
  readonly followLinks: boolean;
}

export const IGNORE_FILE = '.dogearignore';

/** Of a library that is made now. Those that were made before the rules keep what they found. */
export const NEW_FILE_RULES: FileRules = { skipSystem: true, ignorePatterns: [], followLinks: false };

/** A library as lists show it. */
export interface LibrarySummary {
  readonly library: Library;
  /** Whether only its readers may see it. */
  readonly isRestricted: boolean;
}
