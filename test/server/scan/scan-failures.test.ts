import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OPERATOR } from '../../../server/domain/actor.js';
import { scanId } from '../../../server/domain/ids.js';
import type { Library } from '../../../server/library/library.js';
import { removeLibrary } from '../../../server/removal/remove-library.js';
import { getScanWithFailures, listFailures } from '../../../server/scan/list-failures.js';
import { NO_COUNTS, RunningCounts, WHOLE_LIBRARY } from '../../../server/scan/scan.js';
import { ScanFailures } from '../../../server/scan/scan-failures.js';
import { finishScan, insertScan, pruneScans } from '../../../server/scan/scan-repository.js';
import { type BookFolder, bookFolder } from '../../support/book-folder.js';
import { testDatabases } from '../../support/databases.js';
import { openHookedStore } from '../../support/hooked-store.js';
import { openScanBench, type ScanBench } from '../../support/scan-bench.js';

describe.each(testDatabases())('what a scan could not read, in $name,', (kind) => {
  let bench: ScanBench;
  let folder: BookFolder;
  let library: Library;
  beforeEach(async () => {
    bench = await openScanBench(kind);
    folder = await bookFolder({ 'good.epub': 'good' });
    library = await bench.makeLibrary(folder);
  });
  afterEach(() => bench.close());

  /** Links that lead to themselves cannot be read, nor can those that lead nowhere; also not by root. */
  function addBad(loops: number, dangling: number): void {
    for (let i = 0; i < loops; i++)
      symlinkSync(`loop${String(i)}.epub`, join(folder.path, `loop${String(i)}.epub`));
    for (let i = 0; i < dangling; i++) symlinkSync('nowhere', join(folder.path, `gone${String(i)}.epub`));
  }

  const rows = async (): Promise<readonly number[]> => {
    const { db } = bench.store;
    const kept = await db.selectFrom('scan_failure').select('scan_id').execute();
    const counts = await db.selectFrom('scan_failure_count').select('scan_id').execute();
    return [...new Set([...kept, ...counts].map((row) => Number(row.scan_id)))].toSorted((a, b) => a - b);
  };

  it('is counted by reason, and the first hundred of each reason are kept', async () => {
    addBad(103, 2);
    const seen: string[] = [];
    const { scanId: id, counts } = await bench.scan(library, {
      onFailure: ({ path, code }) => void seen.push(`${code} ${path.toString()}`),
    });
    expect(counts.failed).toBe(105);
    const { scan, failures } = await getScanWithFailures(bench, OPERATOR, id);
    expect(scan.state).toBe('completed');
    expect(failures).toEqual([
      { reason: 'link-loop', failures: 103, kept: 100 },
      { reason: 'vanished', failures: 2, kept: 2 },
    ]);
    const first = await listFailures(bench.store, OPERATOR, id, undefined, { after: undefined, limit: 99 });
    const second = await listFailures(bench.store, OPERATOR, id, undefined, { after: first.next, limit: 99 });
    expect([first.total, first.kept, first.items.length, second.items.length, second.next]).toEqual([
      105,
      102,
      99,
      3,
      undefined,
    ]);
    const listed = [...first.items, ...second.items].map(({ path, code }) => `${code} ${path.toString()}`);
    const ofReason = (reason: string): readonly string[] => seen.filter((text) => text.startsWith(reason));
    expect(listed).toEqual([...ofReason('link-loop').slice(0, 100), ...ofReason('vanished')]);
    expect(first.items[0]?.message).toMatch(/^too many symbolic links/);
    const gone = await listFailures(bench.store, OPERATOR, id, 'vanished', { after: undefined, limit: 9 });
    expect([gone.total, gone.kept, gone.items.length]).toEqual([2, 2, 2]);
  });

  it('is kept of a scan that fails, too', async () => {
    addBad(1, 0);
    const stop = new AbortController();
    let id = 0;
    await expect(
      bench.scan(library, {
        signal: stop.signal,
        onStart: (started) => void (id = started),
        onFailure: () => stop.abort(),
      }),
    ).rejects.toMatchObject({ code: 'scan-cancelled' });
    const { scan, failures } = await getScanWithFailures(bench, OPERATOR, scanId(id));
    expect([scan.state, failures]).toEqual(['cancelled', [{ reason: 'link-loop', failures: 1, kept: 1 }]]);
  });

  it('is kept with its path, whatever its bytes and however long', async () => {
    const id = await runningScan();
    const failures = new ScanFailures();
    const path = Buffer.alloc(5000, 0xe9);
    failures.add({ path, code: 'path-too-long', message: 'x'.repeat(300) });
    await failures.write(bench.store, id, new RunningCounts());
    const { items } = await listFailures(bench.store, OPERATOR, id, undefined, {
      after: undefined,
      limit: 9,
    });
    expect(items).toEqual([
      { path: path.subarray(0, 4096), code: 'path-too-long', message: 'x'.repeat(255), number: 1 },
    ]);
  });

  it('goes with its scan', async () => {
    addBad(1, 0);
    const { scanId: first } = await bench.scan(library);
    expect(await rows()).toEqual([first]);
    for (let i = 0; i < 101; i++) await finishScan(bench.store, await runningScan(), 'completed', NO_COUNTS);
    await pruneScans(bench.store, library.id, 500);
    expect(await rows()).toEqual([]);
    const { scanId: last } = await bench.scan(library);
    expect(await rows()).toEqual([last]);
    await removeLibrary(bench.store, OPERATOR, library.id);
    expect(await rows()).toEqual([]);
  });

  it('does not stay without its scan when the removal of its library is cut off', async () => {
    addBad(1, 0);
    await bench.scan(library);
    const cut = openHookedStore(bench.store.url, {
      afterStatement: (text) => {
        if (/delete from .scan. /.test(text)) throw new Error('cut off');
      },
    });
    await expect(removeLibrary(cut, OPERATOR, library.id)).rejects.toThrow('cut off');
    await cut.close();
    const scans = await bench.store.db.selectFrom('scan').select('id').execute();
    expect(scans).toHaveLength(1);
    expect(await rows()).toEqual([]);
  });

  it('is not written any more when the scan has ended, or is gone', async () => {
    const id = await runningScan();
    await finishScan(bench.store, id, 'completed', NO_COUNTS);
    for (const of of [id, scanId(987_654)]) {
      const failures = new ScanFailures();
      failures.add({ path: Buffer.from('a'), code: 'unreadable', message: 'no' });
      await failures.write(bench.store, of, new RunningCounts());
    }
    expect(await rows()).toEqual([]);
  });

  it('is counted on while the scan runs, and written once when writes overlap', async () => {
    const id = await runningScan();
    const failures = new ScanFailures();
    const counts = new RunningCounts();
    const add = (name: string): void =>
      failures.add({ path: Buffer.from(name), code: 'unreadable', message: 'no' });
    add('a');
    const first = failures.write(bench.store, id, counts);
    add('b');
    await Promise.all([first, failures.write(bench.store, id, counts)]);
    const { items, total } = await listFailures(bench.store, OPERATOR, id, undefined, {
      after: undefined,
      limit: 9,
    });
    expect([total, items.map(({ path }) => path.toString())]).toEqual([2, ['a', 'b']]);
  });

  function runningScan() {
    return insertScan(bench.store, {
      libraryId: library.id,
      shard: WHOLE_LIBRARY,
      regenSinceMs: undefined,
      runner: 'x',
      leaseMs: 60_000,
    });
  }
});
