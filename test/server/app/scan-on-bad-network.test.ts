import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scanLibrary } from '../../../server/app/scan-library.js';
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
});
