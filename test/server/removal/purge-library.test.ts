import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OPERATOR } from '../../../server/domain/actor.js';
import type { Library } from '../../../server/library/library.js';
import { purgeLibrary, type PurgeRequest } from '../../../server/removal/purge-library.js';
import { countLibraryRemoval } from '../../../server/removal/remove-library.js';
import { bookFolder } from '../../support/book-folder.js';
import { catalogueOf } from '../../support/catalogue.js';
import { testDatabases } from '../../support/databases.js';
import { counts, openScanBench, type ScanBench } from '../../support/scan-bench.js';

describe.each(testDatabases())('purging a library on $name', (kind) => {
  let bench: ScanBench;
  beforeEach(async () => {
    bench = await openScanBench(kind);
  });
  afterEach(() => bench.close());

  const purge = (library: Library, request: Partial<PurgeRequest>) =>
    purgeLibrary(bench.store, OPERATOR, library.id, { missingForDays: 90, isDryRun: false, ...request });
  const paths = async (library: Library): Promise<readonly string[]> =>
    (await catalogueOf(bench.store, library)).map(({ path }) => path);

  async function missFor(days: number, path: string): Promise<void> {
    await bench.store.db
      .updateTable('book')
      .set({ missing_since_s: Math.floor(Date.now() / 1000) - days * 86_400 - 60 })
      .where('path', '=', Buffer.from(path))
      .execute();
  }

  it('removes books that have been missing for so long, with their digests, and says first how many', async () => {
    const folder = await bookFolder({ 'here.epub': 'here', 'long.epub': 'first', 'lately.epub': 'lately' });
    const library = await bench.makeLibrary(folder);
    await bench.scan(library);
    folder.write('long.epub', 'second edition');
    await bench.scan(library);
    folder.remove('long.epub');
    folder.remove('lately.epub');
    await bench.scan(library);
    await missFor(91, 'long.epub');
    await missFor(89, 'lately.epub');
    // Its name, its content, and the content before.
    const loss = { books: 1, digests: 3, links: 0 };
    expect(await purge(library, { isDryRun: true })).toEqual(loss);
    expect(await paths(library)).toEqual(['here.epub', 'lately.epub', 'long.epub']);
    expect(await purge(library, {})).toEqual(loss);
    expect(await paths(library)).toEqual(['here.epub', 'lately.epub']);
    expect(await bench.store.db.selectFrom('former_digest').selectAll().execute()).toEqual([]);
    expect(await purge(library, {})).toEqual({ books: 0, digests: 0, links: 0 });
    expect(await purge(library, { missingForDays: 0 })).toEqual({ books: 1, digests: 2, links: 0 });
    folder.write('long.epub', 'first');
    expect((await bench.scan(library)).counts).toEqual(
      counts({ found: 2, added: 1, unchanged: 1, hashed: 1 }),
    );
  });

  it('counts each digest once, and none that another book has', async () => {
    const folder = await bookFolder({ 'a/x.epub': 'same', 'b/x.epub': 'same', 'c/y.epub': 'other' });
    const library = await bench.makeLibrary(folder);
    const second = await bench.makeLibrary(await bookFolder({ 'z.epub': 'other' }), { name: 'second' });
    await bench.scan(library);
    await bench.scan(second);
    // The name and content of x.epub. The name y.epub goes to z.epub, and the other way round.
    expect(await countLibraryRemoval(bench.store, OPERATOR, library.id)).toEqual({
      books: 3,
      digests: 2,
      links: 0,
    });
    expect(await countLibraryRemoval(bench.store, OPERATOR, second.id)).toEqual({
      books: 1,
      digests: 0,
      links: 0,
    });
    await missFor(100, 'a/x.epub');
    expect(await purge(library, {})).toEqual({ books: 1, digests: 0, links: 0 });
    await missFor(100, 'b/x.epub');
    expect(await purge(library, {})).toEqual({ books: 1, digests: 2, links: 0 });
  });

  it('adds the counts of several pages', async () => {
    const files = Array.from({ length: 1203 }, (_, index) => [`${String(index)}/cover.cbz`, String(index)]);
    const library = await bench.makeLibrary(
      await bookFolder(Object.fromEntries(files) as Record<string, string>),
    );
    await bench.scan(library);
    expect(await countLibraryRemoval(bench.store, OPERATOR, library.id)).toEqual({
      books: 1203,
      digests: 1204,
      links: 0,
    });
    await bench.store.db.updateTable('book').set({ missing_since_s: 1 }).execute();
    expect(await purge(library, {})).toEqual({ books: 1203, digests: 1204, links: 0 });
    expect(await paths(library)).toEqual([]);
  });
});
