import { nameStart } from './filename-md5.js';
import type { Md5Kernel } from './md5-kernel.js';
import { readStable, type StableRead } from './stable-read.js';

export const DIGEST_BYTES = 16;

/** Files to hash, packed: path i is `pathBytes[pathEnds[i-1] … pathEnds[i]]`, relative to the root. */
export interface FilesToHash {
  readonly pathBytes: Uint8Array<ArrayBuffer>;
  readonly pathEnds: Uint32Array;
  readonly sizeBytes: Float64Array;
  readonly modifiedNs: BigInt64Array;
}

export interface BatchDigests {
  readonly partialMd5: Uint8Array<ArrayBuffer>;
  readonly filenameMd5: Uint8Array<ArrayBuffer>;
  readonly sizeBytes: Float64Array<ArrayBuffer>;
  readonly modifiedNs: BigInt64Array<ArrayBuffer>;
  /** By index: an operating system error's code or one of ours. Such a file's partial MD5 is zeros. */
  readonly failures: Map<number, string>;
}

/**
 * Hashes files with one kernel, as many at a time as it has slots.
 *
 * @param root absolute path, as bytes, without a slash at its end unless it is all
 */
export function digestFiles(kernel: Md5Kernel, root: Buffer, files: FilesToHash): BatchDigests {
  const count = files.pathEnds.length;
  const digests: BatchDigests = {
    partialMd5: new Uint8Array(count * DIGEST_BYTES),
    filenameMd5: new Uint8Array(count * DIGEST_BYTES),
    sizeBytes: new Float64Array(count),
    modifiedNs: new BigInt64Array(count),
    failures: new Map(),
  };
  const prefix = root.at(-1) === 0x2f ? root : Buffer.concat([root, Buffer.from('/')]);
  const lengths = new Uint32Array(kernel.slots);
  for (let first = 0; first < count; first += kernel.slots) {
    const group = Math.min(kernel.slots, count - first);
    readGroup(kernel, prefix, files, first, group, lengths, digests);
    kernel.digestSlots(lengths, group, digests.partialMd5.subarray(first * DIGEST_BYTES));
    nameGroup(kernel, files, first, group, lengths);
    kernel.digestSlots(lengths, group, digests.filenameMd5.subarray(first * DIGEST_BYTES));
  }
  for (const index of digests.failures.keys()) {
    digests.partialMd5.fill(0, index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
  }
  return digests;
}

function readGroup(
  kernel: Md5Kernel,
  prefix: Buffer,
  files: FilesToHash,
  first: number,
  group: number,
  lengths: Uint32Array,
  digests: BatchDigests,
): void {
  const outcome: StableRead = { messageBytes: 0, sizeBytes: 0, modifiedNs: 0n, failure: '' };
  for (let slot = 0; slot < group; slot += 1) {
    const index = first + slot;
    const path = Buffer.concat([prefix, pathOf(files, index)]);
    readStable(
      path,
      files.sizeBytes[index] ?? 0,
      files.modifiedNs[index] ?? 0n,
      kernel.arena,
      slot * kernel.slotBytes,
      outcome,
    );
    lengths[slot] = outcome.messageBytes;
    digests.sizeBytes[index] = outcome.sizeBytes;
    digests.modifiedNs[index] = outcome.modifiedNs;
    if (outcome.failure !== '') digests.failures.set(index, outcome.failure);
  }
}

/** Names are at most 255 bytes on the file systems that there are; the arena takes twelve thousand. */
function nameGroup(
  kernel: Md5Kernel,
  files: FilesToHash,
  first: number,
  group: number,
  lengths: Uint32Array,
): void {
  for (let slot = 0; slot < group; slot += 1) {
    const path = pathOf(files, first + slot);
    const name = path.subarray(nameStart(path));
    kernel.arena.set(name, slot * kernel.slotBytes);
    lengths[slot] = name.length;
  }
}

function pathOf(files: FilesToHash, index: number): Uint8Array {
  return files.pathBytes.subarray(index === 0 ? 0 : files.pathEnds[index - 1], files.pathEnds[index]);
}
