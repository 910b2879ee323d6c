import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeLibrary } from '../../../bench/library.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { runProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { startWatched } from '../../support/watched-program.js';

const FILES = 100_000;
/** Limit of a first scan of any size. Measured: 135 to 310 MB, depending on the number of threads. */
const MOST_MEMORY_BYTES = 400e6;

let library: string;

beforeAll(async () => {
  library = join((await temporaryFolder()).path, 'library');
  makeLibrary({ folder: library, count: FILES, seed: 7, mix: 'small' });
});

describe.each(testDatabases())('a library of 100,000 files, on $name', (kind) => {
  it('is scanned within 400 MB, and again without opening a file', async () => {
    const store = await openTestStore(kind);
    const at = ['--database', store.url];
    expect((await runProgram(['library', 'add', 'large', library, ...at])).exitCode).toBe(0);

    const first = await startWatched(['scan', '--json', ...at]);
    const firstResult = await first.result;
    expect(firstResult).toMatchObject({ exitCode: 0, stderr: '' });
    expect(summaryOf(firstResult.stdout)).toMatchObject({
      found: FILES,
      new: FILES,
      hashed: FILES,
      failed: 0,
    });
    expect(new Set(first.opened(library)).size).toBe(FILES);
    expect(first.peakMemoryBytes()).toBeLessThan(MOST_MEMORY_BYTES);

    const second = await startWatched(['scan', '--json', ...at]);
    const secondResult = await second.result;
    expect(summaryOf(secondResult.stdout)).toMatchObject({
      found: FILES,
      unchanged: FILES,
      hashed: 0,
      failed: 0,
    });
    expect(second.opened(library)).toEqual([]);
    expect(second.peakMemoryBytes()).toBeLessThan(MOST_MEMORY_BYTES);
    await store.close();
  });
});

function summaryOf(stdout: string): unknown {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
}
