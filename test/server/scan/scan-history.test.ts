import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Library } from '../../../server/library/library.js';
import { NO_COUNTS, WHOLE_LIBRARY } from '../../../server/scan/scan.js';
import { scanGauges } from '../../../server/scan/scan-gauges.js';
import {
  finishScan,
  insertScan,
  KEPT_SCANS,
  pruneScans,
  runningScans,
} from '../../../server/scan/scan-repository.js';
import type { Store } from '../../../server/database/store.js';
import { inTransaction } from '../../../server/database/transaction.js';
import { bookFolder } from '../../support/book-folder.js';
import { testDatabases } from '../../support/databases.js';
import { makeStatisticsStale, rowsRead } from '../../support/stale-statistics.js';
import { openScanBench, type ScanBench } from '../../support/scan-bench.js';

describe.each(testDatabases())('the history of scans in $name', (kind) => {
  let bench: ScanBench;
  let library: Library;
  let other: Library;
  beforeEach(async () => {
    bench = await openScanBench(kind);
    library = await bench.makeLibrary(await bookFolder({ 'one.epub': 'one' }));
    other = await bench.makeLibrary(await bookFolder(), { name: 'other' });
  });
  afterEach(() => bench.close());

  function addRunning({ id }: Library): Promise<number> {
    const shard = { index: 2, count: 2 };
    return insertScan(bench.store, {
      libraryId: id,
      shard,
      regenSinceMs: undefined,
      runner: 'x',
      leaseMs: 60_000,
    });
  }

  function addScans(of: Library, count: number): Promise<number[]> {
    return inTransaction(bench.store, async (store) => {
      const ids: number[] = [];
      for (let number = 0; number < count; number += 1) {
        const scan = {
          libraryId: of.id,
          shard: WHOLE_LIBRARY,
          regenSinceMs: undefined,
          runner: 'x',
          leaseMs: 1,
        };
        const id = await insertScan(store, scan);
        await finishScan(store, id, number % 2 === 0 ? 'completed' : 'failed', NO_COUNTS, 'a reason');
        ids.push(id);
      }
      return ids;
    });
  }

  async function idsOf({ id }: Library): Promise<number[]> {
    const rows = await bench.store.db
      .selectFrom('scan')
      .select('id')
      .where('library_id', '=', id)
      .orderBy('id')
      .execute();
    return rows.map((row) => row.id);
  }

  it('ends with the newest hundred of each library, when a scan has ended', async () => {
    const olds = await addScans(library, KEPT_SCANS + 30);
    const others = await addScans(other, 5);
    const { scanId } = await bench.scan(library);
    expect(await idsOf(library)).toEqual([...olds.slice(-(KEPT_SCANS - 1)), scanId]);
    expect(await idsOf(other)).toEqual(others);
  });

  it('is shortened by a scan that fails, too, and however long it has become', async () => {
    const olds = await addScans(library, 1300);
    await expect(bench.scan(library, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'scan-cancelled',
    });
    const left = await idsOf(library);
    expect(left).toHaveLength(KEPT_SCANS);
    expect(left.slice(0, -1)).toEqual(olds.slice(-(KEPT_SCANS - 1)));
  });

  it('keeps a running scan, however old, and deletes the oldest first, as many as it is told', async () => {
    const running = await addRunning(library);
    const olds = await addScans(library, KEPT_SCANS + 10);
    expect(await pruneScans(bench.store, library.id, 7)).toBe(7);
    expect(await idsOf(library)).toEqual([running, ...olds.slice(7)]);
    expect(await pruneScans(bench.store, library.id, 7)).toBe(3);
    expect(await pruneScans(bench.store, library.id, 7)).toBe(0);
    expect(await idsOf(library)).toEqual([running, ...olds.slice(10)]);
  });

  it('is not read by a look for the running scans', async () => {
    const running = await addRunning(other);
    await addScans(library, 700);
    await addScans(other, 700);
    const looks = [
      async (store: Store) => (await runningScans(store, other.id)).map(({ record }) => record.id),
      async (store: Store) => (await scanGauges(store)).map((gauge) => `${gauge.library} ${gauge.shard}`),
    ];
    expect(await looks[0]?.(bench.store)).toEqual([running]);
    expect(await looks[1]?.(bench.store)).toEqual(['other 2/2']);
    if (kind.name !== 'mysql') return;
    await makeStatisticsStale(bench.store, ['scan']);
    for (const look of looks) expect(await rowsRead(bench.store, look)).toBeLessThan(60);
  });

  it('lets in one of two scans that are wanted once, at the same time or one after the other', async () => {
    const once = { unlessBegunWithinMs: 60_000 };
    const both = await Promise.allSettled([bench.scan(library, once), bench.scan(library, once)]);
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(bench.scan(library, once)).rejects.toMatchObject({ code: 'scan-recent' });
    await bench.store.db.updateTable('scan').set({ state: 'failed' }).execute();
    expect((await bench.scan(library, once)).counts.unchanged).toBe(1);
    await bench.store.db.updateTable('scan').set({ started_ms: 1 }).execute();
    expect((await bench.scan(library, once)).counts.unchanged).toBe(1);
  });
});
