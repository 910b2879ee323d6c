import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readLibraryMetadata } from '../../../../../server/book/read-metadata.js';
import { OPERATOR } from '../../../../../server/domain/actor.js';
import { bookId, libraryId } from '../../../../../server/domain/ids.js';
import { getLibrary } from '../../../../../server/library/get-library.js';
import { type BookFolder, bookFolder, md5 } from '../../../../support/book-folder.js';
import { testDatabases } from '../../../../support/databases.js';
import { makeEpub } from '../../../../support/epub.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';

/** The path of a book that goes, and what it may have become, with the reasons. */
const SUGGESTED: readonly (readonly [string, readonly string[]])[] = [
  [
    'two/Dune - Messiah.pdf',
    ['similar-file-name two/Dune Messiah.pdf', 'similar-file-name two/Messiah, Dune.pdf'],
  ],
  ['At the root.pdf', ['similar-file-name Near the root.pdf']],
  [
    'Stanislaw Lem/His Long Voice (7)/His Long Voice - Stanislaw Lem.pdf',
    ['similar-file-name Stanislaw Lem/His Voice (9)/His Voice - Stanislaw Lem.pdf'],
  ],
  ['flat/Solaris.pdf', ['same-folder flat/Eden.pdf']],
  ['old/cover.pdf', ['same-file-name new/cover.pdf']],
  ['old/Volume 1.cbz', []],
  ['old/Structure.epub', ['same-structure new/Novel.epub']],
  ['old/Author.epub', ['same-title-and-author new/Persuasion.epub']],
  ['old/Title.epub', ['same-title new/Anonymous.epub']],
  ['alike/Solaris.epub', []],
];

