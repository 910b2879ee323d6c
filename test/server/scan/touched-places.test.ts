import { symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Library } from '../../../server/library/library.js';
import { WHOLE_LIBRARY } from '../../../server/scan/scan.js';
import { latestScan } from '../../../server/scan/scan-repository.js';
import type { ScanSummary } from '../../../server/scan/scan-library.js';
import { isInPlaces, placesOf, rangeOf } from '../../../server/scan/touched-places.js';
import { type BookFolder, bookFolder, md5 } from '../../support/book-folder.js';
import { catalogueOf } from '../../support/catalogue.js';
import { testDatabases } from '../../support/databases.js';
import { counts, openScanBench, type ScanBench } from '../../support/scan-bench.js';

it('places lie in byte order, none inside another, and their paths in their ranges', () => {
  const texts = (touched: readonly string[]) => placesOf(touched)?.map((place) => place.toString('latin1'));
  expect(texts(['b/c.epub', 'b/', 'a-b.epub', 'a/', 'b/c/', 'a/', 'b.epub'])).toEqual([
    'a-b.epub',
    'a/',
    'b.epub',
    'b/',
  ]);
  expect(texts(['a', ''])).toBeUndefined();
  expect(texts(Array.from({ length: 201 }, (_, number) => `${String(number)}/`))).toBeUndefined();
  const paths = ['a', 'a-', 'a/', 'a/\xff', 'a/a', 'a0', 'b.epu', 'b.epub', 'b.epub/c', 'b.epuc'];
  for (const place of placesOf(['a/', 'b.epub']) ?? []) {
    const [after, before] = rangeOf(place);
    for (const text of paths) {
      const path = Buffer.from(text, 'latin1');
      const isInRange = path.compare(after) > 0 && path.compare(before) < 0;
      if (isInPlaces(path, [place]) && !path.equals(place)) expect([text, isInRange]).toEqual([text, true]);
    }
    expect(isInPlaces(Buffer.from(`${place.toString()}x`), [place])).toBe(place.toString() === 'a/');
  }
});

describe.each(testDatabases())('a scan of what was touched on $name', (kind) => {
  let bench: ScanBench;
  let folder: BookFolder;
  let library: Library;
  beforeEach(async () => {
    bench = await openScanBench(kind);
    folder = await bookFolder({
      'a/one.epub': 'one',
      'a/two.epub': 'two',
      'b/deep/three.epub': 'three',
      'four.epub': 'four',
      'four.epuba.epub': 'beside it',
    });
    library = await bench.makeLibrary(folder);
    await bench.scan(library);
  });
  afterEach(() => bench.close());

  const scanOf = (...touched: readonly string[]): Promise<ScanSummary> =>
    bench.scan(library, { within: placesOf(touched) ?? [] });
  const present = async (): Promise<readonly string[]> =>
    (await catalogueOf(bench.store, library)).filter(({ missing }) => !missing).map(({ path }) => path);

  it('finds what is new, changed and gone there, and leaves all else as it is', async () => {
    folder.write('a/new.epub', 'new');
    folder.write('a/one.epub', 'one, changed');
    folder.remove('a/two.epub');
    folder.remove('b');
    folder.write('four.epub', 'four, changed');
    expect((await scanOf('a/', 'four.epub')).counts).toEqual(
      counts({ found: 3, added: 1, changed: 2, missing: 1, hashed: 3 }),
    );
    const rows = await catalogueOf(bench.store, library);
    expect(rows.map(({ path, missing }) => `${path}${missing ? ' missing' : ''}`)).toEqual([
      'a/new.epub',
      'a/one.epub',
      'a/two.epub missing',
      'b/deep/three.epub',
      'four.epub',
      'four.epuba.epub',
    ]);
    expect(rows[1]).toMatchObject({ partialMd5: md5('one, changed'), former: [`partial ${md5('one')}`] });
  });

  it('sees a file and a folder that are gone, and one that was renamed keeps its books', async () => {
    const [, , three] = await catalogueOf(bench.store, library);
    folder.remove('four.epub');
    expect((await scanOf('four.epub')).counts).toEqual(counts({ missing: 1 }));
    folder.move('b', 'c');
    expect((await scanOf('b/', 'c/')).counts).toEqual(counts({ found: 1, moved: 1, hashed: 1 }));
    expect(
      (await catalogueOf(bench.store, library)).find(({ path }) => path === 'c/deep/three.epub'),
    ).toEqual({
      ...three,
      path: 'c/deep/three.epub',
    });
    folder.remove('a');
    expect((await scanOf('a/')).counts).toEqual(counts({ missing: 2 }));
    expect(await present()).toEqual(['c/deep/three.epub', 'four.epuba.epub']);
  });

  it('joins a book that was renamed and rewritten in a folder', async () => {
    const text = (title: string) => `${title} ${'x'.repeat(5000)}`;
    folder.write('a/The Long Winter - Berg.epub', text('first'));
    await scanOf('a/');
    folder.remove('a/The Long Winter - Berg.epub');
    folder.write('a/The Long Winter Revised - Berg.epub', text('second'));
    expect((await scanOf('a/')).counts).toMatchObject({ added: 0, moved: 1, missing: 0 });
  });

  it('leaves out what a scan of the library leaves out, and takes it from the catalogue', async () => {
    folder.write('.dogearignore', 'b/deep/\n*two*\n');
    folder.write('.git/x.epub', 'x');
    folder.write('a/one.sdr/y.epub', 'y');
    folder.write('z.txt.exe', 'z');
    expect(
      (await scanOf('b/', 'a/two.epub', '.git/', '.git/x.epub', 'a/one.sdr/y.epub', 'z.txt.exe')).counts,
    ).toEqual(counts({ missing: 2, skipped: 1 }));
    expect(await present()).toEqual(['a/one.epub', 'four.epub', 'four.epuba.epub']);
  });

  it('marks nothing missing in a library whose root is empty, and follows no link to a folder', async () => {
    const elsewhere = `../${basename(folder.path)}-elsewhere`;
    folder.move('b', elsewhere);
    symlinkSync(elsewhere, join(folder.path, 'b'));
    expect((await scanOf('b/')).counts.missing).toBe(0);
    for (const name of ['a', 'b', 'four.epub', 'four.epuba.epub']) folder.remove(name);
    await expect(scanOf('a/')).rejects.toMatchObject({ code: 'root-empty' });
    expect(await present()).toHaveLength(5);
  });

  it('is told from scans of the library, which know nothing of it', async () => {
    const before = await latestScan(bench.store, library.id, WHOLE_LIBRARY);
    await scanOf('a/', 'four.epub');
    expect(await latestScan(bench.store, library.id, WHOLE_LIBRARY)).toEqual(before);
    const rows = await bench.store.db.selectFrom('scan').select('touched').orderBy('id').execute();
    expect(rows.map(({ touched }) => touched)).toEqual([null, 2]);
  });
});
