import type { FolderChain } from '../system/folder-chain.js';
import type { FilePaths } from './file-paths.js';
import type { FilesToHash, FileStamp } from './files-to-hash.js';
import type { Md5Kernel } from './md5-kernel.js';

/** The implementations of reading; `ReadsChoice` says how they differ. */
export type ReadsName = 'io-uring' | 'system-calls';

/** A part of a batch, at most as many files as a kernel has slots. File `first + i` is read into slot i. */
export interface FileGroup {
  /** Absolute, bytes, ends with a slash. */
  readonly root: Uint8Array;
  /** Opens the folders below the root. */
  readonly folders: FolderChain;
  readonly paths: FilePaths;
  readonly files: FilesToHash;
  readonly first: number;
  readonly count: number;
}

/** Where a reader puts its results. */
export interface ReadOutcomes {
  /** Length of the message in each slot of the group; 0 for a failure. */
  readonly lengths: Uint32Array;
  /** By index in the batch: an errno code, or `not-regular` or `changed-while-read`. */
  readonly failures: Map<number, string>;
  /** By index in the batch: files that had changed since the walk, and the state in which they were read. */
  readonly changed: Map<number, FileStamp>;
}

/**
 * Reads the samples of files into the slots of a kernel, each file in one consistent state (consistent-read.ts). A
 * reader must not be used by two threads.
 */
export interface SampleReader {
  readonly name: ReadsName;
  /**
   * True once the reader has thrown. Then neither the reader nor the kernel whose slots it fills may be used any
   * more, and neither may be freed, because the system may still write to their memory.
   */
  readonly isBroken: boolean;
  /** @returns false if it was cancelled before all files of the group were read */
  readGroup(kernel: Md5Kernel, group: FileGroup, outcomes: ReadOutcomes, isCancelled: () => boolean): boolean;
  /** Closes the files that are still open. To be called after the last group of a batch. */
  finish(): void;
}
