import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';

/**
 * `small`: 1 byte to 4 KiB, for scans where only the number of files matters. `books`: sizes as in a real collection,
 * 0.2 to 240 MB, half of them under 1.2 MB and a tenth over 62, which gives 7.0 samples a file.
 */
export type SizeMix = 'small' | 'books';

export interface LibraryOptions {
  readonly count: number;
  /** The same seed gives the same names, sizes and bytes. */
  readonly seed: number;
  readonly mix: SizeMix;
  /** Created when missing. It holds only the library and its manifest. */
  readonly folder: string;
}

/** Beside the books: the options that they were made with. A later call with the same options makes nothing. */
const MANIFEST = 'dogear-library.json';
/** To be raised when a change of this file makes other books from the same options. */
const FORMAT = 1;

const WINDOW_BYTES = 1024;
const WINDOW_OFFSETS = [0, ...Array.from({ length: 11 }, (_, power) => WINDOW_BYTES * 4 ** power)];

/** One folder a title, as calibre keeps them. */
const TITLES_AN_AUTHOR = 6;
const ENDINGS = ['epub', 'epub', 'epub', 'epub', 'pdf', 'mobi', 'azw3', 'cbz', 'fb2.zip', 'djvu'] as const;

/**
 * Makes a library of `count` books in `folder` as author/title/book.ext. Files are sparse: only the twelve windows that
 * the partial MD5 reads are written, so a file costs at most some 50 KB of disk whatever its size.
 *
 * @returns true when it was made, false when the folder held it already
 */
export function makeLibrary(options: LibraryOptions): boolean {
  const manifest = JSON.stringify({ format: FORMAT, ...options, folder: undefined });
  const manifestFile = join(options.folder, MANIFEST);
  if (existsSync(manifestFile)) {
    if (readFileSync(manifestFile, 'utf8') === manifest) return false;
    rmSync(options.folder, { recursive: true });
  } else if (existsSync(options.folder)) {
    throw new Error(`${options.folder} exists and was not made by this program`);
  }
  mkdirSync(options.folder, { recursive: true });
  // An empty manifest marks a library that is not complete; the next call makes it anew.
  writeFileSync(manifestFile, '');
  const content = Buffer.alloc(WINDOW_BYTES);
  for (let index = 0; index < options.count; index += 1) {
    const chance = createHash('sha256').update(`${options.seed}/${index}`).digest();
    const uniform = chance.readUInt32LE(0) / 2 ** 32;
    const ending = ENDINGS[chance.readUInt32LE(4) % ENDINGS.length] ?? 'epub';
    const author = Math.floor(index / TITLES_AN_AUTHOR);
    const folder = join(options.folder, `Author ${author}`, `Title ${index} (${2000 + (index % 25)})`);
    mkdirSync(folder, { recursive: true });
    content.fill(chance);
    writeSparse(
      join(folder, `Title ${index} - Author ${author}.${ending}`),
      sizeOf(options.mix, uniform),
      content,
    );
  }
  writeFileSync(manifestFile, manifest);
  return true;
}

function sizeOf(mix: SizeMix, uniform: number): number {
  switch (mix) {
    case 'small':
      return 1 + Math.floor(uniform * 4096);
    case 'books':
      return Math.floor(200_000 * 1200 ** (uniform * uniform));
    default:
      return mix satisfies never;
  }
}

function writeSparse(path: string, sizeBytes: number, content: Buffer): void {
  const fd = openSync(path, 'w');
  try {
    ftruncateSync(fd, sizeBytes);
    for (const offset of WINDOW_OFFSETS) {
      if (offset >= sizeBytes) break;
      content.writeDoubleLE(offset, 0);
      writeSync(fd, content, 0, Math.min(WINDOW_BYTES, sizeBytes - offset), offset);
    }
  } finally {
    closeSync(fd);
  }
}

function runAsProgram(): void {
  const { values, positionals } = parseArgs({
    options: {
      count: { type: 'string', default: '50000' },
      seed: { type: 'string', default: '1' },
      mix: { type: 'string', default: 'books' },
    },
    allowPositionals: true,
  });
  const [folder] = positionals;
  const { mix } = values;
  const count = Number(values.count);
  const seed = Number(values.seed);
  const areNumbers = Number.isInteger(count) && count > 0 && Number.isInteger(seed);
  if (folder === undefined || !areNumbers || (mix !== 'small' && mix !== 'books')) {
    process.stderr.write(
      'usage: node dist/bench/library.js [--count N] [--seed S] [--mix small|books] FOLDER\n',
    );
    process.exitCode = 2;
    return;
  }
  const isNew = makeLibrary({ count, seed, mix, folder: resolve(folder) });
  process.stdout.write(`${isNew ? 'made' : 'found'} ${count} books (${mix}, seed ${seed}) in ${folder}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) runAsProgram();
