import type { FileStamp } from '../digest/files-to-hash.js';
import type { RingHandles } from '../digest/io-ring/io-ring.js';
import type { Md5Choice } from '../digest/md5-kernel-choice.js';
import type { ReadsChoice } from '../digest/sample-reader-choice.js';
import type { PackedEntries } from '../walk/entry-batch.js';
import type { Shard } from '../walk/shard.js';

/** Set to 1 by the main thread when nobody wants the rest; workers look at it before each file or group of files. */
export type CancelCell = Int32Array<SharedArrayBuffer>;

/** Look at a root folder itself. */
export interface RootTask {
  readonly kind: 'root';
  /** Absolute, bytes, with a slash at its end. */
  readonly root: Uint8Array;
}

export interface RootResult {
  readonly kind: 'root';
  readonly state: RootState;
}

/** What makes a folder the same folder, as far as the system can tell; or why a walk cannot begin there. */
export type RootState =
  { readonly device: bigint; readonly inode: bigint; readonly errno?: never } | { readonly errno: string };

/** Look whether anything is at some paths. */
export interface GoneTask {
  readonly kind: 'gone';
  /** Absolute, one character a byte, with a slash at its end. */
  readonly root: string;
  /** Joined by `PATH_SEPARATOR`; one at least. */
  readonly paths: string;
}

export interface GoneResult {
  readonly kind: 'gone';
  /** By path. */
  readonly isGone: readonly boolean[];
}

/** Go on with a walk: look at some paths, and below them. */
export interface WalkTask {
  readonly kind: 'walk';
  /** Absolute, one character a byte, with a slash at its end. */
  readonly root: string;
  /** Joined by `PATH_SEPARATOR`, in the order of the walk; what each means is said at `PendingPaths`. */
  readonly paths: string;
  /** Joined by `PATH_SEPARATOR`. */
  readonly extensions: string;
  readonly shard: Shard | undefined;
  readonly cancel: CancelCell;
}

export interface WalkResult {
  readonly kind: 'walk';
  /** In order, none empty, each of at most `BATCH_ENTRIES`. An `EntryBatch` loses its methods on the way. */
  readonly batches: readonly PackedEntries[];
  /** What is left to look at behind them, joined by `PATH_SEPARATOR`; `undefined`: nothing. */
  readonly pending: string | undefined;
}

export interface HashTask {
  readonly kind: 'hash';
  /** Absolute, bytes, with a slash at its end. */
  readonly root: Uint8Array;
  /** Files only, no failures. */
  readonly files: PackedEntries;
  readonly md5: Md5Choice;
  readonly reads: ReadsChoice;
  readonly cancel: CancelCell;
}

export interface HashResult {
  readonly kind: 'hash';
  /** 16 bytes a file. */
  readonly partialMd5: Uint8Array;
  readonly filenameMd5: Uint8Array;
  /** By index: an operating system error's code or a failure code of ours. */
  readonly failures: ReadonlyMap<number, string>;
  /** By index: files that were hashed in another state than the task said. */
  readonly changed: ReadonlyMap<number, FileStamp>;
  /** What the worker took, without the ways to and fro. */
  readonly elapsedMs: number;
  /** In a thread's first result, when it has something that the system does not take back by itself. */
  readonly held: HeldByThread | undefined;
}

export interface HeldByThread {
  readonly threadId: number;
  readonly handles: RingHandles;
}

export type WorkerTask = RootTask | GoneTask | WalkTask | HashTask;
export type WorkerResult = RootResult | GoneResult | WalkResult | HashResult;

/** The one byte that no path holds. One string of many paths crosses a thread as fast as its bytes are copied. */
export const PATH_SEPARATOR = '\0';
