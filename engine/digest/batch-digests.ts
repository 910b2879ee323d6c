import { FolderChain } from '../system/folder-chain.js';
import { FilePaths } from './file-paths.js';
import type { FilesToHash, FileStamp } from './files-to-hash.js';
import type { Md5Kernel } from './md5-kernel.js';
import type { SampleReader } from './sample-reader.js';

export const DIGEST_BYTES = 16;

export interface BatchDigests {
  /** 16 bytes for each file; zeros for a file with a failure. */
  readonly partialMd5: Uint8Array<ArrayBuffer>;
  /** 16 bytes for each file. */
  readonly filenameMd5: Uint8Array<ArrayBuffer>;
  /** By index in the batch: an errno code, or `not-regular` or `changed-while-read`. */
  readonly failures: Map<number, string>;
  /** By index in the batch: files that had changed since the walk, and the state in which they were hashed. */
  readonly changed: Map<number, FileStamp>;
}

/**
 * Hashes files with one kernel, in groups of as many files as it has slots. `isCancelled` is called before each
 * group, and more often where files are read one by one. Once it returns true, the remaining digests stay zero and
 * must not be used.
 *
 * @param root absolute path, bytes, ends with a slash
 * @param followsLinks whether a link below the root counts as the folder that it leads to
 */
export function digestFiles(
  kernel: Md5Kernel,
  reader: SampleReader,
  root: Uint8Array,
  files: FilesToHash,
  isCancelled: () => boolean,
  followsLinks = false,
): BatchDigests {
  const count = files.pathEnds.length;
  const digests: BatchDigests = {
    partialMd5: new Uint8Array(count * DIGEST_BYTES),
    filenameMd5: new Uint8Array(count * DIGEST_BYTES),
    failures: new Map(),
    changed: new Map(),
  };
  const paths = new FilePaths(files);
  const folders = new FolderChain(Buffer.from(root).toString('latin1'), false, { followsLinks });
  const outcomes = {
    lengths: new Uint32Array(kernel.slots),
    failures: digests.failures,
    changed: digests.changed,
  };
  const { lengths } = outcomes;
  try {
    for (let first = 0; first < count; first += kernel.slots) {
      const group = { root, folders, paths, files, first, count: Math.min(kernel.slots, count - first) };
      if (!reader.readGroup(kernel, group, outcomes, isCancelled)) break;
      kernel.digestSlots(lengths, group.count, digests.partialMd5.subarray(first * DIGEST_BYTES));
      for (let slot = 0; slot < group.count; slot += 1) {
        lengths[slot] = paths.copyName(first + slot, kernel.arena, slot * kernel.slotBytes);
      }
      kernel.digestSlots(lengths, group.count, digests.filenameMd5.subarray(first * DIGEST_BYTES));
    }
  } finally {
    folders.close();
    reader.finish();
  }
  for (const index of digests.failures.keys()) {
    digests.partialMd5.fill(0, index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
  }
  return digests;
}
