import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keepDigests, pruneKeptDigests } from '../../../server/book/kept-digest-repository.js';
import { verifyWholeFiles } from '../../../server/book/verify-whole-files.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import type { Library } from '../../../server/library/library.js';
import { countLibraryRemoval, removeLibrary } from '../../../server/removal/remove-library.js';
import { type BookFolder, bookFolder, md5 } from '../../support/book-folder.js';
import { catalogueOf } from '../../support/catalogue.js';
import { testDatabases } from '../../support/databases.js';
import { type DeviceMeeting, openDeviceMeeting } from '../../support/device-meeting.js';

describe.each(testDatabases())('digests of a removed library on $name', (kind) => {
  let meeting: DeviceMeeting;
  let folder: BookFolder;
  /** Libraries that a test leaves; the next one must not find their books. */
  let left: Library[];
  beforeAll(async () => {
    meeting = await openDeviceMeeting(kind);
  });
  afterAll(() => meeting.close());
  beforeEach(async () => {
    folder = await bookFolder();
    left = [];
  });
  afterEach(async () => {
    for (const { id } of left) await removeLibrary(meeting.server.store, OPERATOR, id);
    await meeting.server.store.db.deleteFrom('kept_digest').execute();
  });

  async function scannedLibrary(root: BookFolder): Promise<Library> {
    const library = await meeting.addLibrary(root);
    left.push(library);
    await meeting.scan(library);
    return library;
  }

  async function readWhole(library: Library): Promise<void> {
    const counts = await verifyWholeFiles(meeting.server.store, library, {
      signal: new AbortController().signal,
      stores: true,
      notCheckedForDays: 0,
      bytesPerSecond: undefined,
      onFinding: () => undefined,
    });
    expect(counts.failed).toBe(0);
  }

  async function remove(library: Library) {
    left = left.filter(({ id }) => id !== library.id);
    const expected = await countLibraryRemoval(meeting.server.store, OPERATOR, library.id);
    await removeLibrary(meeting.server.store, OPERATOR, library.id);
    return expected;
  }

  /**
   * One device has the first edition, one knows the book by the name that it had then, one has the second edition.
   *
   * @returns the library and the documents of the devices
   */
  async function twoEditions() {
    const [first, second] = [`first ${folder.path}`, `second ${folder.path}`];
    folder.write('a/old name.epub', first);
    const library = await scannedLibrary(folder);
    folder.move('a/old name.epub', 'a/new name.epub');
    await meeting.scan(library);
    folder.write('a/new name.epub', second);
    await meeting.scan(library);
    const documents = [md5(first), md5('old name.epub'), md5(second)];
    expect(await meeting.problems(documents)).toEqual([]);
    return { library, documents, second };
  }

  it('go with the books to the library that they were moved to', async () => {
    const { library, documents, second } = await twoEditions();
    const other = await bookFolder({ 'else/where.epub': second });
    folder.remove('a/new name.epub');
    const heir = await scannedLibrary(other);
    expect(await remove(library)).toEqual({ books: 1, digests: 0, links: 0 });
    expect(await meeting.problems([...documents, md5('new name.epub'), md5('where.epub')])).toEqual([]);
    expect(await catalogueOf(meeting.server.store, heir)).toMatchObject([
      { partialMd5: md5(second), former: expect.arrayContaining([`partial ${documents[0] ?? ''}`]) },
    ]);
  });

  it('wait for the folder to be added again', async () => {
    const { library, documents } = await twoEditions();
    expect(await remove(library)).toEqual({ books: 1, digests: 4, links: 0 });
    expect(await meeting.problems(documents)).toContain('device 0 pushes: 404');
    await scannedLibrary(folder);
    expect(await meeting.problems(documents)).toEqual([]);
    expect(await meeting.server.store.db.selectFrom('kept_digest').selectAll().execute()).toEqual([]);
  });

  it('wait for a book under another name, in a library that is there already', async () => {
    const { library, documents } = await twoEditions();
    const other = await bookFolder({ 'other.epub': `other ${folder.path}` });
    const heir = await scannedLibrary(other);
    await remove(library);
    const [, , second = ''] = documents;
    other.write('shelf/third name.epub', `second ${folder.path}`);
    expect((await meeting.scan(heir)).counts).toMatchObject({ added: 1 });
    expect(await meeting.problems([...documents, md5('new name.epub'), md5('third name.epub')])).toEqual([]);
    expect((await catalogueOf(meeting.server.store, heir)).at(-1)).toMatchObject({ partialMd5: second });
  });

  it('wait for a book that a scan finds which had begun before', async () => {
    const { library, documents, second } = await twoEditions();
    const heir = await meeting.addLibrary(await bookFolder({ 'else/where.epub': second }));
    left.push(heir);
    await meeting.scan(heir, () => remove(library));
    expect(await meeting.problems([...documents, md5('where.epub')])).toEqual([]);
  });

  it('go to the book that had the content before, where nobody has it now', async () => {
    const { library, documents, second } = await twoEditions();
    const other = await bookFolder({ 'else/where.epub': second });
    const heir = await scannedLibrary(other);
    other.write('else/where.epub', `third ${folder.path}`);
    await meeting.scan(heir);
    expect(await remove(library)).toEqual({ books: 1, digests: 0, links: 0 });
    expect(await meeting.problems([...documents, md5(`third ${folder.path}`)])).toEqual([]);
  });

  it('go to one copy in each library, the one of the same name first', async () => {
    const { library, second } = await twoEditions();
    const copies = { 'copy.epub': second, 'shelf/new name.epub': second };
    const heirs = [
      await scannedLibrary(await bookFolder(copies)),
      await scannedLibrary(await bookFolder(copies)),
    ];
    await remove(library);
    for (const heir of heirs) {
      const rows = await catalogueOf(meeting.server.store, heir);
      expect(rows.map(({ former }) => former.length)).toEqual([0, 2]);
    }
  });

  it('go to the copy that is the same to the last byte, where whole files have been read', async () => {
    // Alike in all samples of the partial MD5.
    const [own, alike] = ['x'.repeat(3000), `${'x'.repeat(2500)}y${'x'.repeat(499)}`];
    folder.write('book.epub', `first ${folder.path}`);
    const library = await scannedLibrary(folder);
    folder.write('book.epub', own);
    await meeting.scan(library);
    const heir = await scannedLibrary(await bookFolder({ 'book.epub': alike, 'z.epub': own }));
    for (const each of [library, heir]) await readWhole(each);
    await remove(library);
    const rows = await catalogueOf(meeting.server.store, heir);
    expect(rows.map(({ path, former }) => [path, former.length])).toEqual([
      ['book.epub', 0],
      ['z.epub', 2],
    ]);
  });

  it('go to the copy of the same name where the whole file of the book was never read', async () => {
    const { library, second } = await twoEditions();
    const copies = await bookFolder({ 'shelf/new name.epub': second });
    const heir = await scannedLibrary(copies);
    await readWhole(heir);
    copies.write('a.epub', second);
    await meeting.scan(heir);
    await remove(library);
    const rows = await catalogueOf(meeting.server.store, heir);
    expect(rows.map(({ path, former }) => [path, former.length])).toEqual([
      ['a.epub', 0],
      ['shelf/new name.epub', 2],
    ]);
  });

  it('go to a copy that may be the same rather than to one that is known to differ', async () => {
    const [own, alike] = ['x'.repeat(3000), `${'x'.repeat(2500)}y${'x'.repeat(499)}`];
    folder.write('book.epub', `first ${folder.path}`);
    const library = await scannedLibrary(folder);
    folder.write('book.epub', own);
    await meeting.scan(library);
    const copies = await bookFolder({ 'book.epub': alike });
    const heir = await scannedLibrary(copies);
    for (const each of [library, heir]) await readWhole(each);
    copies.write('z.epub', own);
    await meeting.scan(heir);
    await remove(library);
    const rows = await catalogueOf(meeting.server.store, heir);
    expect(rows.map(({ path, former }) => [path, former.length])).toEqual([
      ['book.epub', 0],
      ['z.epub', 2],
    ]);
  });

  it('do not go to a file of another size', async () => {
    const { library } = await twoEditions();
    const heir = await scannedLibrary(await bookFolder({ 'copy.epub': `second ${folder.path}` }));
    // As files are that differ only behind the last sample that is read of them.
    await meeting.server.store.db
      .updateTable('book')
      .set({ size_bytes: 1 })
      .where('library_id', '=', heir.id)
      .execute();
    // The content itself still finds that file.
    expect(await remove(library)).toEqual({ books: 1, digests: 3, links: 0 });
    expect(await catalogueOf(meeting.server.store, heir)).toMatchObject([{ former: [] }]);
  });

  it('are not counted for books without digests', async () => {
    folder.write('one.epub', 'one');
    const library = await meeting.addLibrary(folder, { koreaderHashes: false });
    await meeting.scan(library);
    expect(await remove(library)).toEqual({ books: 1, digests: 0, links: 0 });
  });

  it('are kept up to a bound, the newest', async () => {
    const { store } = meeting.server;
    const digest = (number: number): Buffer => Buffer.from(md5(String(number)), 'hex');
    for (let number = 1; number <= 5; number++) {
      const content = { partialMd5: digest(0), sizeBytes: 1 };
      await keepDigests(store, [
        { ...content, kind: 'partial', digest: digest(number), replacedSeconds: 1 },
        { ...content, kind: 'filename', digest: digest(number), replacedSeconds: 1 },
      ]);
    }
    await pruneKeptDigests(store, 4);
    const rows = await store.db.selectFrom('kept_digest').select('digest').orderBy('id').execute();
    expect(rows.map((row) => row.digest.toString('hex'))).toEqual(
      [4, 4, 5, 5].map((number) => md5(String(number))),
    );
  });
});
