import { ReaderError } from './reader-error.js';
import type { RemoteFile } from './remote-file.js';

export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  readonly packedSize: number;
  readonly offset: number;
  readonly isPacked: boolean;
  readonly isEncrypted: boolean;
}

const END_SIZE = 22;
const MOST_COMMENT_BYTES = 65_535;
const END_MARK = 0x06_05_4b_50;
const LONG_END_LOCATOR_MARK = 0x07_06_4b_50;
const LONG_END_LOCATOR_SIZE = 20;
const LONG_END_MARK = 0x06_06_4b_50;
const ENTRY_MARK = 0x02_01_4b_50;
const ENTRY_SIZE = 46;
const LOCAL_SIZE = 30;
/** As the server reads archives: server/positions/epub/zip-directory.ts. */
const MOST_DIRECTORY_BYTES = 16 * 1024 * 1024;
/** A local header may have more extra fields than the directory says. What is missing then is read apart. */
const SLACK_BYTES = 64;
const MOST = 0xff_ff_ff_ff;

/** An archive on the server, of which the directory is known, and of which files are loaded one by one. */
export class ZipArchive {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  readonly #file: RemoteFile;

  private constructor(file: RemoteFile, entries: ReadonlyMap<string, ZipEntry>) {
    this.#file = file;
    this.entries = entries;
  }

  /** @throws ReaderError */
  static async open(file: RemoteFile): Promise<ZipArchive> {
    const tailStart = Math.max(0, file.size - END_SIZE - MOST_COMMENT_BYTES - LONG_END_LOCATOR_SIZE);
    const tail = viewOf(await file.read(tailStart, file.size));
    let end = tail.byteLength - END_SIZE;
    while (end >= 0 && tail.getUint32(end, true) !== END_MARK) end -= 1;
    if (end < 0) {
      throw new ReaderError(
        'truncated',
        'The file has no end of an archive: it was cut off, or is no EPUB or CBZ.',
      );
    }
    let size = tail.getUint32(end + 12, true);
    let offset = tail.getUint32(end + 16, true);
    const locator = end - LONG_END_LOCATOR_SIZE;
    if (locator >= 0 && tail.getUint32(locator, true) === LONG_END_LOCATOR_MARK) {
      const at = longAt(tail, locator + 8);
      const long = viewOf(await file.read(at, at + 56));
      if (long.getUint32(0, true) !== LONG_END_MARK) throw broken();
      size = longAt(long, 40);
      offset = longAt(long, 48);
    }
    if (size > MOST_DIRECTORY_BYTES) throw new ReaderError('too-large', 'The archive has too many files.');
    const directory =
      offset >= tailStart && offset + size <= file.size
        ? new DataView(tail.buffer, tail.byteOffset + offset - tailStart, size)
        : viewOf(size === 0 ? new Uint8Array() : await file.read(offset, offset + size));
    return new ZipArchive(file, entriesOf(directory));
  }

  /**
   * The content of a file, `undefined` when the archive has none of that name.
   *
   * @param mostBytes it is refused when it is larger
   * @throws ReaderError
   */
  async read(
    name: string,
    mostBytes: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const entry = this.entries.get(name);
    if (entry === undefined) return undefined;
    if (entry.isEncrypted) {
      throw new ReaderError('encrypted', 'The book is encrypted: it cannot be read without its password.');
    }
    const { size, packedSize, offset } = entry;
    // Both are what the directory says, which may be anything.
    const largest = Math.max(size, packedSize);
    if (largest > mostBytes) {
      throw new ReaderError(
        'too-large',
        `${name} has ${megabytes(largest)}; more than ${megabytes(mostBytes)} are not shown.`,
      );
    }
    if (!entry.isPacked && size !== packedSize) throw broken();
    const nameBytes = new TextEncoder().encode(name).length;
    const guessed = Math.min(this.#file.size, offset + LOCAL_SIZE + nameBytes + SLACK_BYTES + packedSize);
    let bytes = await this.#file.read(offset, guessed, signal);
    const head = viewOf(bytes);
    if (bytes.length < LOCAL_SIZE) throw broken();
    const start = LOCAL_SIZE + head.getUint16(26, true) + head.getUint16(28, true);
    if (start + packedSize > bytes.length) {
      bytes = await this.#file.read(offset, offset + start + packedSize, signal);
    }
    const packed = bytes.subarray(start, start + packedSize);
    return entry.isPacked ? unpack(packed, entry) : packed.slice();
  }
}

function entriesOf(directory: DataView): ReadonlyMap<string, ZipEntry> {
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  while (at + ENTRY_SIZE <= directory.byteLength && directory.getUint32(at, true) === ENTRY_MARK) {
    const flags = directory.getUint16(at + 8, true);
    const method = directory.getUint16(at + 10, true);
    const nameLength = directory.getUint16(at + 28, true);
    const extraLength = directory.getUint16(at + 30, true);
    const next = at + ENTRY_SIZE + nameLength + extraLength + directory.getUint16(at + 32, true);
    if (next > directory.byteLength) throw broken();
    const name = nameOf(
      new Uint8Array(directory.buffer, directory.byteOffset + at + ENTRY_SIZE, nameLength),
      (flags & 0x8_00) !== 0,
    );
    const sizes = {
      size: directory.getUint32(at + 24, true),
      packedSize: directory.getUint32(at + 20, true),
      offset: directory.getUint32(at + 42, true),
    };
    const extra = new DataView(
      directory.buffer,
      directory.byteOffset + at + ENTRY_SIZE + nameLength,
      extraLength,
    );
    entries.set(name, {
      name,
      ...longSizes(sizes, extra),
      isPacked: method !== 0,
      isEncrypted: (flags & 1) !== 0,
    });
    at = next;
  }
  return entries;
}

type Sizes = Pick<ZipEntry, 'size' | 'packedSize' | 'offset'>;

/** Sizes of 4 GB and more stand in an extra field, in this order. */
function longSizes(sizes: Sizes, extra: DataView): Sizes {
  let at = 0;
  while (at + 4 <= extra.byteLength) {
    const length = extra.getUint16(at + 2, true);
    if (extra.getUint16(at, true) === 1) {
      let field = at + 4;
      const long = (value: number): number => {
        if (value !== MOST || field + 8 > at + 4 + length || field + 8 > extra.byteLength) return value;
        field += 8;
        return longAt(extra, field - 8);
      };
      const size = long(sizes.size);
      const packedSize = long(sizes.packedSize);
      return { size, packedSize, offset: long(sizes.offset) };
    }
    at += 4 + length;
  }
  return sizes;
}

function nameOf(bytes: Uint8Array, isUtf8: boolean): string {
  if (isUtf8) return new TextDecoder().decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // Written by an old program: names of images, which are only compared with each other.
    return new TextDecoder('latin1').decode(bytes);
  }
}

/** Stops when there is more than the directory says: a small file can be made that unpacks without end. */
async function unpack(packed: Uint8Array<ArrayBuffer>, entry: ZipEntry): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(entry.size);
  let filled = 0;
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (filled + value.length > bytes.length) throw broken();
      bytes.set(value, filled);
      filled += value.length;
    }
  } catch {
    throw broken();
  } finally {
    void reader.cancel().catch(() => undefined);
  }
  if (filled !== bytes.length) throw broken();
  return bytes;
}

function broken(): ReaderError {
  return new ReaderError('broken', 'The archive is damaged: a file in it cannot be unpacked.');
}

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView<ArrayBuffer> {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function longAt(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

function megabytes(bytes: number): string {
  return `${String(Math.round(bytes / 1024 / 1024))} MB`;
}
