import { renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Library } from '../../../server/library/library.js';
import { findLibraryByName, updateLibrary } from '../../../server/library/library-repository.js';
import { scanLibrary } from '../../../server/scan/scan-library.js';
import { bookFolder, md5 } from '../../support/book-folder.js';
import { type CatalogueRow, catalogueOf } from '../../support/catalogue.js';
import { testDatabases } from '../../support/databases.js';
import { counts, openScanBench, type ScanBench } from '../../support/scan-bench.js';

describe.each(testDatabases())('a scan into $name', (kind) => {
  let bench: ScanBench;
  beforeEach(async () => {
    bench = await openScanBench(kind);
  });
  afterEach(() => bench.close());

  const makeLibrary: ScanBench['makeLibrary'] = (folder, changes) => bench.makeLibrary(folder, changes);
  const scan: ScanBench['scan'] = (library, options) => bench.scan(library, options);

  async function rows(library: Library): Promise<Record<string, CatalogueRow>> {
    return Object.fromEntries((await catalogueOf(bench.store, library)).map((row) => [row.path, row]));
  }

  it('catalogues new books with both digests, and finds all unchanged the next time', async () => {
    const folder = await bookFolder({ 'a/one.epub': 'one', 'a/b/two.cbz': 'two', 'notes.opf': 'no book' });
    const library = await makeLibrary(folder);
    expect((await scan(library)).counts).toEqual(counts({ found: 2, added: 2, hashed: 2 }));
    const first = await catalogueOf(bench.store, library);
    expect(first.map(({ path, partialMd5, filenameMd5 }) => ({ path, partialMd5, filenameMd5 }))).toEqual([
      { path: 'a/b/two.cbz', partialMd5: md5('two'), filenameMd5: md5('two.cbz') },
      { path: 'a/one.epub', partialMd5: md5('one'), filenameMd5: md5('one.epub') },
    ]);
    expect((await scan(library)).counts).toEqual(counts({ found: 2, unchanged: 2 }));
    expect(await catalogueOf(bench.store, library)).toEqual(first);
  });

  it('hashes a changed file and keeps its former digest', async () => {
    const folder = await bookFolder({ 'one.epub': 'one', 'two.epub': 'two' });
    const library = await makeLibrary(folder);
    await scan(library);
    folder.write('one.epub', 'one, second edition');
    expect((await scan(library)).counts).toEqual(counts({ found: 2, changed: 1, unchanged: 1, hashed: 1 }));
    const { 'one.epub': one } = await rows(library);
    expect(one).toMatchObject({
      partialMd5: md5('one, second edition'),
      size: 19,
      former: [`partial ${md5('one')}`],
    });
  });

  it('notices a change of the same size by the modification time', async () => {
    const folder = await bookFolder({ 'one.epub': 'one' });
    folder.setModified('one.epub', 1_000_000_000);
    const library = await makeLibrary(folder);
    await scan(library);
    folder.write('one.epub', 'two');
    folder.setModified('one.epub', 1_000_000_001);
    expect((await scan(library)).counts).toEqual(counts({ found: 1, changed: 1, hashed: 1 }));
    expect((await rows(library))['one.epub']?.partialMd5).toBe(md5('two'));
  });

  it('keeps a book that was moved or renamed, with its former file name', async () => {
    const folder = await bookFolder({ 'a/one.epub': 'one', 'z/two.epub': 'two', 'three.epub': 'three' });
    const library = await makeLibrary(folder);
    await scan(library);
    const before = await rows(library);
    folder.move('a/one.epub', 'moved/one.epub');
    folder.move('z/two.epub', 'a/renamed.epub');
    expect((await scan(library)).counts).toEqual(counts({ found: 3, moved: 2, unchanged: 1, hashed: 2 }));
    const after = await rows(library);
    expect(Object.keys(after)).toEqual(['a/renamed.epub', 'moved/one.epub', 'three.epub']);
    expect(after['moved/one.epub']).toMatchObject({
      id: before['a/one.epub']?.id,
      missing: false,
      former: [],
    });
    expect(after['a/renamed.epub']).toMatchObject({
      id: before['z/two.epub']?.id,
      filenameMd5: md5('renamed.epub'),
      former: [`filename ${md5('two.epub')}`],
    });
  });

  it('takes a copy for a new book, not for a move', async () => {
    const folder = await bookFolder({ 'one.epub': 'one' });
    const library = await makeLibrary(folder);
    await scan(library);
    folder.write('copy.epub', 'one');
    expect((await scan(library)).counts).toEqual(counts({ found: 2, added: 1, unchanged: 1, hashed: 1 }));
  });

  it('gives a moved book back to one file only where several have its digest', async () => {
    const folder = await bookFolder({ 'one.epub': 'one' });
    const library = await makeLibrary(folder);
    await scan(library);
    const before = await rows(library);
    folder.move('one.epub', 'b/one.epub');
    folder.write('a/other.epub', 'one');
    expect((await scan(library)).counts).toMatchObject({ moved: 1, added: 1, missing: 0 });
    const ids = Object.values(await rows(library)).map((row) => row.id);
    expect(new Set(ids).size).toBe(2);
    expect(ids).toContain(before['one.epub']?.id);
  });

  it('marks a missing book, keeps it, and has it back unread when its file is', async () => {
    const folder = await bookFolder({ 'sub/one.epub': 'one', 'two.epub': 'two' });
    const library = await makeLibrary(folder);
    await scan(library);
    const before = await rows(library);
    const elsewhere = await bookFolder();
    // A file that is itself renamed has another time of last change.
    renameSync(join(folder.path, 'sub'), join(elsewhere.path, 'sub'));
    expect((await scan(library)).counts).toEqual(counts({ found: 1, unchanged: 1, missing: 1 }));
    expect((await rows(library))['sub/one.epub']?.missing).toBe(true);
    expect((await scan(library)).counts).toEqual(counts({ found: 1, unchanged: 1 }));
    renameSync(join(elsewhere.path, 'sub'), join(folder.path, 'sub'));
    expect((await scan(library)).counts).toEqual(counts({ found: 2, returned: 1, unchanged: 1 }));
    expect(await rows(library)).toEqual(before);
  });

  it('finds a book that was missing for a while under a new path', async () => {
    const folder = await bookFolder({ 'one.epub': 'one', 'two.epub': 'two' });
    const library = await makeLibrary(folder);
    await scan(library);
    const before = await rows(library);
    folder.remove('one.epub');
    await scan(library);
    folder.write('new/one.epub', 'one');
    expect((await scan(library)).counts).toMatchObject({ moved: 1, added: 0 });
    expect((await rows(library))['new/one.epub']).toMatchObject({
      id: before['one.epub']?.id,
      missing: false,
    });
  });

  it('takes a copy for a new book where the missing one is back at its place', async () => {
    const folder = await bookFolder({ 'nas/one.epub': 'one', 'two.epub': 'two' });
    const library = await makeLibrary(folder);
    await scan(library);
    const before = await rows(library);
    const elsewhere = await bookFolder();
    renameSync(join(folder.path, 'nas'), join(elsewhere.path, 'nas'));
    await scan(library);
    renameSync(join(elsewhere.path, 'nas'), join(folder.path, 'nas'));
    folder.write('backup/one.epub', 'one');
    expect((await scan(library)).counts).toEqual(
      counts({ found: 3, added: 1, returned: 1, unchanged: 1, hashed: 1 }),
    );
    expect(await rows(library)).toMatchObject(before);
  });

  it('with --regen-hashes reads every file again and finds what times and sizes hide', async () => {
    const folder = await bookFolder({ 'one.epub': 'one', 'two.epub': 'two' });
    folder.setModified('one.epub', 1_000_000_000);
    const library = await makeLibrary(folder);
    const scanByTime = (options = {}) => scanLibrary({ ...bench, changeCheck: 'mtime' }, library, options);
    await scanByTime();
    folder.write('one.epub', 'eno');
    folder.setModified('one.epub', 1_000_000_000);
    expect((await scanByTime()).counts).toEqual(counts({ found: 2, unchanged: 2 }));
    expect((await scanByTime({ regenHashes: true })).counts).toEqual(
      counts({ found: 2, changed: 1, unchanged: 1, hashed: 2 }),
    );
    expect((await rows(library))['one.epub']).toMatchObject({
      partialMd5: md5('eno'),
      former: [`partial ${md5('one')}`],
    });
  });

  it('catalogues without digests where they are off, and hashes what lacks them once they are on', async () => {
    const folder = await bookFolder({ 'a/one.epub': 'one', 'two.epub': 'two' });
    const library = await makeLibrary(folder, { koreaderHashes: false });
    expect((await scan(library)).counts).toEqual(counts({ found: 2, added: 2 }));
    expect((await rows(library))['two.epub']).toMatchObject({
      partialMd5: undefined,
      filenameMd5: undefined,
    });
    const before = await rows(library);
    folder.move('a/one.epub', 'b/renamed.epub');
    expect((await scan(library)).counts).toEqual(counts({ found: 2, moved: 1, unchanged: 1 }));
    expect((await rows(library))['b/renamed.epub']?.id).toBe(before['a/one.epub']?.id);
    await updateLibrary(bench.store, library.id, { koreaderHashes: true });
    const hashing = await findLibraryByName(bench.store, 'books');
    if (hashing === undefined) throw new Error('the library is gone');
    expect((await scan(hashing)).counts).toEqual(counts({ found: 2, unchanged: 2, hashed: 2 }));
    expect((await rows(library))['b/renamed.epub']?.partialMd5).toBe(md5('one'));
  });

  it('catalogues only the extensions of the library', async () => {
    const folder = await bookFolder({ 'one.epub': 'one', 'two.pdf': 'two', 'three.FB2.ZIP': 'three' });
    const library = await makeLibrary(folder, { extensions: ['pdf', 'fb2.zip'] });
    expect((await scan(library)).counts.found).toBe(2);
    expect(Object.keys(await rows(library))).toEqual(['three.FB2.ZIP', 'two.pdf']);
  });

  it('counts and reports what cannot be read, and tries it again the next time', async () => {
    const folder = await bookFolder({ 'one.epub': 'one' });
    symlinkSync('nowhere', join(folder.path, 'dangling.epub'));
    symlinkSync('loop.epub', join(folder.path, 'loop.epub'));
    const library = await makeLibrary(folder);
    const failures: string[] = [];
    const summary = await scan(library, {
      onFailure: ({ path, code }) => failures.push(`${path.toString()} ${code}`),
    });
    expect(summary.counts).toEqual(counts({ found: 3, added: 1, failed: 2, hashed: 1 }));
    expect(failures.toSorted()).toEqual(['dangling.epub vanished', 'loop.epub link-loop']);
    folder.remove('loop.epub');
    folder.write('loop.epub', 'a file now');
    expect((await scan(library)).counts).toMatchObject({ added: 1, failed: 1, unchanged: 1 });
  });
});
