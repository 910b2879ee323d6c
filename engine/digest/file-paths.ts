import type { FilesToHash } from './files-to-hash.js';

const SLASH = 0x2f;
/**
 * The most that `copyName` writes. A slot of an MD5 kernel has 12,288 bytes, and a file with a longer name cannot be
 * opened.
 */
const MOST_COPIED_BYTES = 8192;

/** The paths of a batch, relative to its root, taken apart into folder and name. Copies bytes, allocates next to nothing. */
export class FilePaths {
  readonly #pathBytes: Buffer;
  readonly #pathEnds: Uint32Array;

  constructor({ pathBytes, pathEnds }: Pick<FilesToHash, 'pathBytes' | 'pathEnds'>) {
    this.#pathBytes = Buffer.from(pathBytes.buffer, pathBytes.byteOffset, pathBytes.byteLength);
    this.#pathEnds = pathEnds;
  }

  /** The folder as latin1. It ends with a slash; the root is the empty string. */
  folderAt(index: number): string {
    return this.#pathBytes.toString('latin1', this.#startOf(index), this.#nameStartOf(index));
  }

  /** The base name as latin1. */
  nameAt(index: number): string {
    return this.#pathBytes.toString('latin1', this.#nameStartOf(index), this.#pathEnds[index]);
  }

  /** Length of the whole path. */
  bytesAt(index: number): number {
    return (this.#pathEnds[index] ?? 0) - this.#startOf(index);
  }

  /** Whether a file is in the same folder as the one before it. */
  sharesFolderWithLast(index: number): boolean {
    if (index === 0) return false;
    const bytes = this.#pathBytes;
    const start = this.#startOf(index);
    const end = this.#nameStartOf(index);
    const last = this.#startOf(index - 1);
    return bytes.compare(bytes, last, this.#nameStartOf(index - 1), start, end) === 0;
  }

  /**
   * Copies the folder, with the slash at its end, or as much of it as there is room for.
   *
   * @returns the number of bytes copied
   */
  copyFolder(index: number, into: Uint8Array, start: number): number {
    return this.#pathBytes.copy(into, start, this.#startOf(index), this.#nameStartOf(index));
  }

  /** Copies the whole path. @returns the number of bytes copied */
  copyPath(index: number, into: Uint8Array, start: number): number {
    return this.#pathBytes.copy(into, start, this.#startOf(index), this.#pathEnds[index]);
  }

  /**
   * Copies the base name.
   *
   * @returns the number of bytes copied: at most 255 on existing file systems, never more than 8 KiB
   */
  copyName(index: number, into: Uint8Array, start: number): number {
    const nameStart = this.#nameStartOf(index);
    const end = this.#pathEnds[index] ?? nameStart;
    return this.#pathBytes.copy(into, start, nameStart, Math.min(end, nameStart + MOST_COPIED_BYTES));
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : (this.#pathEnds[index - 1] ?? 0);
  }

  #nameStartOf(index: number): number {
    const start = this.#startOf(index);
    const end = this.#pathEnds[index] ?? start;
    return Math.max(start, this.#pathBytes.lastIndexOf(SLASH, end - 1) + 1);
  }
}
