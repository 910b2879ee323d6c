import yauzl from 'yauzl';
import { BookError } from '../book-error.js';
import { MAX_PATH_LENGTH } from './archive-path.js';
import type { FileReader } from './file-reader.js';

/** A file in an archive, as its central directory lists it. */
export interface ZipEntry {
  /** Path in the archive, `/`-separated. */
  readonly name: string;
  readonly compressedBytes: number;
  /** As declared. Inflating checks it. */
  readonly sizeBytes: number;
  readonly method: number;
  readonly isEncrypted: boolean;
  readonly headerOffset: number;
}

/** The files of an archive by their paths. Of two with the same path it is the last one, as in most tools. */
export type ZipDirectory = ReadonlyMap<string, ZipEntry>;

/** An archive without ZIP64 cannot hold more, and books have some thousand. At 300 bytes each these are 20 MB. */
const MAX_ENTRIES = 65_535;
/** Of all entries with their names and extra fields. Refuses a directory with many names of 64 KiB. */
const MAX_DIRECTORY_BYTES = 16 * 1024 * 1024;
/**
 * How yauzl's messages of these errors start. Its errors have no codes, so that the package is pinned to 3.4.0.
 * bad-input.test.ts fails if a version has other words.
 */
const NO_END_RECORD = 'End of central directory record signature not found';
const STRONG_ENCRYPTION = 'strong encryption is not supported';
/** For an ordinary book one read of this size holds the end record and the whole directory. */
const BLOCK_BYTES = 128 * 1024;

/**
 * Reads the central directory, and nothing else of the file.
 * @throws BookError `not-a-zip`, `truncated`, `damaged`, `encrypted` (strong encryption) or `too-large`.
 */
export async function readZipDirectory(file: FileReader): Promise<ZipDirectory> {
  const { sizeBytes } = file.identity;
  const zip = await yauzl
    .fromRandomAccessReaderPromise(new BlockReader(file), sizeBytes, {
      autoClose: false,
      // Names are decoded in decodeName, because yauzl refuses the whole archive for one odd name.
      decodeStrings: false,
      validateEntrySizes: false,
    })
    .catch((cause: unknown) => {
      throw openingError(file, cause);
    });
  const entries = new Map<string, ZipEntry>();
  let directoryBytes = 0;
  try {
    if (zip.entryCount > MAX_ENTRIES) throw new BookError('too-large', 'too many files in the archive');
    for await (const entry of zip.eachEntry()) {
      directoryBytes += 46 + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
      if (directoryBytes > MAX_DIRECTORY_BYTES) {
        throw new BookError('too-large', 'the directory of the archive is too large');
      }
      if (entry.fileNameLength > MAX_PATH_LENGTH) continue;
      const name = decodeName(entry);
      entries.set(name, {
        name,
        compressedBytes: entry.compressedSize,
        sizeBytes: entry.uncompressedSize,
        method: entry.compressionMethod,
        isEncrypted: (entry.generalPurposeBitFlag & 1) !== 0,
        headerOffset: entry.relativeOffsetOfLocalHeader,
      });
    }
  } catch (cause) {
    if (cause instanceof BookError) throw cause;
    if (messageStartsWith(cause, STRONG_ENCRYPTION)) {
      throw new BookError('encrypted', 'the archive is encrypted', { cause });
    }
    throw new BookError('damaged', 'the directory of the archive is damaged', { cause });
  }
  return entries;
}

/** Many tools write names in UTF-8 and do not set the flag for it. Other names are decoded as the format says. */
function decodeName(entry: yauzl.Entry): string {
  const raw = entry.fileNameRaw;
  const utf8 = raw.toString('utf8');
  if (!utf8.includes('\uFFFD')) return utf8.replaceAll('\\', '/');
  return yauzl.getFileNameLowLevel(entry.generalPurposeBitFlag, raw, entry.extraFields, false);
}

function messageStartsWith(error: unknown, words: string): boolean {
  return error instanceof Error && error.message.startsWith(words);
}

function openingError(file: FileReader, cause: unknown): BookError {
  if (cause instanceof BookError) return cause;
  if (!messageStartsWith(cause, NO_END_RECORD)) {
    return new BookError('damaged', 'the end of the archive is damaged', { cause });
  }
  const isArchive =
    file.identity.sizeBytes >= 4 && file.read(0, 4).equals(Buffer.from([0x50, 0x4b, 0x03, 0x04]));
  if (isArchive) return new BookError('truncated', 'the archive is cut off', { cause });
  return new BookError('not-a-zip', 'not an archive', { cause });
}

/** Answers yauzl's many small reads of the directory from one large read. */
class BlockReader extends yauzl.RandomAccessReader {
  readonly #file: FileReader;
  #block: Buffer = Buffer.alloc(0);
  #blockStart = 0;

  constructor(file: FileReader) {
    super();
    this.#file = file;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    let failure: Error | null = null;
    try {
      this.#serve(position, length).copy(buffer, offset);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    // Never within the call: with each of 65,535 entries yauzl would nest one call deeper.
    process.nextTick(callback, failure);
  }

  #serve(position: number, length: number): Buffer {
    const blockEnd = this.#blockStart + this.#block.length;
    if (position < this.#blockStart || position + length > blockEnd) {
      const { sizeBytes } = this.#file.identity;
      if (position + length > sizeBytes)
        throw new BookError('truncated', 'the directory is past the end of the file');
      // A read near the end of the file also reads the bytes before it, where the directory is.
      const wanted = Math.max(length, Math.min(BLOCK_BYTES, sizeBytes));
      this.#blockStart = Math.max(0, Math.min(position, sizeBytes - wanted));
      this.#block = this.#file.read(this.#blockStart, Math.min(wanted, sizeBytes - this.#blockStart));
    }
    return this.#block.subarray(position - this.#blockStart, position - this.#blockStart + length);
  }
}
