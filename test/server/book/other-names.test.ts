import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { getBook } from '../../../server/book/get-book.js';
import { MOST_NAME_FORMS } from '../../../server/book/name-forms.js';
import { readLibraryMetadata } from '../../../server/book/read-metadata.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import { parseDocument } from '../../../server/domain/document.js';
import type { BookId } from '../../../server/domain/ids.js';
import type { Library } from '../../../server/library/library.js';
import { removeLibrary } from '../../../server/removal/remove-library.js';
import { adoptUnmatched } from '../../../server/sync/adopt-unmatched.js';
import { booksOfDocuments } from '../../../server/sync/books-of-documents.js';
import { explainBook } from '../../../server/sync/explain-book.js';
import { explainDocument } from '../../../server/sync/explain-document.js';
import { linkDocument } from '../../../server/sync/link-document.js';
import { listUnmatched } from '../../../server/sync/list-unmatched.js';
import { progressKeyText } from '../../../server/sync/progress-key.js';
import { saveUnmatched } from '../../../server/sync/unmatched-repository.js';
import { type BookFolder, bookFolder, md5 } from '../../support/book-folder.js';
import { catalogueOf } from '../../support/catalogue.js';
import { testDatabases } from '../../support/databases.js';
import { type DeviceMeeting, openDeviceMeeting } from '../../support/device-meeting.js';
import { makeEpub } from '../../support/epub.js';
import { pushOf } from '../../support/progress-push.js';

