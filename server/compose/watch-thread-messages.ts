import type { LibraryId } from '../domain/ids.js';
import type { FileRules } from '../library/library.js';

export interface WatchedLibrary {
  readonly id: LibraryId;
  readonly root: Uint8Array;
  readonly extensions: readonly string[] | undefined;
  readonly fileRules: FileRules;
}

/** To the thread that watches folders: all libraries, instead of those before. */
export interface WatchThreadTask {
  readonly libraries: readonly WatchedLibrary[];
}

export type WatchThreadEvent =
  /** Also when a library begins to be watched: what was changed before is not known. */
  | { readonly type: 'touched'; readonly id: LibraryId }
  | { readonly type: 'problem'; readonly id: LibraryId; readonly text: string };
