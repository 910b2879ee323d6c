import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEngineWith } from '../../../engine/pool/engine.js';
import { BatchSize } from '../../../server/scan/batch-size.js';
import { scanLibrary } from '../../../server/scan/scan-library.js';
import type { ScanCounts } from '../../../server/scan/scan.js';
import { EntryBatchBuilder, type Engine } from '../../../engine/index.js';
import { bookFolder } from '../../support/book-folder.js';
import { testDatabases } from '../../support/databases.js';
import { READS_HERE } from '../../engine/reads-here.js';
import { openScanBench, type ScanBench } from '../../support/scan-bench.js';

const FILES = 200;

describe.each(testDatabases())('a scan of slow storage into $name', (kind) => {
  let bench: ScanBench;
  let slow: Engine;
  beforeEach(async () => {
    bench = await openScanBench(kind);
    // The worker takes its time for each file, one after the other, as system calls do.
    slow = createEngineWith(
      { jobs: 1, reads: 'system-calls' },
      new URL('../../engine/pool/slow-worker.js', import.meta.url),
    );
  });
  afterEach(async () => {
    await slow.close();
    await bench.close();
  });

  it('shows and commits what is hashed about every second', async () => {
    const names = Array.from({ length: FILES }, (_, number) => [`${String(number)}.epub`, String(number)]);
    const library = await bench.makeLibrary(await bookFolder(Object.fromEntries(names)));
    const shown: ScanCounts[] = [];
    const { counts } = await scanLibrary({ store: bench.store, engine: slow }, library, {
      onProgress: (progress) => shown.push(progress.counts),
    });
    expect(counts).toMatchObject({ found: FILES, hashed: FILES, added: FILES });
    const hashed = new Set(shown.map((progress) => progress.hashed));
    expect(hashed.size).toBeGreaterThan(4);
    expect(shown.some(({ added }) => added > 0 && added < FILES)).toBe(true);
  });
});

const RING_TASK_MS = 20_000;

describe.skipIf(!READS_HERE.includes('io-uring')).each(testDatabases())(
  'a scan with io_uring of storage that takes seconds a file, into $name',
  (kind) => {
    let bench: ScanBench;
    beforeEach(async () => {
      bench = await openScanBench(kind);
    });
    afterEach(() => bench.close());

    it('gives a thread as many files as it reads at the same time', async () => {
      const engine = createEngineWith(
        { jobs: 1, reads: 'io-uring' },
        new URL('../../engine/pool/slow-ring-worker.js', import.meta.url),
      );
      const names = Array.from({ length: FILES }, (_, number) => [`${String(number)}.epub`, String(number)]);
      const library = await bench.makeLibrary(await bookFolder(Object.fromEntries(names)));
      let files = 0;
      let tasks = 0;
      const observed: Engine = {
        ...engine,
        async *hash(root, batches, options) {
          for await (const batch of engine.hash(root, batches, options)) {
            files += batch.entries.length;
            tasks += Math.round(batch.threadMs / RING_TASK_MS);
            yield batch;
          }
        },
      };
      await scanLibrary({ store: bench.store, engine: observed }, library, {});
      await engine.close();
      expect(files).toBe(FILES);
      // Four tasks of 48 files or a few more.
      expect(tasks).toBeLessThanOrEqual(4);
    });
  },
);

describe('the pace of hashing', () => {
  function paceAfter(msPerFile: number, minFiles = 4): number {
    const builder = new EntryBatchBuilder();
    for (let file = 0; file < 100; file++) builder.addFile(String(file), 1, 1n);
    const pace = new BatchSize(minFiles);
    pace.learn({ entries: builder.take(), threadMs: msPerFile * 100 });
    return pace.files;
  }

  it('gives fast storage full batches, and slow storage what a thread does in a second', () => {
    expect(paceAfter(0)).toBeGreaterThanOrEqual(512);
    expect(paceAfter(0.02)).toBeGreaterThanOrEqual(512);
    expect(paceAfter(1.9)).toBeGreaterThanOrEqual(512);
    expect(paceAfter(20)).toBe(52);
    expect(paceAfter(10_000)).toBe(4);
  });

  it('takes a rest along that is too small for a batch', () => {
    const pace = new BatchSize(48);
    expect(pace.files).toBe(48);
    expect([95, 96, 97, 30, 0].map((left) => pace.of(left))).toEqual([95, 48, 48, 30, 0]);
  });

  it('is a multiple of the files that a thread reads at the same time', () => {
    expect(paceAfter(0.02, 48)).toBeGreaterThanOrEqual(512);
    expect(paceAfter(10, 48)).toBe(144);
    expect(paceAfter(20, 48)).toBe(96);
    expect(paceAfter(10_000, 48)).toBe(48);
  });
});
