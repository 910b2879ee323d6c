import { BookError } from '../book-error.js';
import type { FileReader } from '../epub/file-reader.js';
import { decodeLzma } from './lzma.js';

const MARK = '7z\u00BC\u00AF\u0027\u001C';
const START_BYTES = 32;
/** The names of 65,535 files of usual length, in UTF-16. Decompressing as much takes less than a second. */
const MAX_HEADER_BYTES = 8 * 1024 * 1024;
/** No comic has more files. */
const MAX_ENTRIES = 65_535;
/** Some ten kinds of them are known. Each is read for all files. */
const MAX_PROPERTIES = 64;

const END = 0x00;
const HEADER = 0x01;
const ARCHIVE_PROPERTIES = 0x02;
const ADDITIONAL_STREAMS = 0x03;
const MAIN_STREAMS = 0x04;
const FILES = 0x05;
const PACK_INFO = 0x06;
const UNPACK_INFO = 0x07;
const SUB_STREAMS = 0x08;
const SIZE = 0x09;
const CHECKSUMS = 0x0a;
const FOLDER = 0x0b;
const UNPACK_SIZE = 0x0c;
const UNPACK_STREAMS = 0x0d;
const EMPTY_STREAM = 0x0e;
const EMPTY_FILE = 0x0f;
const NAMES = 0x11;
const ENCODED_HEADER = 0x17;

const COPY = '00';
const LZMA = '030101';
const AES = '06f10701';

/**
 * The names of the files in a 7-Zip archive, from the header at its end, which may be compressed with LZMA. No file is
 * decompressed. Undefined for another file.
 *
 * @throws BookError `encrypted` where the names are; `unsupported` for a header that is compressed in another way; `damaged`;
 *   `truncated`; `too-large`; `unreadable`
 */
export function sevenZipNames(file: FileReader): string[] | undefined {
  const { sizeBytes } = file.identity;
  if (sizeBytes < START_BYTES) return undefined;
  const start = file.read(0, START_BYTES);
  if (start.toString('latin1', 0, MARK.length) !== MARK) return undefined;
  const offset = Number(start.readBigUInt64LE(12));
  const header = read(file, START_BYTES + offset, Number(start.readBigUInt64LE(20)));
  if (header.length === 0) return [];
  let fields = new SevenZipFields(header);
  let kind = fields.byte();
  if (kind === ENCODED_HEADER) {
    fields = new SevenZipFields(decodedHeader(file, fields));
    kind = fields.byte();
  }
  // A compressed header may be compressed again, but archivers do it once.
  if (kind === ENCODED_HEADER) throw unknownCompression();
  if (kind !== HEADER) throw badSevenZipHeader();
  return namesIn(fields);
}

function unknownCompression(): BookError {
  return new BookError('unsupported', 'the header of the archive is compressed in an unknown way');
}

function badSevenZipHeader(): BookError {
  return new BookError('damaged', 'the header of the archive is damaged');
}

function tooManyFiles(): BookError {
  return new BookError('too-large', 'too many files in the archive');
}

function read(file: FileReader, at: number, length: number): Buffer {
  if (length > MAX_HEADER_BYTES) throw new BookError('too-large', 'the header of the archive is too large');
  if (at + length > file.identity.sizeBytes) throw new BookError('truncated', 'the archive is cut off');
  return file.read(at, length);
}

interface Coder {
  readonly id: string;
  readonly properties: Buffer;
}

/** What is compressed together, which 7-Zip calls a folder. */
interface Pack {
  readonly coders: readonly Coder[];
  readonly outputs: number;
  sizes: number[];
  hasChecksum: boolean;
}

interface Streams {
  readonly offset: number;
  readonly packedSizes: readonly number[];
  readonly packs: readonly Pack[];
}