describe.each(testDatabases())('devices that have a book under another name on $name', (kind) => {
  let meeting: DeviceMeeting;
  let folder: BookFolder;
  let library: Library;

  beforeAll(async () => {
    meeting = await openDeviceMeeting(kind);
  });
  afterAll(() => meeting.close());
  beforeEach(async () => {
    folder = await bookFolder();
    library = await meeting.addLibrary(folder);
  });
  afterEach(async () => {
    await removeLibrary(meeting.server.store, OPERATOR, library.id);
    await meeting.server.store.db.deleteFrom('kept_digest').execute();
    meeting.server.sync.forgetLibraries();
  });

  const store = () => meeting.server.store;
  const pass = () => readLibraryMetadata(store(), library, { isPaced: false });
  const documentOf = (text: string) => {
    const document = parseDocument(text);
    if (document === undefined) throw new Error('no document');
    return document;
  };

  async function idOf(path: string): Promise<BookId> {
    const row = (await catalogueOf(store(), library)).find(
      (each) => each.path === Buffer.from(path).toString('latin1'),
    );
    if (row === undefined) throw new Error('no book');
    return row.id as BookId;
  }

  it('meet those that have it under its own', async () => {
    const metadata = '<dc:title>Été?</dc:title><dc:creator>Anna B.</dc:creator>';
    folder.write(
      '\u00c9t\u00e9: 1.epub',
      makeEpub({ chapters: [{ content: `<p>${folder.path}` }], metadata }),
    );
    await meeting.scan(library);
    await pass();
    const id = await idOf('\u00c9t\u00e9: 1.epub');
    const { book, nameForms } = await getBook(store(), OPERATOR, id);
    const documents = [
      book.partialMd5?.toString('hex') ?? '',
      ...['\u00c9t\u00e9: 1.epub', 'E\u0301te\u0301: 1.epub', '\u00c9t\u00e9_ 1.epub', 'Ete_ 1.epub'].map(
        md5,
      ),
      md5('Anna B. - Été_.epub'),
    ];
    expect(await meeting.problems(documents)).toEqual([]);
    const origins = nameForms.map((form) => form.kind);
    expect(new Set(origins)).toEqual(new Set(['nfd', 'koreader', 'ascii', 'opds']));
    // A second pass adds nothing, and a new name keeps the forms of the old one.
    await pass();
    expect((await getBook(store(), OPERATOR, id)).nameForms).toEqual(nameForms);
    folder.move('\u00c9t\u00e9: 1.epub', 'Summer.epub');
    await meeting.scan(library);
    await pass();
    meeting.server.sync.forgetLibraries();
    expect(await meeting.problems([md5('E\u0301te\u0301: 1.epub'), md5('Summer.epub')])).toEqual([]);
  });

  it('find the book that really has the name, or to which it is linked, before one of which it is a form', async () => {
    folder.write('A?.epub', `first ${folder.path}`);
    await meeting.scan(library);
    await pass();
    const { user } = meeting;
    const document = documentOf(md5('A_.epub'));
    const why = async () => (await explainDocument(store(), OPERATOR, { userId: user.id, document })).books;
    expect(await why()).toMatchObject([{ book: { path: Buffer.from('A?.epub') }, why: ['name-form'] }]);
    const key = { userId: user.id, document };
    const shown = async () =>
      (await booksOfDocuments(store(), OPERATOR, [key])).get(progressKeyText(key))?.path.toString();
    const first = await idOf('A?.epub');
    const last = async (bookId: BookId) =>
      (await explainBook(store(), OPERATOR, { userId: user.id, bookId })).reading?.record.document;
    expect(await shown()).toBe('A?.epub');
    expect(await meeting.problems([md5('A?.epub'), document])).toEqual([]);
    expect(await last(first)).toBe(document);
    folder.write('other.epub', `second ${folder.path}`);
    await meeting.scan(library);
    // A form is a guess: people may link the document elsewhere.
    const other = await idOf('other.epub');
    await linkDocument(store(), OPERATOR, { document, bookId: other, linkedFor: user.id });
    meeting.server.sync.forgetLibraries();
    expect(await meeting.problems([document, md5('other.epub')])).toEqual([]);
    expect(await last(first)).toBe(md5('A?.epub'));
    expect(await meeting.problems([document, md5('A?.epub')])).not.toEqual([]);
    expect(await shown()).toBe('other.epub');
    expect((await why()).map((each) => each.why)).toEqual([['own-link']]);
    folder.write('A_.epub', `third ${folder.path}`);
    await meeting.scan(library);
    meeting.server.sync.forgetLibraries();
    expect(await meeting.problems([document, md5(`third ${folder.path}`)])).toEqual([]);
    expect(await shown()).toBe('A_.epub');
    expect(await meeting.problems([document, md5('other.epub')])).not.toEqual([]);
    expect(await meeting.problems([md5('A?.epub'), md5(`first ${folder.path}`)])).toEqual([]);
  });

  it('get what they had pushed in vain', async () => {
    const { user } = meeting;
    const document = md5('B_.epub');
    const push = { ...pushOf(document, 'Kobo', 'here'), userId: user.id };
    await saveUnmatched(store(), [{ ...push, firstSeenMs: 1, lastSeenMs: 1, pushes: 1 }]);
    folder.write('B:.epub', `b ${folder.path}`);
    await meeting.scan(library);
    expect(await adoptUnmatched(store())).toBe(0);
    await pass();
    expect(await adoptUnmatched(store())).toBe(1);
  });

  it('are shown the book whose own title and author they name, whatever its file is called', async () => {
    const metadata = '<dc:title>Persuasion</dc:title><dc:creator>Jane Austen</dc:creator>';
    folder.write('0042.epub', makeEpub({ chapters: [{ content: `<p>${folder.path}` }], metadata }));
    await meeting.scan(library);
    await pass();
    const push = { ...pushOf('of another file', 'Kobo', 'here'), userId: meeting.user.id };
    const metadataJson = JSON.stringify({ title: 'Persuasion', authors: 'Jane Austen' });
    await saveUnmatched(store(), [{ ...push, metadataJson, firstSeenMs: 1, lastSeenMs: 1, pushes: 1 }]);
    const page = { after: undefined, limit: 10 };
    const { items } = await listUnmatched(store(), OPERATOR, meeting.user.id, page);
    const suggestions = items.find(({ document }) => document === 'of another file')?.suggestions;
    expect(suggestions).toMatchObject([
      { book: { id: await idOf('0042.epub') }, reason: 'title-and-author' },
    ]);
  });

  it('cost a later pass nothing where no book got another name', async () => {
    folder.write('Zoë.epub', 'a book');
    folder.write('Été.epub', 'another one');
    await meeting.scan(library);
    await pass();
    const { db } = store();
    // As if both had been there for days. The next pass would find that their forms are not stored.
    await db.updateTable('book').set({ hashed_ms: 1 }).where('library_id', '=', library.id).execute();
    const ids = [await idOf('Zoë.epub'), await idOf('Été.epub')];
    await db.deleteFrom('former_digest').where('book_id', 'in', ids).execute();
    folder.move('Zoë.epub', 'Chloë.epub');
    await meeting.scan(library);
    await pass();
    meeting.server.sync.forgetLibraries();
    const names = ['Chloë.epub', 'Chloe.epub', 'Ete.epub'].map(md5);
    expect((await meeting.problems(names)).length).toBeGreaterThan(0);
    expect(await meeting.problems(names.slice(0, 2))).toEqual([]);
  });

  it('have a bounded number of names', async () => {
    folder.write('Name 0?.epub', folder.path);
    await meeting.scan(library);
    for (let i = 0; i < MOST_NAME_FORMS + 2; i++) {
      await pass();
      folder.move(`Name ${String(i)}?.epub`, `Name ${String(i + 1)}?.epub`);
      await meeting.scan(library);
    }
    await pass();
    const id = await idOf(`Name ${String(MOST_NAME_FORMS + 2)}?.epub`);
    expect((await getBook(store(), OPERATOR, id)).nameForms).toHaveLength(MOST_NAME_FORMS);
  });
});
