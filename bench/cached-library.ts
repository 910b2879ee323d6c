import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isBookName, KOREADER_EXTENSIONS } from '../engine/index.js';
import { makeLibrary, type SizeMix } from './library.js';
import type { SuiteContext } from './suite.js';

export interface CachedLibrary {
  /** Absolute. */
  readonly folder: string;
  readonly mix: SizeMix;
  /** Relative, in byte order. */
  readonly paths: readonly Buffer[];
  /** Absolute paths, each ended by a zero byte, of the first `files` books (default: of all). */
  listFile(files?: number): string;
  /** MD5 over the paths: the same library gives the same in every run. */
  readonly pathsDigest: string;
}

/** Fixed, so that all runs on all machines make the same library and their digests of digests can be compared. */
const SEED = 1;

/** A library of the benchmarks, made unless the cache holds it already. */
export function cachedLibrary(
  { cacheFolder, workFolder, log }: Pick<SuiteContext, 'cacheFolder' | 'workFolder' | 'log'>,
  count: number,
  mix: SizeMix,
): CachedLibrary {
  const folder = join(cacheFolder, `library-${mix}-${count}`);
  const startMs = performance.now();
  log(`library of ${count} books (${mix})`);
  if (makeLibrary({ count, seed: SEED, mix, folder })) {
    log(`made in ${((performance.now() - startMs) / 1000).toFixed(1)} s: ${folder}`);
  }
  const paths = listBooks(folder);
  if (paths.length !== count)
    throw new Error(`${folder} holds ${paths.length} books and not ${count}: remove it`);
  const pathsDigest = createHash('md5');
  for (const path of paths) pathsDigest.update(path).update('\0');
  return {
    folder,
    mix,
    paths,
    pathsDigest: pathsDigest.digest('hex'),
    listFile: (files = count) => {
      const file = join(workFolder, `books-${mix}-${files}.list`);
      writeBookList(file, folder, paths.slice(0, files));
      return file;
    },
  };
}

/**
 * Lists the books below a folder without the engine's walk, so that a file that the walk misses is noticed.
 *
 * @returns relative paths in byte order
 */
function listBooks(folder: string): Buffer[] {
  const paths: Buffer[] = [];
  const pending = [''];
  for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) pending.push(path);
      else if (isBookName(Buffer.from(entry.name), KOREADER_EXTENSIONS)) paths.push(Buffer.from(path));
    }
  }
  return paths.toSorted((left, right) => left.compare(right));
}

/** Writes the input of the yardsticks: absolute paths, each ended by a zero byte. */
function writeBookList(file: string, folder: string, paths: readonly Buffer[]): void {
  const root = Buffer.from(`${folder}/`);
  const zero = Buffer.alloc(1);
  writeFileSync(file, Buffer.concat(paths.flatMap((path) => [root, path, zero])));
}
