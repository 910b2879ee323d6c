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

/** A state of a file other than the one that was asked for. */
export interface FileStamp {
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
}

export interface BatchDigests {
  /** 16 bytes a file; zeros where it failed. */
  readonly partialMd5: Uint8Array<ArrayBuffer>;
  readonly filenameMd5: Uint8Array<ArrayBuffer>;
  /** By index: an operating system error's code or one of ours. */
  readonly failures: Map<number, string>;
  /** By index: files that had changed, and were hashed in the state given here. */
  readonly changed: Map<number, FileStamp>;
}

const SLASH = 0x2f;
/** Longer paths than this no system opens (PATH_MAX is 4,096 on Linux, 1,024 on macOS); they fail as too long. */
const PATH_SCRATCH_BYTES = 8192;

/**
 * Hashes files with one kernel, as many at a time as it has slots. Between files it asks whether to go on; when not,
 * the rest of the digests are zeros and mean nothing.
 *
 * @param root absolute path, bytes, with a slash at its end
 */
export function digestFiles(
  kernel: Md5Kernel,
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
  const lengths = new Uint32Array(kernel.slots);
  for (let first = 0; first < count; first += kernel.slots) {
    const group = Math.min(kernel.slots, count - first);
    for (let slot = 0; slot < group; slot += 1) {
      if (isCancelled()) return digests;
      lengths[slot] = readFile(kernel, paths, files, first + slot, slot, digests);
    }
    kernel.digestSlots(lengths, group, digests.partialMd5.subarray(first * DIGEST_BYTES));
    for (let slot = 0; slot < group; slot += 1) {
      lengths[slot] = paths.copyName(first + slot, kernel.arena, slot * kernel.slotBytes);
    }
    kernel.digestSlots(lengths, group, digests.filenameMd5.subarray(first * DIGEST_BYTES));
  }
  for (const index of digests.failures.keys()) {
    digests.partialMd5.fill(0, index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
  }
  return digests;
}

const outcome: StableRead = { messageBytes: 0, sizeBytes: 0, modifiedNs: 0n, failure: '' };

function readFile(
  kernel: Md5Kernel,
  paths: AbsolutePaths,
  files: FilesToHash,
  index: number,
  slot: number,
  digests: BatchDigests,
): number {
  const sizeBytes = files.sizeBytes[index] ?? 0;
  const modifiedNs = files.modifiedNs[index] ?? 0n;
  readStable(paths.at(index), sizeBytes, modifiedNs, kernel.arena, slot * kernel.slotBytes, outcome);
  if (outcome.failure !== '') digests.failures.set(index, outcome.failure);
  else if (outcome.sizeBytes !== sizeBytes || outcome.modifiedNs !== modifiedNs) {
    digests.changed.set(index, { sizeBytes: outcome.sizeBytes, modifiedNs: outcome.modifiedNs });
  }
  return outcome.messageBytes;
}

/** Absolute paths, one at a time, in a buffer that begins with the root: no allocation but a view a file. */
class AbsolutePaths {
  private readonly scratch: Buffer;
  private readonly rootBytes: number;
  private readonly pathBytes: Buffer;
  private readonly pathEnds: Uint32Array;

  constructor(root: Uint8Array, files: FilesToHash) {
    this.scratch = Buffer.alloc(Math.max(PATH_SCRATCH_BYTES, root.length * 2));
    this.scratch.set(root);
    this.rootBytes = root.length;
    this.pathBytes = Buffer.from(
      files.pathBytes.buffer,
      files.pathBytes.byteOffset,
      files.pathBytes.byteLength,
    );
    this.pathEnds = files.pathEnds;
  }

  /** A view that the next call overwrites. A path that does not fit is cut, and still too long for the system. */
  at(index: number): Buffer {
    const copied = this.pathBytes.copy(
      this.scratch,
      this.rootBytes,
      this.startOf(index),
      this.pathEnds[index],
    );
    return this.scratch.subarray(0, this.rootBytes + copied);
  }

  /** @returns the bytes of the name: at most 255 on the file systems that there are, and never over 8 KiB */
  copyName(index: number, arena: Uint8Array, start: number): number {
    const pathStart = this.startOf(index);
    const end = this.pathEnds[index] ?? pathStart;
    const nameStart = Math.max(pathStart, this.pathBytes.lastIndexOf(SLASH, end - 1) + 1);
    return this.pathBytes.copy(arena, start, nameStart, Math.min(end, nameStart + PATH_SCRATCH_BYTES));
  }

  private startOf(index: number): number {
    return index === 0 ? 0 : (this.pathEnds[index - 1] ?? 0);
  }
}
