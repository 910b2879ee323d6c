import type { LibraryId, ScanId } from '../domain/ids.js';

/** Part `index` (1 … count) of a library that is split by folder, so that several machines can scan it at a time. */
export interface ScanShard {
  readonly index: number;
  readonly count: number;
}

export const WHOLE_LIBRARY: ScanShard = { index: 1, count: 1 };

export interface ScanCounts {
  /** Book files seen so far, failures included. */
  readonly found: number;
  readonly added: number;
  readonly changed: number;
  readonly moved: number;
  /** Books that were missing and are back, unchanged. */
  readonly returned: number;
  readonly unchanged: number;
  readonly missing: number;
  readonly failed: number;
  /** Files read and hashed by this scan. */
  readonly hashed: number;
  /** Of these, files whose size and time were the same as before, but whose inode or time of last change was not. */
  readonly rechecked: number;
  /** Folders that the rules of the library leave out. */
  readonly skipped: number;
  /** Files among those found that a library with `skipSystem` would leave out. */
  readonly skippable: number;
}

export const NO_COUNTS: ScanCounts = {
  found: 0,
  added: 0,
  changed: 0,
  moved: 0,
  returned: 0,
  unchanged: 0,
  missing: 0,
  failed: 0,
  hashed: 0,
  rechecked: 0,
  skipped: 0,
  skippable: 0,
};

export type ScanState =
  | { readonly state: 'running'; readonly leaseUntilMs: number }
  | { readonly state: 'completed' | 'cancelled' | 'interrupted'; readonly finishedMs: number | undefined }
  | { readonly state: 'failed'; readonly finishedMs: number; readonly error: string };

export interface ScanRecord {
  readonly id: ScanId;
  readonly libraryId: LibraryId;
  readonly shard: ScanShard;
  /** Books hashed before this moment are hashed again; `undefined`: only what is new or changed. */
  readonly regenSinceMs: number | undefined;
  /** How many places alone were looked at, because they were touched; `undefined`: the whole library, or its part. */
  readonly touched: number | undefined;
  /** The process that runs or ran it: see scan-runner.ts. */
  readonly runner: string;
  readonly startedMs: number;
  readonly counts: ScanCounts;
  readonly state: ScanState;
}

/** The counts of a running scan. The pipeline adds to them; others read them at any time. */
export class RunningCounts {
  #current: ScanCounts = NO_COUNTS;

  get current(): ScanCounts {
    return this.#current;
  }

  add(more: Partial<ScanCounts>): void {
    this.#current = addCounts(this.#current, more);
  }
}

/** A file, or a folder, that a scan could not read. */
export interface FileFailure {
  /** Below the library's root, bytes. */
  readonly path: Buffer;
  /** As the engine names it (`unreadable`, `vanished`, …), or `path-too-long`. */
  readonly code: string;
  /** One line for people, without the path. */
  readonly message: string;
}

export function addCounts(counts: ScanCounts, more: Partial<ScanCounts>): ScanCounts {
  return {
    found: counts.found + (more.found ?? 0),
    added: counts.added + (more.added ?? 0),
    changed: counts.changed + (more.changed ?? 0),
    moved: counts.moved + (more.moved ?? 0),
    returned: counts.returned + (more.returned ?? 0),
    unchanged: counts.unchanged + (more.unchanged ?? 0),
    missing: counts.missing + (more.missing ?? 0),
    failed: counts.failed + (more.failed ?? 0),
    hashed: counts.hashed + (more.hashed ?? 0),
    rechecked: counts.rechecked + (more.rechecked ?? 0),
    skipped: counts.skipped + (more.skipped ?? 0),
    skippable: counts.skippable + (more.skippable ?? 0),
  };
}
