import { inflateRawSync } from 'node:zlib';
import { BookError } from '../book-error.js';
import type { FileReader } from './file-reader.js';
import type { ZipEntry } from './zip-directory.js';

const STORED = 0;
const DEFLATED = 8;
const LOCAL_HEADER_BYTES = 30;
const LOCAL_HEADER_SIGNATURE = 0x04034b50;

/**
 * Real chapters are compressed to a tenth, tables of repeated markup to a fiftieth. No text of a book reaches this.
 */
const MAX_RATIO = 250;
/** Below this size no ratio is suspicious. */
const RATIO_FREE_BYTES = 1024 * 1024;

/**
 * The content of one file of an archive, inflated at once and up to its declared size.
 *
 * @param limitBytes a larger file is refused before it is read.
 * @throws BookError `encrypted`, `too-large` (also for a compression ratio of more than 250), `unsupported`,
 *   `truncated` or `damaged`.
 */
export function readZipContent(file: FileReader, entry: ZipEntry, limitBytes: number): Buffer {
  if (entry.isEncrypted) throw new BookError('encrypted', 'the archive is encrypted');
  if (entry.sizeBytes > limitBytes || entry.compressedBytes > limitBytes) {
    throw new BookError('too-large', 'a part of the book is too large');
  }
  if (entry.sizeBytes > RATIO_FREE_BYTES && entry.sizeBytes > entry.compressedBytes * MAX_RATIO) {
    throw new BookError('too-large', 'a part of the book is compressed more than any text');
  }
  const header = file.read(entry.headerOffset, LOCAL_HEADER_BYTES);
  if (header.readUInt32LE(0) !== LOCAL_HEADER_SIGNATURE) {
    throw new BookError('damaged', 'the directory of the archive names a file that is not there');
  }
  const start = entry.headerOffset + LOCAL_HEADER_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
  const data = file.read(start, entry.compressedBytes);
  switch (entry.method) {
    case STORED:
      return data;
    case DEFLATED:
      return inflate(data, entry.sizeBytes);
    default:
      throw new BookError('unsupported', `compression method ${entry.method} is not supported`);
  }
}

function inflate(data: Buffer, sizeBytes: number): Buffer {
  let content: Buffer;
  try {
    // The limit stops a stream that is longer than declared. zlib does not accept 0.
    content = inflateRawSync(data, { maxOutputLength: Math.max(1, sizeBytes) });
  } catch (cause) {
    throw new BookError('damaged', 'a part of the book cannot be decompressed', { cause });
  }
  if (content.length !== sizeBytes) throw new BookError('damaged', 'a part of the book has the wrong size');
  return content;
}
