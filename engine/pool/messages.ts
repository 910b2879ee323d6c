import type { FileStamp } from '../digest/files-to-hash.js';
import type { RingHandles } from '../system/io-ring.js';
import type { Md5Choice } from '../digest/md5-kernel-choice.js';
import type { ReadsChoice } from '../digest/sample-reader-choice.js';
import type { FolderIdentity } from '../system/open-folder.js';
import type { PackedEntries } from '../walk/entry-batch.js';
import type { Shard } from '../walk/shard.js';
import type { SkipCounts } from '../walk/walk-step.js';

/** The main thread sets it to 1 to cancel a run. Workers check it before each file or group of files. */
export type CancelCell = Int32Array<SharedArrayBuffer>;

/** Asks for the state of a root folder. */
export interface RootProbeTask {
  readonly kind: 'root-probe';
  /** Absolute, bytes, ends with a slash. */
  readonly root: Uint8Array;
}

export interface RootProbeResult {
  readonly kind: 'root-probe';
  readonly state: RootState;
}

/** What identifies a folder for the operating system, or the errno code if it cannot be listed. */
export type RootState =
  | (FolderIdentity & { readonly errno?: never })
  /** `link`: set if a link on the root's path is the reason. Text for people: the link and what it leads to. */
  | { readonly errno: string; readonly link?: string | undefined };

/** Asks which of several paths are gone. */
export interface PathProbeTask {
  readonly kind: 'path-probe';
  /** Absolute, latin1, ends with a slash. */
  readonly root: string;
  /** One path or more, relative to the root, latin1, joined by `PATH_SEPARATOR`. */
  readonly paths: string;
  readonly followLinks: boolean;
}

export interface PathProbeResult {
  readonly kind: 'path-probe';
  /** For each path. */
  readonly isGone: readonly boolean[];
}

/** Asks for the text of a small file directly in a root folder. */
export interface SmallFileTask {
  readonly kind: 'small-file';
  /** Absolute, latin1, ends with a slash. */
  readonly root: string;
  readonly name: string;
}

export interface SmallFileResult {
  readonly kind: 'small-file';
  /** Or an errno code. `undefined`: there is no such file. */
  readonly found: { readonly text: string } | { readonly errno: string } | undefined;
}

/** Continues a walk: visits some paths and what is below them. */
export interface WalkTask {
  readonly kind: 'walk';
  /** Absolute, latin1, ends with a slash. */
  readonly root: string;
  /**
   * In the order of the walk, joined by `PATH_SEPARATOR`. `PendingPaths` (../walk/walk-step.ts) describes the paths.
   */
  readonly paths: string;
  /** Joined by `PATH_SEPARATOR`. */
  readonly extensions: string;
  readonly skipSystem: boolean;
  /** In the syntax of .gitignore, one a line. */
  readonly ignore: string;
  readonly followLinks: boolean;
  readonly shard: Shard | undefined;
  /** Whether many paths are visited at a time (../walk/walk-wave.ts). The thread may be unable to. */
  readonly inWaves: boolean;
  readonly cancel: CancelCell;
}

export interface WalkResult {
  readonly kind: 'walk';
  /** In the order of the walk. */
  readonly parts: readonly WalkedPart[];
  readonly skipped: SkipCounts;
  /** The time that a path took; undefined if paths were visited in waves. */
  readonly msPerPath: number | undefined;
  /** As in `HashResult`. */
  readonly newRing: ThreadRing | undefined;
}

export interface WalkedPart {
  /**
   * In the order of the walk. None is empty, none has more than `BATCH_ENTRIES`. The worker sends `EntryBatch`
   * objects; only their data arrives, without methods.
   */
  readonly batches: readonly PackedEntries[];
  /**
   * The paths that follow the batches and are still to be visited, joined by `PATH_SEPARATOR`; undefined if there are
   * none.
   */
  readonly pending: string | undefined;
}

export interface HashTask {
  readonly kind: 'hash';
  /** Absolute, bytes, ends with a slash. */
  readonly root: Uint8Array;
  /** Only files, no failures. */
  readonly files: PackedEntries;
  readonly followLinks: boolean;
  readonly md5: Md5Choice;
  readonly reads: ReadsChoice;
  readonly cancel: CancelCell;
}

export interface HashResult {
  readonly kind: 'hash';
  /** 16 bytes for each file; zeros for a file with a failure. */
  readonly partialMd5: Uint8Array;
  /** 16 bytes for each file. */
  readonly filenameMd5: Uint8Array;
  /** By index in the task: an errno code, or `not-regular` or `changed-while-read`. */
  readonly failures: ReadonlyMap<number, string>;
  /** By index in the task: files that had changed since the walk, and the state in which they were hashed. */
  readonly changed: ReadonlyMap<number, FileStamp>;
  /** The time that the worker took, without the time for the messages. */
  readonly elapsedMs: number;
  /** The ring that the thread made for this task. Undefined if it made none or already had one. */
  readonly newRing: ThreadRing | undefined;
}

/** A ring and its thread. The system does not release the ring when the thread ends, so the main thread has to. */
export interface ThreadRing {
  readonly threadId: number;
  readonly handles: RingHandles;
}

export type WorkerTask = RootProbeTask | PathProbeTask | SmallFileTask | WalkTask | HashTask;
export type WorkerResult = RootProbeResult | PathProbeResult | SmallFileResult | WalkResult | HashResult;

/**
 * The only byte that no path contains. Paths are sent as one joined string, because a string is sent as fast as its
 * bytes can be copied.
 */
export const PATH_SEPARATOR = '\0';