describe.each(testDatabases())('what a missing book may have become on $name', (kind) => {
  let server: ApiServer;
  let owner: Caller;
  let folder: BookFolder;
  let library: number;
  let books: ReadonlyMap<string, Json>;

  async function scan(): Promise<void> {
    const { id } = await owner.expect(201, 'POST', `/libraries/${String(library)}/scans`);
    await vi.waitUntil(
      async () => (await owner.expect(200, 'GET', `/scans/${String(id)}`)).state === 'completed',
      { timeout: 20_000 },
    );
    const { library: read } = await getLibrary(server.store, OPERATOR, libraryId(library));
    await readLibraryMetadata(server.store, read, { isPaced: false });
  }

  beforeAll(async () => {
    server = await startApiServer(kind);
    owner = await server.caller({ isOwner: true });
    folder = await bookFolder({
      'stays/stays.pdf': 'stays',
      'two/Dune - Messiah.pdf': 'messiah',
      'At the root.pdf': 'root',
      'Stanislaw Lem/His Long Voice (7)/His Long Voice - Stanislaw Lem.pdf': 'voice',
      'flat/Solaris.pdf': 'solaris',
      'old/cover.pdf': 'cover',
      'old/Volume 1.cbz': 'volume 1',
    });
    folder.write('old/Structure.epub', epub('urn:s', 'Kept Parts'));
    folder.write('old/Author.epub', epub('urn:a', 'Persuasion', 'Jane Austen'));
    folder.write('old/Title.epub', epub('urn:t', 'Beowulf'));
    folder.write('alike/Solaris.epub', epub('urn:l', 'Solaris'));
    const root = folder.path;
    library = (await owner.expect(201, 'POST', '/libraries', { name: 'books', root })).id as number;
    await scan();
    for (const [path] of SUGGESTED) folder.remove(path);
    folder.write('two/Dune Messiah.pdf', 'messiah now');
    folder.write('two/Messiah, Dune.pdf', 'messiah again');
    folder.write('Near the root.pdf', 'root now');
    folder.write('Stanislaw Lem/His Voice (9)/His Voice - Stanislaw Lem.pdf', 'voice now');
    folder.write('flat/Eden.pdf', 'eden');
    folder.write('new/cover.pdf', 'another cover');
    folder.write('old/Volume 2.cbz', 'volume 2');
    folder.write('new/Novel.epub', epub('urn:s', 'Other Title'));
    folder.write('new/Persuasion.epub', epub('urn:b', 'PERSUASION', 'Jane Austen'));
    folder.write('alike/Eden.epub', epub('urn:e', 'Eden'));
    folder.write('new/Anonymous.epub', epub('urn:u', 'Beowulf', 'Somebody'));
    await scan();
    const { items } = await owner.expect(200, 'GET', `/books?library_id=${String(library)}&limit=100`);
    books = new Map(items.map((book: Json) => [String(book.path.text), book]));
  });

  afterAll(() => server.close());

  const idOf = (path: string) => String(books.get(path)?.id);
  const join = (caller: Caller, from: string, to: string) =>
    caller.call('POST', `/books/${idOf(from)}/successor`, { book_id: Number(idOf(to)) });

  it.each(SUGGESTED)('is suggested with a reason: %s', async (path, suggested) => {
    expect(books.get(path)).toMatchObject({ sync: { reason: 'missing' } });
    const { items } = await owner.expect(200, 'GET', `/books/${idOf(path)}/successors`);
    const shown = items.map(({ book, reason }: Json) => `${String(reason)} ${String(book.path.text)}`);
    expect(shown.toSorted()).toEqual(suggested);
  });

  it('is not asked for a book that has its file, and not told to those who may not see it', async () => {
    expect(await owner.expect(200, 'GET', `/books/${idOf('stays/stays.pdf')}/successors`)).toEqual({
      items: [],
    });
    const { id } = await owner.expect(200, 'PATCH', `/libraries/${String(library)}`, { restricted: true });
    const stranger = await server.caller({ permissions: ['feature:koreader_sync'] });
    await stranger.expect(404, 'GET', `/books/${idOf('flat/Solaris.pdf')}/successors`);
    await owner.expect(200, 'PATCH', `/libraries/${String(id)}`, { restricted: false });
  });

  it('is no book of the same folder that was there long before', async () => {
    const hashed = (ms: number) =>
      server.store.db
        .updateTable('book')
        .set({ hashed_ms: ms })
        .where('id', '=', bookId(Number(idOf('flat/Eden.pdf'))))
        .execute();
    await hashed(Date.now() - 3 * 86_400_000);
    const path = `/books/${idOf('flat/Solaris.pdf')}/successors`;
    expect(await owner.expect(200, 'GET', path)).toEqual({ items: [] });
    await hashed(Date.now());
    expect((await owner.expect(200, 'GET', path)).items).toHaveLength(1);
  });

  it('is told with why a document finds the missing book', async () => {
    const { sentences } = await owner.expect(200, 'GET', `/documents/${md5('solaris')}/why`);
    const says = `The missing book may have become the book ${idOf('flat/Eden.pdf')}, flat/Eden.pdf: `;
    expect(sentences.join('\n')).toContain(says);
    const ofBook = await owner.expect(200, 'GET', `/books/${idOf('flat/Solaris.pdf')}/why`);
    expect(ofBook.sentences.join('\n')).toContain(says);
    const present = await owner.expect(200, 'GET', `/documents/${md5('eden')}/why`);
    expect(present.sentences.join('\n')).not.toContain('may have become');
  });

  it('becomes one book with it when somebody says so, and the devices of both meet', async () => {
    const { key } = owner;
    const address = `${server.url}/koreader/${key}/syncs/progress`;
    const push = (document: string, progress: string) =>
      fetch(address, {
        method: 'PUT',
        body: JSON.stringify({ document, progress, percentage: 0.5, device: progress, device_id: progress }),
      });
    const pull = async (document: string) =>
      ((await (await fetch(`${address}/${document}`)).json()) as Json).progress;
    await push(md5('messiah now'), 'of the new file');
    await push(md5('messiah'), 'of the old file');
    expect(await pull(md5('messiah now'))).toBe('of the new file');
    const [from, to] = ['two/Dune - Messiah.pdf', 'two/Dune Messiah.pdf'] as const;
    const { status, json } = await join(owner, from, to);
    expect([status, json]).toMatchObject([
      200,
      { id: Number(idOf(from)), path: { text: to }, missing_since: null, partial_md5: md5('messiah now') },
    ]);
    expect(await pull(md5('messiah now'))).toBe('of the old file');
    await push(md5('Dune Messiah.pdf'), 'by name');
    for (const each of ['messiah', 'messiah now', 'Dune - Messiah.pdf'])
      expect(await pull(md5(each))).toBe('by name');
    await owner.expect(404, 'GET', `/books/${idOf(to)}`);
    await scan();
    expect(await owner.expect(200, 'GET', `/books/${idOf(from)}`)).toMatchObject({
      path: { text: to },
      missing_since: null,
    });
  });

  it('has the title of the new file at once when it is joined', async () => {
    const { json } = await join(owner, 'old/Structure.epub', 'new/Novel.epub');
    expect(json).toMatchObject({ id: Number(idOf('old/Structure.epub')), title: 'Other Title' });
    const { items } = await owner.expect(200, 'GET', '/books?title=kept+parts');
    expect(items).toEqual([]);
  });

  it.each([
    ['stays/stays.pdf', 'flat/Eden.pdf', 'has its file'],
    ['flat/Solaris.pdf', 'old/cover.pdf', 'is missing too'],
    ['flat/Solaris.pdf', 'flat/Solaris.pdf', 'is missing too'],
  ])('is not joined where that makes no sense: %s and %s', async (from, to, detail) => {
    const { status, json } = await join(owner, from, to);
    expect([status, json]).toMatchObject([
      409,
      { code: 'books-not-joinable', detail: expect.stringContaining(detail) },
    ]);
  });

  it('is not a book of another library', async () => {
    const { path: root } = await bookFolder({ 'Eden.pdf': 'of another library' });
    const { id } = await owner.expect(201, 'POST', '/libraries', { name: 'others', root });
    const first = library;
    library = id as number;
    await scan();
    library = first;
    const [other] = (await owner.expect(200, 'GET', `/books?library_id=${String(id)}`)).items;
    const { status, json } = await owner.call('POST', `/books/${idOf('flat/Solaris.pdf')}/successor`, {
      book_id: other.id,
    });
    expect([status, json]).toMatchObject([409, { detail: 'The books are in different libraries.' }]);
  });
});

/** Each has its own bytes: the title is part of them. */
function epub(identifier: string, title: string, author?: string): Buffer {
  const creator = author === undefined ? '' : `<dc:creator>${author}</dc:creator>`;
  return makeEpub({
    chapters: [{ content: '<html><body><p>words</p></body></html>' }],
    metadata: `<dc:identifier>${identifier}</dc:identifier><dc:title>${title}</dc:title>${creator}`,
  });
}
