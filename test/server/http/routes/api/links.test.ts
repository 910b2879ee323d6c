import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { insertDocumentLink, linksOfDocument } from '../../../../../server/book/document-link-repository.js';
import { parseDocument } from '../../../../../server/domain/document.js';
import { bookId } from '../../../../../server/domain/ids.js';
import type { BookId } from '../../../../../server/domain/ids.js';
import { adoptUnmatched } from '../../../../../server/sync/adopt-unmatched.js';
import { documentOfDigest } from '../../../../../server/domain/document.js';
import { libraryId, userId } from '../../../../../server/domain/ids.js';
import { findUnmatched } from '../../../../../server/sync/unmatched-repository.js';
import { bookFolder, md5 } from '../../../../support/book-folder.js';
import { testDatabases } from '../../../../support/databases.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';

describe.each(testDatabases())('documents that are linked to books on $name', (kind) => {
  let server: ApiServer;
  let owner: Caller;
  /** With `Emma.epub` of the content "emma", and `Other.epub`. */
  let book: Json;
  let other: Json;
  let names = 0;

  beforeAll(async () => {
    server = await startApiServer(kind, { unmatched: { perUser: 100, inAll: 1000 } });
    owner = await server.caller({ isOwner: true });
    const library = await addLibrary({ 'Emma.epub': 'emma', 'Other.epub': 'other' });
    [book, other] = (await owner.expect(200, 'GET', `/books?library_id=${String(library)}`)).items;
  });

  afterAll(() => server.close());

  async function addLibrary(files: Readonly<Record<string, string>>, more: object = {}): Promise<number> {
    const folder = await bookFolder(files);
    const name = `library ${String(++names)}`;
    const { id } = await owner.expect(201, 'POST', '/libraries', { name, root: folder.path, ...more });
    const { id: scan } = await owner.expect(201, 'POST', `/libraries/${String(id)}/scans`);
    await vi.waitUntil(
      async () => (await owner.expect(200, 'GET', `/scans/${String(scan)}`)).state === 'completed',
      { timeout: 20_000 },
    );
    server.sync.forgetLibraries();
    return id as number;
  }

  /** A document that no other test has. */
  const fresh = (): string => md5(`document ${String(++names)}`);
  const reader = () => server.caller({ permissions: ['feature:koreader_sync'] });

  async function push({ key }: Caller, document: string, progress: string): Promise<number> {
    const body = { document, progress, percentage: 0.25, device: progress, device_id: progress };
    const address = `${server.url}/koreader/${key}/syncs/progress`;
    const { status } = await fetch(address, { method: 'PUT', body: JSON.stringify(body) });
    await server.sync.unmatched?.flush();
    return status;
  }

  async function pull({ key }: Caller, document: string): Promise<unknown> {
    const address = `${server.url}/koreader/${key}/syncs/progress/${encodeURIComponent(document)}`;
    const answer = (await (await fetch(address)).json()) as Json;
    return answer.progress;
  }

  const link = (caller: Caller, document: string, more: object = {}, to: Json = book) =>
    caller.call('POST', `/books/${String(to.id)}/documents`, { document, ...more });
  const unlink = (caller: Caller, document: string, query = '') =>
    caller.call('DELETE', `/books/${String(book.id)}/documents/${encodeURIComponent(document)}${query}`);
  const unmatched = async (caller: Caller): Promise<string[]> =>
    (await caller.expect(200, 'GET', '/unmatched')).items.map(({ document }: Json) => document);

  it('find the book from then on, for the user who linked them, and what was refused before is progress', async () => {
    const anna = await reader();
    const ben = await reader();
    const document = fresh();
    expect(await push(anna, document, 'refused')).toBe(404);
    expect(await push(ben, document, 'of ben')).toBe(404);
    const made = await link(anna, document);
    expect([made.status, made.json]).toMatchObject([
      201,
      { document, book_id: book.id, everybody: false, linked_by: anna.userId },
    ]);
    expect(await pull(anna, md5('emma'))).toBe('refused');
    expect(await pull(anna, md5('Emma.epub'))).toBe('refused');
    expect(await push(anna, document, 'over the link')).toBe(200);
    expect(await pull(anna, md5('emma'))).toBe('over the link');
    expect(await push(anna, md5('emma'), 'by content')).toBe(200);
    expect(await pull(anna, document)).toBe('by content');
    expect(await unmatched(anna)).toEqual([]);
    const [reading] = (await anna.expect(200, 'GET', '/progress')).items;
    expect(reading.book.id).toBe(book.id);
    const shown = await anna.expect(200, 'GET', `/progress/${md5('emma')}`);
    expect(shown.positions.map(({ document: each }: Json) => each)).toEqual([
      md5('emma'),
      document,
      document,
    ]);

    expect(await push(ben, document, 'of ben')).toBe(404);
    expect(await pull(ben, md5('emma'))).toBeUndefined();
    expect(await unmatched(ben)).toEqual([document]);
    const { items } = await ben.expect(200, 'GET', `/books/${String(book.id)}/documents`);
    expect(items.filter((each: Json) => each.document === document)).toEqual([]);
  });

  it('are separate again when the link is taken back', async () => {
    const anna = await reader();
    const document = fresh();
    await push(anna, md5('emma'), 'by content');
    await link(anna, document);
    await push(anna, document, 'over the link');
    expect(await pull(anna, md5('emma'))).toBe('over the link');
    expect((await unlink(anna, document)).status).toBe(204);
    expect(await pull(anna, md5('emma'))).toBe('by content');
    expect(await push(anna, document, 'refused')).toBe(404);
    expect(await unmatched(anna)).toEqual([document]);
    expect((await unlink(anna, document)).json).toMatchObject({ code: 'document-link-not-found' });
    expect((await link(anna, document, {}, other)).status).toBe(201);
    expect(await pull(anna, md5('other'))).toBe('refused');
  });

  it('go with a removed library to the copies that those may see for whom they hold', async () => {
    const anna = await reader();
    const ben = await reader();
    const copy = { 'Copy.epub': 'copied' };
    const [ofAnna, forAll] = [fresh(), fresh()];
    const removed = await addLibrary(copy);
    const hidden = await addLibrary(copy, { restricted: true });
    await addLibrary({ 'Another name.epub': 'copied' });
    const [copied] = (await owner.expect(200, 'GET', `/books?library_id=${String(removed)}`)).items;
    expect((await link(anna, ofAnna, {}, copied)).status).toBe(201);
    expect((await link(owner, forAll, { everybody: true }, copied)).status).toBe(201);
    await owner.expect(200, 'DELETE', `/libraries/${String(removed)}`);
    expect(await push(anna, ofAnna, 'over the own link')).toBe(200);
    expect(await pull(anna, md5('copied'))).toBe('over the own link');
    expect(await push(ben, forAll, 'over the link for all')).toBe(200);
    expect(await pull(ben, md5('copied'))).toBe('over the link for all');
    await owner.expect(200, 'DELETE', `/libraries/${String(hidden)}`);
    expect(await push(ben, forAll, 'later')).toBe(200);
  });

  it('are those of the first of two who link a document at once', async () => {
    const document = parseDocument(fresh());
    if (document === undefined) throw new Error('the test is wrong');
    const linkTo = ({ id }: Json) =>
      insertDocumentLink(server.store, {
        document,
        bookId: bookId(id as number),
        linkedFor: 'everybody',
        linkedBy: undefined,
        linkedSeconds: 1,
      });
    expect([await linkTo(book), await linkTo(other)]).toEqual([true, false]);
    expect(await linksOfDocument(server.store, document)).toMatchObject([{ bookId: book.id }]);
  });

  it('find the book for everybody, if somebody who manages libraries says so', async () => {
    const anna = await reader();
    const ben = await reader();
    const document = 'no digest: an opaque name';
    await push(anna, document, 'of anna');
    await push(ben, document, 'of ben');
    expect((await link(anna, document, { everybody: true })).json).toMatchObject({ code: 'forbidden' });
    expect((await link(owner, document, { everybody: true })).status).toBe(201);
    expect(await pull(anna, md5('emma'))).toBe('of anna');
    expect(await pull(ben, md5('emma'))).toBe('of ben');
    expect(await push(ben, document, 'later')).toBe(200);
    expect(await pull(ben, document)).toBe('later');
    expect((await unlink(anna, document, '?everybody=true')).json).toMatchObject({ code: 'forbidden' });
    const { items } = await ben.expect(200, 'GET', `/books/${String(book.id)}/documents`);
    // Who others are is seen by those who may see other users.
    const shown = expect.objectContaining({ document, everybody: true, linked_by_name: null });
    expect(items).toContainEqual(shown);
    const { name } = await owner.expect(200, 'GET', '/me');
    const { items: named } = await owner.expect(200, 'GET', `/books/${String(book.id)}/documents`);
    expect(named).toContainEqual(expect.objectContaining({ document, linked_by_name: name }));
    expect((await unlink(owner, document, '?everybody=true')).status).toBe(204);
    expect(await pull(ben, md5('emma'))).toBeUndefined();
  });

  it('follow the own link of a user rather than the one for everybody', async () => {
    const anna = await reader();
    const document = fresh();
    await link(owner, document, { everybody: true });
    await link(anna, document, {}, other);
    await push(anna, document, 'in the other');
    expect(await pull(anna, md5('other'))).toBe('in the other');
    expect(await pull(anna, md5('emma'))).toBeUndefined();
  });

  it('are none that have a book, or another one by a link', async () => {
    const anna = await reader();
    expect((await link(anna, md5('other'))).json).toMatchObject({ code: 'document-has-book' });
    expect((await link(anna, md5('Emma.epub'))).json).toMatchObject({ code: 'document-has-book' });
    const document = fresh();
    expect((await link(anna, document)).status).toBe(201);
    expect((await link(anna, document)).status).toBe(201);
    expect((await link(anna, document, {}, other)).json).toMatchObject({ code: 'document-linked' });
  });

  it('lead nobody to a book of a library that they may not see', async () => {
    const library = await addLibrary({ 'Secret.epub': 'secret' }, { restricted: true });
    const [secret] = (await owner.expect(200, 'GET', `/books?library_id=${String(library)}`)).items;
    const anna = await reader();
    const ben = await reader();
    const document = fresh();
    await owner.expect(204, 'PUT', `/libraries/${String(library)}/readers/${String(anna.userId)}`);
    expect((await link(owner, document, { everybody: true }, secret)).status).toBe(201);
    expect(await push(anna, document, 'of anna')).toBe(200);
    expect(await push(ben, document, 'of ben')).toBe(404);
    expect((await link(ben, document, {}, secret)).json).toMatchObject({ code: 'book-not-found' });
    expect((await link(ben, document)).status).toBe(201);
    expect(await pull(ben, md5('emma'))).toBe('of ben');
    await owner.expect(200, 'DELETE', `/libraries/${String(library)}`);
    expect(await push(anna, document, 'of anna')).toBe(404);
  });

  it('can be linked to another book by a user who may no longer see the first one', async () => {
    const library = await addLibrary({ 'Closed.epub': 'closed' }, { restricted: true });
    const [closed] = (await owner.expect(200, 'GET', `/books?library_id=${String(library)}`)).items;
    const anna = await reader();
    const document = fresh();
    const access = `/libraries/${String(library)}/readers/${String(anna.userId)}`;
    await owner.expect(204, 'PUT', access);
    expect((await link(anna, document, {}, closed)).status).toBe(201);
    expect((await link(anna, document)).json).toMatchObject({ code: 'document-linked' });
    await owner.expect(204, 'DELETE', access);
    expect((await link(anna, document)).status).toBe(201);
    expect(await push(anna, document, 'of anna')).toBe(200);
    expect(await pull(anna, md5('emma'))).toBe('of anna');
  });

  it('show who reads a book by them, each user by the link that counts for that user', async () => {
    const [anna, ben] = [await reader(), await reader()];
    const [own, shared] = [fresh(), fresh()];
    expect((await link(anna, own)).status).toBe(201);
    expect((await link(owner, shared, { everybody: true })).status).toBe(201);
    expect((await link(anna, shared, {}, other)).status).toBe(201);
    await push(anna, shared, 'of the other book');
    await push(ben, shared, 'of ben');
    await push(anna, own, 'of anna');
    const readers = async (id: number) => {
      const { items } = await owner.expect(200, 'GET', `/books/${String(id)}/reading?limit=200`);
      const names = [anna.name, ben.name];
      return (items as Json[])
        .filter(({ user }) => names.includes(user.name as string))
        .map(({ user, document }) => [user.name, document]);
    };
    expect(await readers(Number(book.id))).toEqual([
      [anna.name, own],
      [ben.name, shared],
    ]);
    expect(await readers(Number(other.id))).toEqual([[anna.name, shared]]);
  });

  it('of a removed book wait for the next book of its content, and it is said how many', async () => {
    const [anna, ben, gone] = [await reader(), await reader(), await reader()];
    const content = `returns ${fresh()}`;
    const [own, shared, elsewhere] = [fresh(), fresh(), fresh()];
    const library = await addLibrary({ 'first.epub': content });
    const [first] = (await owner.expect(200, 'GET', `/books?library_id=${String(library)}`)).items as Json[];
    for (const [caller, document, more] of [
      [anna, own, {}],
      [owner, shared, { everybody: true }],
      [ben, elsewhere, {}],
      [gone, own, {}],
    ] as const) {
      expect((await link(caller, document, more, first)).status).toBe(201);
    }
    expect(await owner.expect(200, 'DELETE', `/libraries/${String(library)}`)).toMatchObject({
      books: 1,
      links: 4,
    });
    expect(await push(anna, own, 'refused')).toBe(404);
    expect((await link(ben, elsewhere)).status).toBe(201);
    await owner.expect(204, 'DELETE', `/users/${String(gone.userId)}`);
    const second = await addLibrary({ 'shelf/second.epub': content });
    const [returned] = (await owner.expect(200, 'GET', `/books?library_id=${String(second)}`))
      .items as Json[];
    await adoptUnmatched(server.store);
    expect(await pull(anna, md5(content))).toBe('refused');
    expect(await push(ben, shared, 'of ben')).toBe(200);
    expect(await pull(ben, md5(content))).toBe('of ben');
    expect(await push(ben, elsewhere, 'of the other book')).toBe(200);
    expect(await pull(ben, md5(content))).toBe('of ben');
    const rows = await server.store.db
      .selectFrom('document_link')
      .select('user_id')
      .where('book_id', '=', returned.id as BookId)
      .orderBy('user_id')
      .execute();
    expect(rows.map(({ user_id: user }) => user)).toEqual([0, anna.userId]);
    const kept = await server.store.db.selectFrom('kept_link').select('document').execute();
    const left = kept.map(({ document }) => document.toString());
    expect(left.filter((document) => [own, shared, elsewhere].includes(document))).toEqual([]);
  });

  it('give way to the book when a scan finds it, and what was refused is progress then', async () => {
    const anna = await reader();
    const content = `late ${fresh()}`;
    await link(anna, md5(content));
    const unknown = `unknown ${fresh()}`;
    await push(anna, md5(unknown), 'refused');
    await addLibrary({ 'Late.epub': content, 'Unknown.epub': unknown });
    await adoptUnmatched(server.store);
    expect(await pull(anna, md5(unknown))).toBe('refused');
    expect(await push(anna, md5(content), 'in the late one')).toBe(200);
    expect(await pull(anna, md5('emma'))).toBeUndefined();
  });

  it('do not lose a push that was refused while an earlier one became progress', async () => {
    const anna = await reader();
    const document = fresh();
    await push(anna, document, 'refused');
    const again = sql`update unmatched_document set pushes = 2, position = x'6c61746572'
      where document = ${sql.raw(`x'${Buffer.from(document).toString('hex')}'`)}`;
    const { db, dialect } = server.store;
    const refused = dialect === 'mysql' ? sql`for each row ${again}` : sql`begin ${again}; end`;
    await sql`create trigger refused_again after insert on document_progress ${refused}`.execute(db);
    try {
      expect((await link(anna, document)).status).toBe(201);
    } finally {
      await sql`drop trigger refused_again`.execute(db);
    }
    const left = await findUnmatched(
      server.store,
      userId(anna.userId),
      documentOfDigest(Buffer.from(document, 'hex')),
    );
    expect([left?.position, left?.pushes]).toEqual(['later', 2]);
  });

  it('do not bring back a place that was left since', async () => {
    const anna = await reader();
    const document = fresh();
    await push(anna, document, 'refused');
    await push(anna, md5('emma'), 'read on');
    await link(anna, document);
    expect(await pull(anna, md5('emma'))).toBe('read on');
    const shown = await anna.expect(200, 'GET', `/progress/${md5('emma')}`);
    expect(shown.positions.map(({ progress }: Json) => progress)).toEqual(['read on', 'refused']);
  });

  it('say why they find a book or none, and nothing of books that the caller may not see', async () => {
    const anna = await reader();
    const why = (document: string) =>
      anna.expect(200, 'GET', `/documents/${encodeURIComponent(document)}/why`);
    const document = fresh();
    await push(anna, document, 'refused');
    const unknown = await why(document);
    expect(unknown).toMatchObject({ known: false, books: [], others: [] });
    expect(unknown.sentences.join(' ')).toContain('Pushes that found no book: 1, the last from refused');
    await link(anna, document);
    expect(await why(document)).toMatchObject({
      known: true,
      books: [{ book: { id: book.id }, why: ['own-link'] }],
      others: expect.arrayContaining([md5('emma'), md5('Emma.epub')]),
    });
    expect(await why(md5('emma'))).toMatchObject({ books: [{ why: ['partial-md5'] }] });
    const named = await why(md5('Emma.epub'));
    expect(named).toMatchObject({ known: true, ambiguous: false, books: [{ why: ['filename-md5'] }] });
    expect(named.sentences.join(' ')).toContain('MD5 of the file name of the book');
    await addLibrary({ 'Hidden.epub': 'hidden content' }, { restricted: true });
    expect(await why(md5('hidden content'))).toMatchObject({ known: false, books: [] });
    await addLibrary({ 'x/Twice.epub': 'one', 'y/Twice.epub': 'two' });
    const twice = await why(md5('Twice.epub'));
    expect(twice).toMatchObject({ known: true, ambiguous: true, others: [] });
    expect(twice.books).toHaveLength(2);
  });

  it('find no book that was purged, from then on', async () => {
    const library = await addLibrary({ 'Gone.epub': 'gone' });
    const anna = await reader();
    expect(await push(anna, md5('gone'), 'of anna')).toBe(200);
    await server.store.db
      .updateTable('book')
      .set({ missing_since_s: 1 })
      .where('library_id', '=', libraryId(library))
      .execute();
    const purge = (more: object) =>
      owner.expect(200, 'POST', `/libraries/${String(library)}/purge`, { missing_for_days: 0, ...more });
    expect(await purge({ dry_run: true })).toMatchObject({ books: 1 });
    expect(await push(anna, md5('gone'), 'of anna')).toBe(200);
    expect(await purge({})).toMatchObject({ books: 1 });
    expect(await push(anna, md5('gone'), 'of anna')).toBe(404);
  });

  it('are bounded for each book', async () => {
    const documents = Array.from({ length: 17 }, fresh);
    const codes: unknown[] = [];
    for (const document of documents) {
      const { status, json } = await link(owner, document, { everybody: true }, other);
      codes.push(status === 201 ? status : (json as Json).code);
    }
    expect(codes).toEqual([...Array<number>(16).fill(201), 'document-links-at-limit']);
  });

  it('are bounded for each user of a book, so that one leaves room for others', async () => {
    const anna = await reader();
    for (let made = 0; made < 25; made++) expect((await link(anna, fresh())).status).toBe(201);
    expect((await link(anna, fresh())).json).toMatchObject({ code: 'document-links-at-limit' });
    expect((await link(await reader(), fresh())).status).toBe(201);
  });

  it('go with their user', async () => {
    const anna = await reader();
    const document = fresh();
    await link(anna, document);
    await owner.expect(204, 'DELETE', `/users/${String(anna.userId)}`);
    const rows = await server.store.db
      .selectFrom('document_link')
      .select('document')
      .where('document', '=', Buffer.from(document))
      .execute();
    expect(rows).toEqual([]);
  });
});
