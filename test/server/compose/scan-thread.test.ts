import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfiguration } from '../../../config/load.js';
import { createEngineWith } from '../../../engine/pool/engine.js';
import { scanLibrary } from '../../../server/scan/scan-library.js';
import { scanInThread } from '../../../server/compose/scan-thread.js';
import { latestScan } from '../../../server/scan/scan-repository.js';
import { bookFolder } from '../../support/book-folder.js';
import { testDatabases } from '../../support/databases.js';
import { openScanBench, type ScanBench } from '../../support/scan-bench.js';

describe.each(testDatabases())('a scan into $name that fails unexpectedly', (kind) => {
  let bench: ScanBench;
  beforeEach(async () => {
    bench = await openScanBench(kind);
  });
  afterEach(() => bench.close());

  it('in a thread of its own rejects with the error, its stack and its causes', async () => {
    const library = await bench.makeLibrary(await bookFolder({ 'one.epub': 'one' }));
    await bench.store.db.schema.dropTable('scan').execute();
    const environment = { DOGEAR_DATABASE_URL: bench.store.url };
    const { configuration } = loadConfiguration({ environment });
    await expect(scanInThread(configuration, () => undefined)(library)).rejects.toMatchObject({
      message: expect.stringMatching(/scan/) as string,
      code: expect.stringMatching(/SQLITE_ERROR|ER_NO_SUCH_TABLE/) as string,
      stack: expect.not.stringContaining('scan-thread') as string,
    });
  });

  it('only when positions of documents that have a book now are to become progress has completed', async () => {
    const library = await bench.makeLibrary(await bookFolder({ 'one.epub': 'one' }));
    await bench.store.db.schema.dropTable('unmatched_document').execute();
    const { configuration } = loadConfiguration({ environment: { DOGEAR_DATABASE_URL: bench.store.url } });
    const errors: string[] = [];
    const scan = scanInThread(configuration, ({ message }) => errors.push(message));
    expect((await scan(library)).counts.added).toBe(1);
    expect(errors).toEqual([expect.stringContaining('unmatched_document')]);
  });

  it('stores the reason in the database', async () => {
    const library = await bench.makeLibrary(await bookFolder({ 'one.epub': 'one' }));
    const worker = new URL('../../engine/pool/crashing-worker.js', import.meta.url);
    const engine = createEngineWith({ jobs: 1 }, worker);
    try {
      await expect(scanLibrary({ store: bench.store, engine }, library)).rejects.toMatchObject({
        code: 'worker-failed',
      });
    } finally {
      await engine.close();
    }
    expect((await latestScan(bench.store, library.id, { index: 1, count: 1 }))?.state).toMatchObject({
      state: 'failed',
      error: expect.stringMatching(/^a worker thread failed: .*\b3\b/) as string,
    });
  });
});
