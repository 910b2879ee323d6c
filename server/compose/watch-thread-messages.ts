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
  /** `paths` as of `FolderWatch`; `undefined`: too many, or the library begins to be watched and may have changed before. */
  | { readonly type: 'touched'; readonly id: LibraryId; readonly paths: readonly string[] | undefined }
  | { readonly type: 'problem'; readonly id: LibraryId; readonly text: string };
