import { expect, it, onTestFinished, vi } from 'vitest';
import { bookFolder } from '../../support/book-folder.js';
import { catalogueOf } from '../../support/catalogue.js';
import { testDatabases } from '../../support/databases.js';
import { openScanBench } from '../../support/scan-bench.js';
import { serveProgram } from './served-program.js';

const [DATABASE] = testDatabases();

it.each([1, 2])(
  'a server of %i threads that watches scans a library at its start and after a book has come',
  async (threads) => {
    if (DATABASE === undefined) throw new Error('no database');
    const bench = await openScanBench(DATABASE);
    onTestFinished(() => bench.close());
    const folder = await bookFolder({ 'one.epub': 'one' });
    const library = await bench.makeLibrary(folder);
    await serveProgram(bench.store.url, {
      settings: [
        'library.watch=true',
        'library.watch_quiet_seconds=1',
        `server.listeners=${String(threads)}`,
      ],
    });
    const expectPaths = (paths: readonly string[]): Promise<void> =>
      vi.waitFor(
        async () => {
          const rows = await catalogueOf(bench.store, library);
          expect(rows.filter(({ missing }) => !missing).map(({ path }) => path)).toEqual(paths);
        },
        { timeout: 20_000, interval: 100 },
      );
    await expectPaths(['one.epub']);
    // Where nothing is touched, nothing is looked at.
    await bench.store.db.updateTable('book').set({ size_bytes: 99 }).execute();
    folder.write('new/two.epub', 'two');
    await expectPaths(['new/two.epub', 'one.epub']);
    folder.move('new', 'newer');
    await expectPaths(['newer/two.epub', 'one.epub']);
    expect((await catalogueOf(bench.store, library)).map(({ size }) => size)).toEqual([3, 99]);
    folder.remove('one.epub');
    await expectPaths(['newer/two.epub']);
  },
);