function decodedHeader(file: FileReader, fields: SevenZipFields): Buffer {
  const { offset, packedSizes, packs } = readStreams(fields);
  const [pack] = packs;
  const [packedBytes] = packedSizes;
  const [sizeBytes] = pack?.sizes ?? [];
  const [coder, another] = pack?.coders ?? [];
  if (coder === undefined || packedBytes === undefined || sizeBytes === undefined) throw badSevenZipHeader();
  if (pack?.coders.some(({ id }) => id === AES) === true) {
    throw new BookError('encrypted', 'the names in the archive are encrypted');
  }
  const packed = read(file, START_BYTES + offset, packedBytes);
  if (sizeBytes > MAX_HEADER_BYTES)
    throw new BookError('too-large', 'the header of the archive is too large');
  if (another === undefined && coder.id === COPY) return packed;
  if (another === undefined && coder.id === LZMA) return decodeLzma(packed, coder.properties, sizeBytes);
  throw unknownCompression();
}

function namesIn(fields: SevenZipFields): string[] {
  let kind = fields.byte();
  if (kind === ARCHIVE_PROPERTIES) {
    while (fields.byte() !== END) fields.skip(fields.number());
    kind = fields.byte();
  }
  if (kind === ADDITIONAL_STREAMS) {
    readStreams(fields);
    kind = fields.byte();
  }
  if (kind === MAIN_STREAMS) {
    readStreams(fields);
    kind = fields.byte();
  }
  if (kind === END) return [];
  if (kind !== FILES) throw badSevenZipHeader();
  const count = fields.count();
  let names: string[] = [];
  let isEmpty: readonly boolean[] = [];
  let isEmptyFile: readonly boolean[] = [];
  // Each property is there once; the archiver also writes some that are only padding.
  for (let rest = MAX_PROPERTIES; ; rest -= 1) {
    const property = fields.byte();
    if (property === END) break;
    if (rest === 0) throw badSevenZipHeader();
    const sizeBytes = fields.number();
    const end = fields.at + sizeBytes;
    if (property === EMPTY_STREAM) isEmpty = fields.bits(count);
    else if (property === EMPTY_FILE) isEmptyFile = fields.bits(isEmpty.filter(Boolean).length);
    else if (property === NAMES && fields.byte() === 0) names = fields.names(count, end);
    fields.moveTo(end);
  }
  // What has no content is a folder, or says that it is an empty file.
  let empties = 0;
  return names.filter((_, index) => {
    if (isEmpty[index] !== true) return true;
    empties += 1;
    return isEmptyFile[empties - 1] === true;
  });
}

function readStreams(fields: SevenZipFields): Streams {
  let offset = 0;
  let packedSizes: number[] = [];
  let packs: Pack[] = [];
  let kind = fields.byte();
  if (kind === PACK_INFO) {
    offset = fields.number();
    const count = fields.count();
    for (let part = fields.byte(); part !== END; part = fields.byte()) {
      if (part === SIZE) packedSizes = fields.numbers(count);
      else if (part === CHECKSUMS) fields.checksums(count);
      else throw badSevenZipHeader();
    }
    kind = fields.byte();
  }
  if (kind === UNPACK_INFO) {
    packs = readPacks(fields);
    kind = fields.byte();
  }
  if (kind === SUB_STREAMS) {
    skipSubStreams(fields, packs);
    kind = fields.byte();
  }
  if (kind !== END) throw badSevenZipHeader();
  return { offset, packedSizes, packs };
}

function readPacks(fields: SevenZipFields): Pack[] {
  if (fields.byte() !== FOLDER) throw badSevenZipHeader();
  const count = fields.count();
  if (fields.byte() !== 0) throw badSevenZipHeader();
  const packs: Pack[] = [];
  for (let index = 0; index < count; index += 1) packs.push(readPack(fields));
  if (fields.byte() !== UNPACK_SIZE) throw badSevenZipHeader();
  for (const pack of packs) pack.sizes = fields.numbers(pack.outputs);
  let part = fields.byte();
  if (part === CHECKSUMS) {
    const isDefined = fields.checksums(count);
    for (const [index, pack] of packs.entries()) pack.hasChecksum = isDefined[index] === true;
    part = fields.byte();
  }
  if (part !== END) throw badSevenZipHeader();
  return packs;
}

/** A folder has a few coders: a filter, a compression and an encryption. */
const MAX_CODERS = 32;

