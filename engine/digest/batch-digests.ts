import { AbsolutePaths } from './absolute-paths.js';
import type { FilesToHash, FileStamp } from './files-to-hash.js';
import type { Md5Kernel } from './md5-kernel.js';
import type { SampleReader } from './sample-reader.js';

export const DIGEST_BYTES = 16;

export interface BatchDigests {
  /** 16 bytes a file; zeros where it failed. */
  readonly partialMd5: Uint8Array<ArrayBuffer>;
  readonly filenameMd5: Uint8Array<ArrayBuffer>;
  /** By index: an operating system error's code or one of ours. */
  readonly failures: Map<number, string>;
  /** By index: files that had changed, and were hashed in the state given here. */
  readonly changed: Map<number, FileStamp>;
}

/**
 * Hashes files with one kernel, as many at a time as it has slots. Before each group, or oftener, it asks whether to go
 * on; when not, the rest of the digests are zeros and mean nothing.
 *
 * @param root absolute path, bytes, with a slash at its end
 */
export function digestFiles(
  kernel: Md5Kernel,
  reader: SampleReader,
  root: Uint8Array,
  files: FilesToHash,
  isCancelled: () => boolean,
): BatchDigests {
  const count = files.pathEnds.length;
  const digests: BatchDigests = {
    partialMd5: new Uint8Array(count * DIGEST_BYTES),
    filenameMd5: new Uint8Array(count * DIGEST_BYTES),
    failures: new Map(),
    changed: new Map(),
  };
  const paths = new AbsolutePaths(root, files);
  const outcomes = {
    lengths: new Uint32Array(kernel.slots),
    failures: digests.failures,
    changed: digests.changed,
  };
  const { lengths } = outcomes;
  try {
    for (let first = 0; first < count; first += kernel.slots) {
      const group = { paths, files, first, count: Math.min(kernel.slots, count - first) };
      if (!reader.readGroup(kernel, group, outcomes, isCancelled)) break;
      kernel.digestSlots(lengths, group.count, digests.partialMd5.subarray(first * DIGEST_BYTES));
      for (let slot = 0; slot < group.count; slot += 1) {
        lengths[slot] = paths.copyName(first + slot, kernel.arena, slot * kernel.slotBytes);
      }
      kernel.digestSlots(lengths, group.count, digests.filenameMd5.subarray(first * DIGEST_BYTES));
    }
  } finally {
    reader.finish();
  }
  for (const index of digests.failures.keys()) {
    digests.partialMd5.fill(0, index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
  }
  return digests;
}
