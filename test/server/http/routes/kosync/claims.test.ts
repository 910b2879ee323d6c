import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readLibraryMetadata } from '../../../../../server/book/read-metadata.js';
import type { Library } from '../../../../../server/library/library.js';
import { setRestricted } from '../../../../../server/library/library-reader-repository.js';
import { type BookFolder, bookFolder, md5 } from '../../../../support/book-folder.js';
import { testDatabases } from '../../../../support/databases.js';
import { type DeviceMeeting, openDeviceMeeting } from '../../../../support/device-meeting.js';
import { makeEpub } from '../../../../support/epub.js';
import { addKey, addUser } from './sync-server.js';

const IDENTIFIER = 'urn:x';
/** Of a book of one chapter, as makeEpub() names it. */
const STRUCTURE = md5(`${IDENTIFIER}\ntext/1.xhtml`);
let documents = 0;
const newDocument = () => md5(`unknown ${String(++documents)}`);

describe.each(testDatabases())('what readers say that a document is, on $name', (kind) => {
  let meeting: DeviceMeeting;
  let folder: BookFolder;
  let library: Library;
  let key: string;
  let epub: Buffer;

  beforeAll(async () => {
    meeting = await openDeviceMeeting(kind);
    folder = await bookFolder();
    const metadata = `<dc:identifier>${IDENTIFIER}</dc:identifier>`;
    epub = makeEpub({ chapters: [{ content: '<html><body>a</body></html>' }], metadata });
    folder.write('book.epub', epub);
    folder.write('plain.cbz', 'plain');
    folder.write('a/twice.cbz', 'one');
    folder.write('b/twice.cbz', 'two');
    library = await meeting.addLibrary(folder);
    await meeting.scan(library);
    await readLibraryMetadata(meeting.server.store, library, { isPaced: false });
  });
  afterAll(() => meeting.close());
  beforeEach(async () => {
    const { user } = await addUser(meeting.server);
    ({ text: key } = await addKey(meeting.server, user.id));
  });

  async function push(document: string, identifiers: unknown, progress = 'here') {
    const body = { document, progress, percentage: 0.5, device: 'd', identifiers };
    return (await meeting.server.send('PUT', `/koreader/${key}/syncs/progress`, { body })).status;
  }

  async function pull(document: string, query = ''): Promise<unknown> {
    const { json } = await meeting.server.send('GET', `/koreader/${key}/syncs/progress/${document}${query}`);
    return json;
  }

  const links = () => meeting.server.store.db.selectFrom('document_link').selectAll().execute();

  it.each([
    ['structure', STRUCTURE, 'book.epub'],
    ['content', md5('plain').toUpperCase(), 'plain.cbz'],
    ['filename', md5('plain.cbz'), 'plain.cbz'],
  ])('lets a push find the book by its %s, for this user alone', async (type, value, name) => {
    const document = newDocument();
    expect(await push(document, undefined)).toBe(404);
    expect(
      await push(
        document,
        [
          { type: 'other', value: 'x' },
          { type, value },
        ],
        type,
      ),
    ).toBe(200);
    expect(await pull(md5(name))).toMatchObject({ progress: type });
    // From then on the document finds the book by itself.
    expect(await push(document, undefined, 'later')).toBe(200);
    expect(await pull(md5(name))).toMatchObject({ progress: 'later' });
    const { user } = await addUser(meeting.server);
    ({ text: key } = await addKey(meeting.server, user.id));
    expect(await push(document, undefined)).toBe(404);
  });

  it('lets a push with a password find the book too', async () => {
    const { headers } = await addUser(meeting.server);
    const identifiers = [{ type: 'content', value: md5('plain') }];
    const body = { document: newDocument(), progress: 'there', percentage: 0.5, device: 'd', identifiers };
    expect((await meeting.server.send('PUT', '/syncs/progress', { body, headers })).status).toBe(200);
    const { json } = await meeting.server.send('GET', `/syncs/progress/${md5('plain.cbz')}`, { headers });
    expect(json).toMatchObject({ progress: 'there' });
  });

  it('is asked by a pull, which links nothing', async () => {
    await push(md5('plain'), undefined, 'read');
    const before = await links();
    const document = newDocument();
    const query = `?ids=structure:${md5('no')},content:${md5('plain')}`;
    expect(await pull(document, query)).toMatchObject({ document, progress: 'read' });
    expect(await pull(document, `?ids=${encodeURIComponent(`filename:${md5('plain.cbz')}`)}`)).toMatchObject({
      progress: 'read',
    });
    expect(await pull(document)).toEqual({ document });
    expect(await pull(document, '?ids=nonsense,content:,:&x=%')).toEqual({ document });
    expect(await links()).toEqual(before);
  });

  it('is believed by no pull of a document that has a book, which may be another one', async () => {
    await push(md5('plain'), undefined, 'read');
    const document = md5(epub);
    expect(await pull(document, `?ids=content:${md5('plain')}`)).toEqual({ document });
    // A name of two books is none by itself.
    const name = md5('twice.cbz');
    expect(await pull(name, `?ids=content:${md5('plain')}`)).toMatchObject({ progress: 'read' });
  });

  it.each([
    [
      'malformed',
      [{ type: 'content', value: 'short' }, 7, null, [], { type: 'content' }, { type: 7, value: 7 }],
    ],
    ['no list', 'content'],
    ['of several books', [{ type: 'filename', value: md5('twice.cbz') }]],
    [
      'behind the eighth',
      [...Array.from({ length: 8 }, () => ({})), { type: 'content', value: md5('plain') }],
    ],
  ])('is ignored where it is %s', async (_, identifiers) => {
    expect(await push(newDocument(), identifiers)).toBe(404);
  });

  it('finds no book that the user may not see', async () => {
    const secret = await bookFolder({ 'secret.cbz': 'secret' });
    const restricted = await meeting.addLibrary(secret);
    await meeting.scan(restricted);
    await setRestricted(meeting.server.store, restricted.id, true);
    meeting.server.sync.forgetLibraries();
    const document = newDocument();
    expect(await push(document, [{ type: 'content', value: md5('secret') }])).toBe(404);
    expect(await pull(document, `?ids=content:${md5('secret')}`)).toEqual({ document });
    await setRestricted(meeting.server.store, restricted.id, false);
    meeting.server.sync.forgetLibraries();
    expect(await push(document, [{ type: 'content', value: md5('secret') }])).toBe(200);
  });
});
