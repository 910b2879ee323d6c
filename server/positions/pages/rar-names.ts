import { BookError } from '../book-error.js';
import type { FileReader } from '../epub/file-reader.js';

/** No comic has more files; each entry costs a read. */
const MAX_ENTRIES = 65_535;
/** A header with the longest name, and what may stand beside it. */
const MAX_HEADER_BYTES = 64 * 1024;
/** Of all headers that are longer than most. Their names are held, and a large archive may consist of headers only. */
const MAX_LONG_HEADERS_BYTES = 8 * 1024 * 1024;
/** Most headers have fewer bytes. */
const READ_BYTES = 512;

const MARK_4 = 'Rar!\u001A\u0007\u0000';
const MARK_5 = 'Rar!\u001A\u0007\u0001\u0000';

/** What a header says of what follows it. */
interface RarEntry {
  /** Undefined for a header that is not of a file, or of a part of one that began in the volume before. */
  readonly name: string | undefined;
  readonly headerBytes: number;
  /** Of the header and its data. */
  readonly sizeBytes: number;
  readonly isEnd: boolean;
}

/**
 * The names of the files in a RAR archive, of version 4 or 5, from the headers before each file. Nothing is decompressed.
 * Undefined for another file. Of names that are not ASCII only the ending is right.
 *
 * @throws BookError `encrypted` where the names are; `damaged`; `too-large`; `truncated`; `unreadable`
 */
export function rarNames(file: FileReader): string[] | undefined {
  const { sizeBytes } = file.identity;
  const head = file.read(0, Math.min(MARK_5.length, sizeBytes)).toString('latin1');
  const isOld = head.startsWith(MARK_4);
  if (!isOld && head !== MARK_5) return undefined;
  const names: string[] = [];
  let at = isOld ? MARK_4.length : MARK_5.length;
  let longHeadersBytes = 0;
  for (let count = 0; count < MAX_ENTRIES && at < sizeBytes; count += 1) {
    const entry = isOld ? oldEntry(file, at) : newEntry(file, at);
    if (entry.name !== undefined) names.push(entry.name);
    if (entry.isEnd) return names;
    if (entry.headerBytes > READ_BYTES) longHeadersBytes += entry.headerBytes;
    if (longHeadersBytes > MAX_LONG_HEADERS_BYTES) {
      throw new BookError('too-large', 'the headers of the archive are too large');
    }
    at += entry.sizeBytes;
  }
  if (at > sizeBytes) throw new BookError('truncated', 'the archive is cut off');
  return names;
}

/** A header, as far as the file has it, of which `length` bytes are wanted. */
function headerAt(file: FileReader, at: number, length: number): Buffer {
  const header = file.read(at, Math.min(length, file.identity.sizeBytes - at));
  if (length > READ_BYTES && header.length < length) throw badRarHeader();
  return header;
}

function badRarHeader(): BookError {
  return new BookError('damaged', 'a header of the archive is damaged');
}

const OLD_FILE = 0x74;
const OLD_MAIN = 0x73;
const OLD_END = 0x7b;
const OLD_FILE_HEADER_BYTES = 32;

function oldEntry(file: FileReader, at: number): RarEntry {
  let header = headerAt(file, at, READ_BYTES);
  if (header.length < 7) throw badRarHeader();
  const type = header[2];
  const flags = header.readUInt16LE(3);
  const headerBytes = header.readUInt16LE(5);
  if (headerBytes < 7) throw badRarHeader();
  if (type === OLD_END) return { name: undefined, headerBytes, sizeBytes: headerBytes, isEnd: true };
  if (type === OLD_MAIN && (flags & 0x80) !== 0) throw encrypted();
  if (headerBytes > header.length) header = headerAt(file, at, headerBytes);
  const hasData = type === OLD_FILE || (flags & 0x8000) !== 0;
  if (hasData && header.length < 11) throw badRarHeader();
  let dataBytes = hasData ? header.readUInt32LE(7) : 0;
  if (type !== OLD_FILE)
    return { name: undefined, headerBytes, sizeBytes: headerBytes + dataBytes, isEnd: false };
  const isLarge = (flags & 0x100) !== 0;
  const nameStart = OLD_FILE_HEADER_BYTES + (isLarge ? 8 : 0);
  if (header.length < nameStart) throw badRarHeader();
  if (isLarge) dataBytes += header.readUInt32LE(OLD_FILE_HEADER_BYTES) * 2 ** 32;
  const nameEnd = nameStart + header.readUInt16LE(26);
  if (nameEnd > headerBytes || nameEnd > header.length) throw badRarHeader();
  // A name in Unicode follows the one in the code page of the machine, after a zero.
  const [name] = header.toString('latin1', nameStart, nameEnd).split('\0');
  const isFolder = (flags & 0xe0) === 0xe0;
  const isContinued = (flags & 1) !== 0;
  return {
    name: isFolder || isContinued ? undefined : name,
    headerBytes,
    sizeBytes: headerBytes + dataBytes,
    isEnd: false,
  };
}

function encrypted(): BookError {
  return new BookError('encrypted', 'the names in the archive are encrypted');
}

const NEW_FILE = 2;
const NEW_ENCRYPTION = 4;
const NEW_END = 5;
const CHECKSUM_BYTES = 4;

function newEntry(file: FileReader, at: number): RarEntry {
  let fields = new RarFields(headerAt(file, at, READ_BYTES), CHECKSUM_BYTES);
  const contentBytes = fields.number();
  const headerBytes = fields.at + contentBytes;
  if (headerBytes > MAX_HEADER_BYTES) throw badRarHeader();
  const start = fields.at;
  if (headerBytes > READ_BYTES) fields = new RarFields(headerAt(file, at, headerBytes), start);
  const type = fields.number();
  const flags = fields.number();
  if ((flags & 1) !== 0) fields.number();
  const dataBytes = (flags & 2) === 0 ? 0 : fields.number();
  const sizeBytes = headerBytes + dataBytes;
  if (type === NEW_ENCRYPTION) throw encrypted();
  if (type !== NEW_FILE) return { name: undefined, headerBytes, sizeBytes, isEnd: type === NEW_END };
  const fileFlags = fields.number();
  fields.number();
  fields.number();
  fields.skip(((fileFlags & 2) === 0 ? 0 : 4) + ((fileFlags & 4) === 0 ? 0 : 4));
  fields.number();
  fields.number();
  const name = fields.text(fields.number());
  const isFolder = (fileFlags & 1) !== 0;
  const isContinued = (flags & 8) !== 0;
  return { name: isFolder || isContinued ? undefined : name, headerBytes, sizeBytes, isEnd: false };
}

/** The fields of a header of version 5. */
class RarFields {
  readonly #header: Buffer;
  at: number;

  constructor(header: Buffer, at: number) {
    this.#header = header;
    this.at = at;
  }

  /** A number of seven bits a byte, of which the last one has no high bit. */
  number(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#header[this.at];
      if (byte === undefined || factor > 2 ** 49) throw badRarHeader();
      this.at += 1;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  skip(bytes: number): void {
    this.at += bytes;
  }

  text(bytes: number): string {
    if (this.at + bytes > this.#header.length) throw badRarHeader();
    return this.#header.toString('utf8', this.at, this.at + bytes);
  }
}
