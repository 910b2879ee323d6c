import { copyFileSync, renameSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Library } from '../../../server/library/library.js';
import { scanLibrary } from '../../../server/scan/scan-library.js';
import { type BookFolder, bookFolder, md5 } from '../../support/book-folder.js';
import { catalogueOf } from '../../support/catalogue.js';
import { testDatabases } from '../../support/databases.js';
import { counts, openScanBench, type ScanBench } from '../../support/scan-bench.js';

describe.each(testDatabases())('a scan into $name of files that keep their size and time', (kind) => {
  let bench: ScanBench;
  let folder: BookFolder;
  let library: Library;
  let number = 0;
  beforeAll(async () => {
    bench = await openScanBench(kind);
  });
  beforeEach(async () => {
    folder = await bookFolder({ 'one.epub': 'one', 'two.epub': 'two' });
    folder.setModified('one.epub', 1000);
    library = await bench.makeLibrary(folder, { name: `books ${String(number++)}` });
    expect((await bench.scan(library)).counts).toEqual(counts({ found: 2, added: 2, hashed: 2 }));
  });
  afterAll(() => bench.close());

  /** As a tag editor does that puts the time back. */
  function rewriteOne(content: string): void {
    const { atime, mtime, ino } = statSync(join(folder.path, 'one.epub'));
    folder.write('one.epub', content);
    utimesSync(join(folder.path, 'one.epub'), atime, mtime);
    expect(statSync(join(folder.path, 'one.epub')).ino).toBe(ino);
  }

  const digestsOfOne = async (): Promise<unknown> => {
    const [one] = await catalogueOf(bench.store, library);
    return { now: one?.partialMd5, former: one?.former };
  };

  const unchanged = counts({ found: 2, unchanged: 2 });

  it('notices one that was rewritten in place, and reads no other', async () => {
    expect((await bench.scan(library)).counts).toEqual(unchanged);
    rewriteOne('eno');
    expect((await bench.scan(library)).counts).toEqual(
      counts({ found: 2, changed: 1, unchanged: 1, hashed: 1, rechecked: 1 }),
    );
    expect(await digestsOfOne()).toEqual({ now: md5('eno'), former: [`partial ${md5('one')}`] });
    expect((await bench.scan(library)).counts).toEqual(unchanged);
  });

  it('reads a copy that took the place of a file once', async () => {
    const one = join(folder.path, 'one.epub');
    copyFileSync(one, `${one}.new`);
    utimesSync(`${one}.new`, 1000, 1000);
    renameSync(`${one}.new`, one);
    expect((await bench.scan(library)).counts).toEqual(
      counts({ found: 2, unchanged: 2, hashed: 1, rechecked: 1 }),
    );
    expect((await bench.scan(library)).counts).toEqual(unchanged);
  });

  it('takes over inodes and times of books from before, without a read', async () => {
    const marks = () =>
      bench.store.db
        .selectFrom('book')
        .select('state_mark')
        .where('library_id', '=', library.id)
        .orderBy('path')
        .execute();
    const before = await marks();
    await bench.store.db.updateTable('book').set({ state_mark: null }).execute();
    expect((await bench.scan(library)).counts).toEqual(unchanged);
    expect(await marks()).toEqual(before);
    rewriteOne('eno');
    expect((await bench.scan(library)).counts).toMatchObject({ changed: 1, rechecked: 1 });
  });

  it('reads no file again where only size and time of modification are compared', async () => {
    rewriteOne('eno');
    const byTime = { store: bench.store, engine: bench.engine, changeCheck: 'mtime' } as const;
    expect((await scanLibrary(byTime, library)).counts).toEqual(unchanged);
    expect((await bench.scan(library)).counts).toMatchObject({ changed: 1, rechecked: 1 });
  });

  it('knows a file that moved, and one that went away and came back, by what it is then', async () => {
    folder.move('one.epub', 'sub/one.epub');
    folder.move('two.epub', '../two.epub');
    expect((await bench.scan(library)).counts).toEqual(counts({ found: 1, moved: 1, missing: 1, hashed: 1 }));
    folder.move('../two.epub', 'two.epub');
    expect((await bench.scan(library)).counts).toEqual(
      counts({ found: 2, returned: 1, unchanged: 1, hashed: 1, rechecked: 1 }),
    );
    expect((await bench.scan(library)).counts).toEqual(unchanged);
  });
});
