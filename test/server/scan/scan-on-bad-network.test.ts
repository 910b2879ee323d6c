import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scanLibrary } from '../../../server/scan/scan-library.js';
import { WHOLE_LIBRARY } from '../../../server/scan/scan.js';
import { latestScan } from '../../../server/scan/scan-repository.js';
import { bookFolder, md5 } from '../../support/book-folder.js';
import { catalogueOf } from '../../support/catalogue.js';
import { testDatabases } from '../../support/databases.js';
import { connectionLost, openHookedStore, type StatementHooks } from '../../support/hooked-store.js';
import { openScanBench, type ScanBench } from '../../support/scan-bench.js';

describe.each(testDatabases())('a scan into $name over a bad network', (kind) => {
  let bench: ScanBench;
  beforeEach(async () => {
    bench = await openScanBench(kind);
  });
  afterEach(() => bench.close());

  async function scanWith(hooks: StatementHooks, ...[library, options]: Parameters<ScanBench['scan']>) {
    const store = openHookedStore(bench.store.url, hooks);
    try {
      return await scanLibrary({ store, engine: bench.engine }, library, options);
    } finally {
      await store.close();
    }
  }

  it.each([true, false])(
    'keeps moved books and their digests where the answer to a commit is lost (KOReader hashes: %s)',
    async (koreaderHashes) => {
      const folder = await bookFolder({ 'a/one.epub': 'one', 'b.epub': 'b' });
      const library = await bench.makeLibrary(folder);
      await bench.scan(library);
      folder.write('a/one.epub', 'one, second edition');
      await bench.scan(library);
      const before = await catalogueOf(bench.store, library);
      folder.move('a/one.epub', 'c/one.epub');
      let commits = 0;
      // The first one begins the scan; of the others every second is lost, so that each is done twice.
      const afterCommit = (): void => {
        if (++commits % 2 === 0) throw connectionLost();
      };
      const moved = await scanWith({ afterCommit }, { ...library, koreaderHashes });
      expect(moved.counts).toMatchObject({ moved: 1, added: 0, missing: 0 });
      const [one, b] = before;
      expect(one?.former).toEqual([`partial ${md5('one')}`]);
      expect(await catalogueOf(bench.store, library)).toEqual([b, { ...one, path: 'c/one.epub' }]);
    },
  );

  it('that has lost its place while it slept moves nothing', async () => {
    const folder = await bookFolder({ 'a/one.epub': 'one', 'b.epub': 'b' });
    const library = await bench.makeLibrary(folder, { koreaderHashes: false });
    await bench.scan(library);
    folder.move('a/one.epub', 'c/one.epub');
    let commits = 0;
    const afterCommit = async (): Promise<void> => {
      // The one that begins the scan, and the one that adds the new file.
      if (++commits === 2) await bench.store.db.updateTable('scan').set({ state: 'interrupted' }).execute();
    };
    await expect(scanWith({ afterCommit }, library)).rejects.toMatchObject({ code: 'scan-lease-lost' });
    const paths = (await catalogueOf(bench.store, library)).map(({ path }) => path);
    expect(paths).toEqual(['a/one.epub', 'b.epub', 'c/one.epub']);
  });

  it('does not find itself in the way where the answer to its beginning is lost', async () => {
    const library = await bench.makeLibrary(await bookFolder({ 'one.epub': 'one' }));
    let commits = 0;
    const afterCommit = (): void => {
      if (++commits === 1) throw connectionLost();
    };
    expect((await scanWith({ afterCommit }, library)).counts.added).toBe(1);
    expect(await bench.store.db.selectFrom('scan').select('state').execute()).toEqual([
      { state: 'completed' },
    ]);
  });

  it.each([
    ['reads the books that it knows', /^select id, path, size_bytes.* from book/],
    ['asks for the time', /now_ms/],
    ['looks for moved books', /^select.*partial_md5.? in/],
    ['ends', /^update .?scan.? .*finished_ms/],
  ])('goes on where the connection is lost while it %s', async (_, statement) => {
    const folder = await bookFolder({ 'a/one.epub': 'one', 'b.epub': 'b' });
    const library = await bench.makeLibrary(folder);
    await bench.scan(library);
    folder.move('a/one.epub', 'c/one.epub');
    let lost = 0;
    const beforeStatement = (sql: string): void => {
      if (statement.test(sql) && ++lost <= 2) throw connectionLost();
    };
    expect((await scanWith({ beforeStatement }, library)).counts).toMatchObject({ moved: 1, unchanged: 1 });
    expect(lost).toBeGreaterThan(2);
    const last = await latestScan(bench.store, library.id, WHOLE_LIBRARY);
    expect(last?.state.state).toBe('completed');
  });

  it('goes on with its rescan after it has failed', async () => {
    const folder = await bookFolder({ 'one.epub': 'one', 'two.epub': 'two' });
    const library = await bench.makeLibrary(folder);
    await bench.scan(library);
    let ends = 0;
    const beforeStatement = (sql: string): void => {
      if (/^update .?scan.? .*finished_ms/.test(sql) && ++ends === 1) throw new Error('no right to do that');
    };
    const failing = scanWith({ beforeStatement }, library, { regenHashes: true });
    await expect(failing).rejects.toThrow('no right to do that');
    const failed = await latestScan(bench.store, library.id, WHOLE_LIBRARY);
    expect(failed?.state.state).toBe('failed');
    const { counts } = await bench.scan(library, { regenHashes: true });
    expect(counts).toMatchObject({ found: 2, hashed: 0, unchanged: 2 });
  });
});
