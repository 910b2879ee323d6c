import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { listBooks, writeBookList } from './book-list.js';
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

/** The same in every run on every machine, so that digests of digests can be held against each other. */
const SEED = 1;

/** A library of the benchmarks, made when the cache does not hold it. */
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
