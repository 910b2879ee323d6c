import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { NO_COUNTS } from '../../../server/scan/scan.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import type { MergeMemory } from './merge-memory.js';

const BOOKS = 100_000;
/**
 * Measured: 0.1 MB, but two runs of the same kind differ by up to 3 MB on a busy machine: what the other threads have just
 * sent counts as well. An object with a path for each book that is gone took 23 MB.
 */
const MOST_FOR_BITS = 8e6;
/** Measured: 4.4 MB, for the states and paths that are remembered where there are no digests. */
const MOST_FOR_STATES = 12e6;

async function mergeMemory(where: 'stayed' | 'moved', hashes: 'hashes' | 'no-hashes'): Promise<MergeMemory> {
  const { path } = await temporaryFolder();
  const program = fileURLToPath(new URL('./merge-memory.js', import.meta.url));
  const args = [program, `sqlite:${join(path, 'books.db')}`, String(BOOKS), where, hashes];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the program prints nothing else
  return JSON.parse(stdout) as MergeMemory;
}

describe('a library of 100,000 books that moved as a whole', () => {
  it.each([
    ['with digests', 'hashes', {}, MOST_FOR_BITS],
    ['without digests', 'no-hashes', { moved: BOOKS, added: 0 }, MOST_FOR_STATES],
  ] as const)('takes hardly more memory than one that did not, %s', async (_, hashes, committed, most) => {
    const stayed = await mergeMemory('stayed', hashes);
    const moved = await mergeMemory('moved', hashes);
    expect(stayed.counts).toEqual({ ...NO_COUNTS, found: BOOKS, unchanged: BOOKS });
    expect(moved.counts).toEqual({ ...NO_COUNTS, found: BOOKS, ...committed });
    expect(moved.peakBytes - stayed.peakBytes).toBeLessThan(most);
  });
});
