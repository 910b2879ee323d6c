import type { FilesToHash } from './files-to-hash.js';

const SLASH = 0x2f;
/** No system opens a longer path: PATH_MAX is 4,096 on Linux and 1,024 on macOS. */
const PATH_SCRATCH_BYTES = 8192;

/**
 * Builds the absolute paths of a batch, one at a time, in one buffer that begins with the root. The only allocation
 * for a file is the view on that buffer.
 */
export class AbsolutePaths {
  /** Absolute, ends with a slash. */
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

  /**
   * Returns a view that the next call overwrites. A path that does not fit into the buffer is cut off; what remains is
   * still longer than the system accepts, so opening it fails.
   */
  at(index: number): Buffer {
    const copied = this.copyRelative(index, this.scratch, this.root.length);
    return this.scratch.subarray(0, this.root.length + copied);
  }

  /** The length of the path relative to the root. */
  relativeBytes(index: number): number {
    return (this.pathEnds[index] ?? 0) - this.startOf(index);
  }

  /**
   * Copies the path relative to the root, or as much of it as there is room for.
   *
   * @returns the number of bytes copied
   */
  copyRelative(index: number, into: Uint8Array, start: number): number {
    return this.pathBytes.copy(into, start, this.startOf(index), this.pathEnds[index]);
  }

  /**
   * Copies the base name.
   *
   * @returns the number of bytes copied: at most 255 on existing file systems, never more than 8 KiB
   */
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
