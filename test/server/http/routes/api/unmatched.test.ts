import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bookFolder, md5 } from '../../../../support/book-folder.js';
import { testDatabases } from '../../../../support/databases.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';

describe.each(testDatabases())('documents that found no book on $name', (kind) => {
  let server: ApiServer;
  let owner: Caller;

  beforeAll(async () => {
    server = await startApiServer(kind, { unmatched: { perUser: 100, inAll: 1000 } });
    owner = await server.caller({ isOwner: true });
  });

  afterAll(() => server.close());

  const reader = () => server.caller({ permissions: ['feature:koreader_sync'] });

  async function push(key: string, document: string, more: object = {}): Promise<Response> {
    return fetch(`${server.url}/koreader/${key}/syncs/progress`, {
      method: 'PUT',
      body: JSON.stringify({
        document,
        progress: '/body/1',
        percentage: 0.25,
        device: 'Kobo',
        device_id: 'K1',
        ...more,
      }),
    });
  }

  async function listed(caller: Caller, query = ''): Promise<Json> {
    await server.sync.unmatched?.flush();
    return caller.expect(200, 'GET', `/unmatched${query}`);
  }

  /** Adds a library with these files and waits until they are found. */
  async function addLibrary(files: Readonly<Record<string, string>>, more: object = {}): Promise<number> {
    const folder = await bookFolder(files);
    const name = folder.path.slice(-60);
    const { id } = await owner.expect(201, 'POST', '/libraries', { name, root: folder.path, ...more });
    const { id: scan } = await owner.expect(201, 'POST', `/libraries/${String(id)}/scans`);
    await vi.waitUntil(
      async () => (await owner.expect(200, 'GET', `/scans/${String(scan)}`)).state === 'completed',
      { timeout: 20_000 },
    );
    server.sync.forgetLibraries();
    return id as number;
  }

  it('are listed although the reader gets 404, and only for the user who pushed them', async () => {
    const anna = await reader();
    const metadata = { filename: 'Emma.epub', title: 'Emma', authors: 'Jane Austen' };
    for (const progress of ['/body/1', '/body/2']) {
      const refused = await push(anna.key, md5('unknown'), { progress, metadata });
      expect([refused.status, await refused.json()]).toMatchObject([404, { code: 2006 }]);
    }
    await push(anna.key, 'opaque');
    const { items } = await listed(anna);
    expect(items).toHaveLength(2);
    expect(items.find(({ document }: Json) => document === md5('unknown'))).toMatchObject({
      progress: '/body/2',
      percentage: 0.25,
      device: { name: 'Kobo', device_id: 'K1', friendly_name: null },
      metadata,
      pushes: 2,
    });
    expect(items.find(({ document }: Json) => document === 'opaque')).toMatchObject({ metadata: null });
    const pulled = await fetch(`${server.url}/koreader/${anna.key}/syncs/progress/${md5('unknown')}`);
    expect(await pulled.json()).toEqual({ document: md5('unknown') });
    expect((await listed(await reader())).items).toEqual([]);
    expect((await listed(owner)).items).toEqual([]);
  });

  it('are listed in pages', async () => {
    const anna = await reader();
    for (const document of ['one', 'two', 'three']) await push(anna.key, document);
    const names: string[] = [];
    let page = await listed(anna, '?limit=2');
    names.push(...page.items.map(({ document }: Json) => document));
    page = await listed(anna, `?limit=2&cursor=${String(page.next_cursor)}`);
    names.push(...page.items.map(({ document }: Json) => document));
    expect([names.toSorted(), page.next_cursor]).toEqual([['one', 'three', 'two'], null]);
  });

  it('are not kept for callers who may not push', async () => {
    const nobody = await server.caller({ permissions: ['library:scan'] });
    expect((await push(nobody.key, md5('x'))).status).toBe(403);
    expect((await push('a'.repeat(24), md5('x'))).status).toBe(401);
    const before = await server.store.db.selectFrom('unmatched_document').select('document').execute();
    await server.sync.unmatched?.flush();
    const after = await server.store.db.selectFrom('unmatched_document').select('document').execute();
    expect(after).toEqual(before);
  });

  it('leave the list as soon as a library has their book', async () => {
    const anna = await reader();
    await push(anna.key, md5('found later'));
    await push(anna.key, md5('never found'));
    await addLibrary({ 'Later.epub': 'found later' });
    const { items } = await listed(anna);
    expect(items.map(({ document }: Json) => document)).toEqual([md5('never found')]);
  });

  it('are listed for a reader who may not see the library of the book', async () => {
    const anna = await reader();
    const library = await addLibrary({ 'Hidden.epub': 'hidden' }, { restricted: true });
    expect((await push(anna.key, md5('hidden'))).status).toBe(404);
    expect((await listed(anna)).items).toMatchObject([{ document: md5('hidden') }]);
    await owner.expect(204, 'PUT', `/libraries/${String(library)}/readers/${String(anna.userId)}`);
    expect((await listed(anna)).items).toEqual([]);
  });

  it('suggest books by what the reader said: file name, name in another format, title and author', async () => {
    const anna = await reader();
    const library = await addLibrary({
      'a/Persuasion.epub': 'p',
      'b/Emma - Jane Austen.epub': 'e',
      'c/Mansfield Park.kepub.epub': 'm',
      'c/Unlike.epub': 'u',
    });
    await addLibrary({ 'Sanditon.epub': 's' }, { restricted: true });
    const authors = 'Jane Austen\nSomebody';
    await push(anna.key, 'one', { metadata: { filename: 'Persuasion.epub', title: 'Emma', authors } });
    await push(anna.key, 'two', { metadata: { filename: 'x/Mansfield Park.pdf', title: 'Sanditon' } });
    await push(anna.key, 'three', { metadata: { filename: 7, title: '' } });
    await push(anna.key, 'four');
    const { items } = await listed(anna);
    const suggested = Object.fromEntries(
      items.map(({ document, suggestions }: Json) => [
        document,
        suggestions.map(({ book, reason }: Json) => [book.library_id, book.file_name, reason]),
      ]),
    );
    expect(suggested).toEqual({
      one: [
        [library, 'Persuasion.epub', 'same-file-name'],
        [library, 'Emma - Jane Austen.epub', 'title-and-author'],
      ],
      two: [[library, 'Mansfield Park.kepub.epub', 'other-format']],
      three: [],
      four: [],
    });
  });

  it('are counted, those of others for whoever manages users, and forgotten one by one', async () => {
    const anna = await reader();
    const ben = await reader();
    const counts = async (caller: Caller): Promise<unknown> => {
      const { total, others } = await listed(caller, '?limit=1');
      return { total, others };
    };
    const { others: before } = await listed(owner);
    for (const document of ['forgotten', 'a/b c', 'kept']) await push(anna.key, document);
    await push(ben.key, 'forgotten');
    expect(await counts(anna)).toEqual({ total: 3, others: null });
    expect(await counts(owner)).toEqual({ total: 0, others: before + 4 });
    // What tells a page that is open.
    const changed = (): Promise<unknown> =>
      server.store.db
        .selectFrom('change_mark')
        .select('revision')
        .where('topic', '=', 'progress')
        .where('user_id', '=', anna.userId)
        .executeTakeFirst();
    const version = await changed();
    await anna.expect(204, 'DELETE', '/unmatched/forgotten');
    expect(await changed()).not.toEqual(version);
    await anna.expect(204, 'DELETE', `/unmatched/${encodeURIComponent('a/b c')}`);
    await anna.expect(204, 'DELETE', '/unmatched/never%20listed');
    const { items } = await listed(anna);
    expect(items.map(({ document }: Json) => document)).toEqual(['kept']);
    expect(await counts(ben)).toEqual({ total: 1, others: null });
    await push(anna.key, 'forgotten');
    expect((await listed(anna)).items).toMatchObject([
      { document: 'forgotten', pushes: 1 },
      { document: 'kept' },
    ]);
  });

  it('are named by paths also where clients would take them for folders: with one more tilde', async () => {
    const anna = await reader();
    for (const document of ['.', '..', '~.', '~~']) await push(anna.key, document);
    await listed(anna);
    const forget = async (part: string): Promise<string[]> => {
      await anna.expect(204, 'DELETE', `/unmatched/${part}`);
      return (await listed(anna)).items.map(({ document }: Json) => document).toSorted();
    };
    expect(await forget('~..')).toEqual(['.', '~.', '~~']);
    expect(await forget('~~.')).toEqual(['.', '~~']);
    expect(await forget('~~')).toEqual(['.']);
    expect(await forget('~.')).toEqual([]);
  });

  it('go with their user', async () => {
    const anna = await reader();
    await push(anna.key, 'gone');
    await listed(anna);
    await owner.expect(204, 'DELETE', `/users/${String(anna.userId)}`);
    const rows = await server.store.db
      .selectFrom('unmatched_document')
      .select('document')
      .where('document', '=', Buffer.from('gone'))
      .execute();
    expect(rows).toEqual([]);
  });
});