function readPack(fields: SevenZipFields): Pack {
  const coderCount = fields.count(MAX_CODERS);
  const coders: Coder[] = [];
  let inputs = 0;
  let outputs = 0;
  for (let index = 0; index < coderCount; index += 1) {
    const flags = fields.byte();
    const id = fields.bytes(flags & 0x0f).toString('hex');
    const isComplex = (flags & 0x10) !== 0;
    inputs += isComplex ? fields.count(MAX_CODERS) : 1;
    outputs += isComplex ? fields.count(MAX_CODERS) : 1;
    const properties = (flags & 0x20) === 0 ? Buffer.alloc(0) : fields.bytes(fields.number());
    coders.push({ id, properties });
  }
  if (outputs === 0) throw badSevenZipHeader();
  const pairs = outputs - 1;
  fields.numbers(pairs * 2);
  const packed = inputs - pairs;
  if (packed > 1) fields.numbers(packed);
  return { coders, outputs, sizes: [], hasChecksum: false };
}

function skipSubStreams(fields: SevenZipFields, packs: readonly Pack[]): void {
  let counts = packs.map(() => 1);
  let kind = fields.byte();
  if (kind === UNPACK_STREAMS) {
    counts = packs.map(() => fields.count());
    if (counts.reduce((sum, count) => sum + count, 0) > MAX_ENTRIES) throw tooManyFiles();
    kind = fields.byte();
  }
  if (kind === SIZE) {
    for (const count of counts) if (count > 0) fields.numbers(count - 1);
    kind = fields.byte();
  }
  if (kind === CHECKSUMS) {
    let unknown = 0;
    for (const [index, count] of counts.entries()) {
      if (count !== 1 || packs[index]?.hasChecksum !== true) unknown += count;
    }
    fields.checksums(unknown);
    kind = fields.byte();
  }
  if (kind !== END) throw badSevenZipHeader();
}

/** Reads the fields of a header one after the other. Each of them is checked against its end. */
class SevenZipFields {
  readonly #header: Buffer;
  at = 0;

  constructor(header: Buffer) {
    this.#header = header;
  }

  byte(): number {
    const value = this.#header[this.at];
    if (value === undefined) throw badSevenZipHeader();
    this.at += 1;
    return value;
  }

  /** The high bits of the first byte say how many bytes follow it. */
  number(): number {
    const first = this.byte();
    let value = 0;
    let mask = 0x80;
    for (let index = 0; index < 8; index += 1) {
      if ((first & mask) === 0) return value + (first & (mask - 1)) * 2 ** (8 * index);
      value += this.byte() * 2 ** (8 * index);
      mask >>= 1;
    }
    return value;
  }

  /** A number of things that each have a field. */
  count(limit = MAX_ENTRIES): number {
    const value = this.number();
    if (value > limit) throw tooManyFiles();
    return value;
  }

  numbers(count: number): number[] {
    return Array.from({ length: count }, () => this.number());
  }

  bytes(count: number): Buffer {
    const start = this.at;
    this.skip(count);
    return this.#header.subarray(start, this.at);
  }

  skip(count: number): void {
    this.moveTo(this.at + count);
  }

  moveTo(at: number): void {
    if (at > this.#header.length || at < this.at) throw badSevenZipHeader();
    this.at = at;
  }

  bits(count: number): boolean[] {
    const bytes = this.bytes(Math.ceil(count / 8));
    return Array.from(
      { length: count },
      (_, index) => ((bytes[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0,
    );
  }

  /** Skips checksums, and says which there are. */
  checksums(count: number): boolean[] {
    const isDefined = this.byte() === 0 ? this.bits(count) : Array.from({ length: count }, () => true);
    this.skip(4 * isDefined.filter(Boolean).length);
    return isDefined;
  }

  /** Names in UTF-16, each with a zero at its end. */
  names(count: number, end: number): string[] {
    if (end > this.#header.length) throw badSevenZipHeader();
    const names = this.#header.toString('utf16le', this.at, end).split('\0');
    return names.slice(0, count);
  }
}
