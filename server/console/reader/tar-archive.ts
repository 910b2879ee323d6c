import { ReaderError } from './reader-error.js';
import type { RemoteFile } from './remote-file.js';

interface TarEntry {
  readonly offset: number;
  readonly size: number;
}

const BLOCK = 512;
/** A header, and with it one that says the long name of the file, if there is one. */
const AHEAD_BYTES = 4 * BLOCK;
/** Folders and long names count too: each is a request of its own. Comics have some hundred. */
const MOST_HEADERS = 20_000;
const MOST_NAME_BYTES = 64 * 1024;

/** A TAR on the server. It has no directory: the headers of its files are read one after another. */
export class TarArchive {
  readonly entries: ReadonlyMap<string, TarEntry>;
  readonly #file: RemoteFile;

  private constructor(file: RemoteFile, entries: ReadonlyMap<string, TarEntry>) {
    this.#file = file;
    this.entries = entries;
  }

  /**
   * @param onFound how many files were found until now
   * @throws ReaderError
   */
  static async open(file: RemoteFile, onFound: (files: number) => void): Promise<TarArchive> {
    const entries = new Map<string, TarEntry>();
    let longName: string | undefined;
    let at = 0;
    let headers = 0;
    let window = { start: 0, bytes: new Uint8Array() };
    const read = async (start: number, size: number): Promise<Uint8Array> => {
      if (start < window.start || start + size > window.start + window.bytes.length) {
        const end = Math.min(file.size, start + Math.max(size, AHEAD_BYTES));
        window = { start, bytes: await file.read(start, end) };
      }
      return window.bytes.subarray(start - window.start, start - window.start + size);
    };
    // Some programs write no empty block at the end.
    while (at < file.size) {
      if (at + BLOCK > file.size) throw cutOff();
      const header = await read(at, BLOCK);
      if (header[0] === 0) break;
      if (text(header, 257, 5) !== 'ustar' && entries.size === 0) {
        throw new ReaderError('broken', 'The file is no TAR archive.');
      }
      const size = numberAt(header);
      const type = text(header, 156, 1);
      const content = at + BLOCK;
      if (!Number.isSafeInteger(size) || size < 0 || content + size > file.size) {
        throw cutOff();
      }
      if (type === 'L' || type === 'x') {
        if (size > MOST_NAME_BYTES)
          throw new ReaderError('too-large', 'The archive has a name that is too long.');
        const said = text(await read(content, size), 0, size);
        longName = type === 'L' ? said : (/\d+ path=([^\n]*)\n/.exec(said)?.[1] ?? longName);
      } else {
        if (type === '' || type === '0') {
          const folder = text(header, 345, 155);
          const name = text(header, 0, 100);
          entries.set(longName ?? (folder === '' ? name : `${folder}/${name}`), { offset: content, size });
          onFound(entries.size);
        }
        longName = undefined;
      }
      headers += 1;
      if (headers > MOST_HEADERS) throw new ReaderError('too-large', 'The archive has too many files.');
      at = content + Math.ceil(size / BLOCK) * BLOCK;
    }
    return new TarArchive(file, entries);
  }

  /** @throws ReaderError */
  async read(
    name: string,
    mostBytes: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const entry = this.entries.get(name);
    if (entry === undefined || entry.size === 0) return undefined;
    if (entry.size > mostBytes) throw new ReaderError('too-large', `${name} is too large to be shown.`);
    return this.#file.read(entry.offset, entry.offset + entry.size, signal);
  }
}

function cutOff(): ReaderError {
  return new ReaderError('truncated', 'The archive ends too early: it was cut off.');
}

/** Ends with the first byte of zero. */
function text(bytes: Uint8Array, start: number, length: number): string {
  const part = bytes.subarray(start, start + length);
  const end = part.indexOf(0);
  return new TextDecoder().decode(end < 0 ? part : part.subarray(0, end));
}

/** The size of a file: in octal digits, or from 8 GB on in bytes. */
function numberAt(header: Uint8Array): number {
  const field = header.subarray(124, 136);
  if (((field[0] ?? 0) & 0x80) === 0) return Number.parseInt(text(field, 0, 12).trim() || '0', 8);
  return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
}
