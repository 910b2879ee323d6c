import type { FilesToHash } from './files-to-hash.js';

const SLASH = 0x2f;
/** Longer paths than this no system opens (PATH_MAX is 4,096 on Linux, 1,024 on macOS); they fail as too long. */
const PATH_SCRATCH_BYTES = 8192;

/** Absolute paths, one at a time, in a buffer that begins with the root: no allocation but a view a file. */
export class AbsolutePaths {
  /** Absolute, with a slash at its end. */
  readonly root: Uint8Array;
  private readonly scratch: Buffer;
  private readonly pathBytes: Buffer;
  private readonly pathEnds: Uint32Array;

  constructor(root: Uint8Array, files: FilesToHash) {
    this.root = root;
    this.scratch = Buffer.alloc(Math.max(PATH_SCRATCH_BYTES, root.length * 2));
    this.scratch.set(root);
    this.pathBytes = Buffer.from(
      files.pathBytes.buffer,
      files.pathBytes.byteOffset,
      files.pathBytes.byteLength,
    );
    this.pathEnds = files.pathEnds;
  }

  /** A view that the next call overwrites. A path that does not fit is cut, and still too long for the system. */
  at(index: number): Buffer {
    const copied = this.copyRelative(index, this.scratch, this.root.length);
    return this.scratch.subarray(0, this.root.length + copied);
  }

  /** Of the part behind the root. */
  relativeBytes(index: number): number {
    return (this.pathEnds[index] ?? 0) - this.startOf(index);
  }

  /** Copies the part behind the root. @returns its bytes, as many as there is room for */
  copyRelative(index: number, into: Uint8Array, start: number): number {
    return this.pathBytes.copy(into, start, this.startOf(index), this.pathEnds[index]);
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
