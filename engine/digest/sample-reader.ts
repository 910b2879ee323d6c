import type { AbsolutePaths } from './absolute-paths.js';
import type { FilesToHash, FileStamp } from './files-to-hash.js';
import type { Md5Kernel } from './md5-kernel.js';

/** Some files of a batch, as many as a kernel has slots: file `first + i` goes into slot i. */
export interface FileGroup {
  readonly paths: AbsolutePaths;
  readonly files: FilesToHash;
  readonly first: number;
  readonly count: number;
}

/** What a reader says of the files of a batch. */
export interface ReadOutcomes {
  /** Bytes of the message in each slot of the group; 0 where there is a failure. */
  readonly lengths: Uint32Array;
  /** By index in the batch: an operating system error's code or one of ours. */
  readonly failures: Map<number, string>;
  /** By index in the batch: files that had changed, and were read in the state given here. */
  readonly changed: Map<number, FileStamp>;
}

/**
 * Reads the samples of files into the slots of a kernel, each file in one consistent state (stable-read.ts). A reader
 * belongs to its thread.
 */
export interface SampleReader {
  readonly name: 'io-uring' | 'system-calls';
  /** It has thrown: neither it nor the kernel whose slots it filled may be used or freed any more. */
  readonly isBroken: boolean;
  /** @returns whether all of the group was read: not when it was cancelled meanwhile */
  readGroup(kernel: Md5Kernel, group: FileGroup, outcomes: ReadOutcomes, isCancelled: () => boolean): boolean;
  /** After the last group of a batch: lets go of the files that are still open. */
  finish(): void;
}
