import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { booksById } from '../../../server/book/book-repository.js';
import { insertDocumentLink } from '../../../server/book/document-link-repository.js';
import { joinBooks } from '../../../server/book/join-books.js';
import { inTransaction } from '../../../server/database/transaction.js';
import { readLibraryMetadata } from '../../../server/book/read-metadata.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import { parseDocument } from '../../../server/domain/document.js';
import { bookId } from '../../../server/domain/ids.js';
import type { Library } from '../../../server/library/library.js';
import { removeLibrary } from '../../../server/removal/remove-library.js';
import { type BookFolder, bookFolder, md5 } from '../../support/book-folder.js';
import { catalogueOf } from '../../support/catalogue.js';
import { testDatabases } from '../../support/databases.js';
import { type DeviceMeeting, openDeviceMeeting } from '../../support/device-meeting.js';
import { makeEpub } from '../../support/epub.js';
import { counts } from '../../support/scan-bench.js';

describe.each(testDatabases())('a book of $name that was renamed and rewritten at once', (kind) => {
  let meeting: DeviceMeeting;
  let folder: BookFolder;
  let library: Library;
  beforeAll(async () => {
    meeting = await openDeviceMeeting(kind);
  });
  afterAll(() => meeting.close());
  beforeEach(async () => {
    folder = await bookFolder();
    folder.write('stays.epub', `stays ${folder.path}`);
  });
  afterEach(async () => {
    await removeLibrary(meeting.server.store, OPERATOR, library.id);
    await meeting.server.store.db.deleteFrom('kept_digest').execute();
  });

  const rows = () => catalogueOf(meeting.server.store, library);

  /** A scanned library with a book at the path, and the contents of its two states. */
  async function withBook(path: string): Promise<readonly [before: string, after: string]> {
    const contents = [`before ${folder.path}`, `after, with a title ${folder.path}`] as const;
    folder.write(path, contents[0]);
    library = await meeting.addLibrary(folder);
    await meeting.scan(library);
    return contents;
  }

  it.each([
    [
      'with its folder, as Calibre does it',
      'Frank Herbert/Dune (12)/Dune - Frank Herbert.epub',
      'Frank Herbert/The Desert Planet (12)/The Desert Planet - Frank Herbert.epub',
    ],
    ['within its folder', 'sf/Dune - Messiah.epub', 'sf/Dune Messiah.epub'],
    ['into another folder', 'new/The Long Way Home.epub', 'sf/The Long Way Home.epub'],
  ])('%s keeps its id and every device', async (_, from, to) => {
    const [before, after] = await withBook(from);
    const id = (await rows()).find(({ path }) => path === from)?.id;
    folder.remove(from);
    folder.write(to, after);
    expect((await meeting.scan(library)).counts).toEqual(
      counts({ found: 2, moved: 1, hashed: 1, unchanged: 1 }),
    );
    const [name = '', newName = ''] = [from, to].map((path) => path.split('/').at(-1));
    expect((await rows()).find(({ path }) => path === to)).toMatchObject({ id, partialMd5: md5(after) });
    expect(await rows()).toHaveLength(2);
    const documents = [md5(before), md5(after), md5(name), md5(newName)];
    expect(await meeting.problems([...new Set(documents)])).toEqual([]);
    expect((await meeting.scan(library)).counts).toEqual(counts({ found: 2, unchanged: 2 }));
  });

  it('a second time keeps the device that has the first file', async () => {
    const [before, after] = await withBook('sf/Dune - Messiah.epub');
    folder.remove('sf/Dune - Messiah.epub');
    folder.write('sf/Dune Messiah.epub', after);
    await meeting.scan(library);
    folder.remove('sf/Dune Messiah.epub');
    folder.write('sf/Dune, Messiah.epub', `${after} and a cover`);
    await meeting.scan(library);
    expect(await meeting.problems([md5(before), md5(after), md5(`${after} and a cover`)])).toEqual([]);
  });

  it('is another book where a second file is as likely, and takes over the links of the one that it is joined with', async () => {
    const [before, after] = await withBook('sf/Dune - Messiah.epub');
    folder.remove('sf/Dune - Messiah.epub');
    folder.write('sf/Dune Messiah.epub', after);
    folder.write('sf/Messiah, Dune.epub', `other ${after}`);
    expect((await meeting.scan(library)).counts).toMatchObject({ added: 2, moved: 0, missing: 1 });
    expect(await meeting.problems([md5(before), md5(after)])).not.toEqual([]);
    const { store } = meeting.server;
    const books = await booksById(
      store,
      (await rows()).map(({ id }) => bookId(id)),
    );
    const missing = books.find(({ missingSinceSeconds }) => missingSinceSeconds !== undefined);
    const found = books.find(({ path }) => path.toString() === 'sf/Dune Messiah.epub');
    if (missing === undefined || found === undefined) throw new Error('the test is wrong');
    const document = parseDocument(md5(`a file that only a reader has ${folder.path}`));
    if (document === undefined) throw new Error('the test is wrong');
    await insertDocumentLink(store, {
      document,
      bookId: found.id,
      linkedFor: 'everybody',
      linkedBy: undefined,
      linkedSeconds: 1,
    });
    const join = () => inTransaction(store, (transaction) => joinBooks(transaction, [{ missing, found }], 1));
    expect(await join()).toEqual([missing.id]);
    expect(await meeting.problems([md5(before), md5(after), document])).toEqual([]);
    expect((await rows()).map(({ id, path, missing: is }) => [id, path, is])).toContainEqual([
      missing.id,
      'sf/Dune Messiah.epub',
      false,
    ]);
    expect(await join()).toEqual([]);
  });

  it('is another book where only the folder is the same', async () => {
    const [before, after] = await withBook('sf/Dune.epub');
    folder.remove('sf/Dune.epub');
    folder.write('sf/Solaris.epub', after);
    expect((await meeting.scan(library)).counts).toMatchObject({ added: 1, moved: 0, missing: 1 });
    expect(await meeting.problems([md5(before), md5(after)])).not.toEqual([]);
  });

  it.each([
    ['another book', 'urn:two', 'Another Long Way', false],
    ['the same book with a new title', 'urn:one', 'Another Long Way', true],
    ['the same book, built anew', 'urn:two', 'THE LONG WAY HOME', true],
  ])('is told from %s of the same name by what its file says', async (_, identifier, title, isSame) => {
    const epub = (id: string, name: string): Buffer =>
      makeEpub({
        chapters: [{ content: `<html><body><p>${folder.path}</p></body></html>` }],
        metadata: `<dc:identifier>${id}</dc:identifier><dc:title>${name}</dc:title>`,
      });
    folder.write('new/The Long Way Home.epub', epub('urn:one', 'The Long Way Home'));
    library = await meeting.addLibrary(folder);
    await meeting.scan(library);
    expect(await readLibraryMetadata(meeting.server.store, library, { isPaced: false })).toMatchObject({
      read: 2,
      failed: 1,
    });
    folder.remove('new/The Long Way Home.epub');
    folder.write('sf/The Long Way Home.epub', epub(identifier, title));
    expect((await meeting.scan(library)).counts).toMatchObject(
      isSame ? { added: 0, moved: 1, missing: 0 } : { added: 1, moved: 0, missing: 1 },
    );
  });
});
