import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { partialMd5OfFile } from '../../../../../engine/index.js';
import { NAME_KINDS } from '../../../../../server/book/listed-name.js';
import { readLibraryMetadata } from '../../../../../server/book/read-metadata.js';
import { OPERATOR } from '../../../../../server/domain/actor.js';
import { libraryId } from '../../../../../server/domain/ids.js';
import type { Permission } from '../../../../../server/domain/permission.js';
import { getLibrary } from '../../../../../server/library/get-library.js';
import { removeLibrary } from '../../../../../server/removal/remove-library.js';
import { type BookFolder, bookFolder } from '../../../../support/book-folder.js';
import { testDatabases } from '../../../../support/databases.js';
import { makeEpub, xhtml } from '../../../../support/epub.js';
import { temporaryFolder } from '../../../../support/temporary-folder.js';
import { type ApiServer, type Caller, startApiServer } from '../api/api-server.js';
import { childrenNamed, type FeedElement, linkTo, parseXml, textOf, titlesOf } from './feed.js';

const READER: readonly Permission[] = ['file:download', 'feature:koreader_sync'];
const PASSWORD = 'its password';
const ACQUISITION = 'http://opds-spec.org/acquisition';

function epub(title: string, authors: readonly string[], more = ''): Buffer {
  const creators = authors.map((author) => `<dc:creator>${author}</dc:creator>`).join('');
  const metadata = `<dc:title>${title}</dc:title>${creators}<dc:language>en</dc:language>${more}`;
  return makeEpub({ chapters: [{ content: xhtml(`<p>${title}</p>`) }], metadata });
}

const inSeries = (series: string, index: number): string =>
  `<meta name="calibre:series" content="${series}"/><meta name="calibre:series_index" content="${String(index)}"/>`;

describe.each(testDatabases())('the catalogue for readers (OPDS) on $name', (kind) => {
  let server: ApiServer;
  let owner: Caller;
  let reader: Caller;
  let novels: number;
  let comics: number;
  let novelFolder: BookFolder;

  beforeAll(async () => {
    server = await startApiServer(kind, { basePath: '/sync' });
    owner = await server.caller({ isOwner: true });
    reader = await server.caller({ permissions: READER, password: PASSWORD });
    novelFolder = await bookFolder();
    novelFolder.write('1.epub', epub('Emma', ['Jane Austen']));
    novelFolder.write('2.epub', epub('émile &amp; Sophie', ['Rousseau, Jean-Jacques', 'An Other']));
    novelFolder.write('3.epub', epub('Persuasion', ['Austen, Jane']));
    novelFolder.write('4.epub', epub('The Second', ['A. Writer'], inSeries('A Series', 2)));
    novelFolder.write('5.epub', epub('A First', ['A. Writer'], inSeries('a series', 1)));
    novelFolder.write('broken.epub', 'no archive');
    novels = await library('Novels', novelFolder);
    const comicFolder = await bookFolder(
      Object.fromEntries(
        Array.from({ length: 60 }, (_, i) => [`c/Comic ${String(i).padStart(3, '0')}.cbz`, String(i)]),
      ),
    );
    comicFolder.write('<b>&"evil"\u0001\u{1F600}.cbz', 'evil');
    comics = await library('Comics', comicFolder);
  });

  afterAll(() => server.close());

  async function library(name: string, folder: BookFolder, more: object = {}): Promise<number> {
    const { id } = await owner.expect(201, 'POST', '/libraries', { name, root: folder.path, ...more });
    await readAgain(id as number);
    return id as number;
  }

  /** A scan, and the pass over the metadata that follows it. */
  async function readAgain(id: number): Promise<void> {
    const started = await owner.expect(201, 'POST', `/libraries/${String(id)}/scans`);
    await vi.waitFor(
      async () => {
        const { state } = await owner.expect(200, 'GET', `/scans/${String(started.id)}`);
        expect(state).toBe('completed');
      },
      { timeout: 20_000 },
    );
    const { library: scanned } = await getLibrary(server.store, OPERATOR, libraryId(id));
    await readLibraryMetadata(server.store, scanned, { isPaced: false });
  }

  const origin = () => new URL(server.url).origin;
  const rootOf = (caller: Caller) => `/sync/opds/${caller.key}`;

  async function feed(path: string): Promise<FeedElement> {
    const response = await fetch(`${origin()}${path}`);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${path}: ${String(response.status)} ${text}`);
    expect(response.headers.get('content-type')).toMatch(
      /^application\/atom\+xml;profile=opds-catalog;kind=/,
    );
    return parseXml(text);
  }

  /** All pages of a list. */
  async function entriesOf(path: string): Promise<readonly FeedElement[]> {
    const entries: FeedElement[] = [];
    for (let next: string | undefined = path; next !== undefined && entries.length < 1000;) {
      const page = await feed(next);
      const found = childrenNamed(page, 'entry');
      expect(found.length).toBeLessThanOrEqual(50);
      entries.push(...found);
      next = linkTo(page, 'next');
    }
    return entries;
  }

  const titles = async (path: string) => (await entriesOf(path)).map((entry) => textOf(entry, 'title'));

  async function follow(path: string, title: string): Promise<string> {
    const entry = (await entriesOf(path)).find((each) => textOf(each, 'title') === title);
    if (entry === undefined) throw new Error(`${path} has no ${title}`);
    return childrenNamed(entry, 'link')[0]?.attributes['href'] ?? '';
  }

  it('begins with its lists, for an API key in the path and for an account', async () => {
    const byKey = await feed(rootOf(reader));
    expect(titlesOf(byKey)).toEqual(['Newest', 'Titles', 'Authors', 'Series', 'Comics', 'Novels']);
    const basic = `Basic ${Buffer.from(`${reader.name}:${PASSWORD}`).toString('base64')}`;
    const response = await fetch(`${server.url}/opds`, { headers: { authorization: basic } });
    const byAccount = parseXml(await response.text());
    expect(titlesOf(byAccount)).toEqual(titlesOf(byKey));
    expect(linkTo(byAccount, 'search')).toBe('/sync/opds/search.xml');
    expect(linkTo(byKey, 'search')).toBe(`${rootOf(reader)}/search.xml`);
    // As KOReader asks first.
    expect(
      (await fetch(`${server.url}/opds`, { method: 'HEAD', headers: { authorization: basic } })).status,
    ).toBe(200);
  });

  it('asks for name and password, and for the permission to download', async () => {
    const without = await fetch(`${server.url}/opds`);
    expect(without.status).toBe(401);
    expect(without.headers.get('www-authenticate')).toBe('Basic realm="Dogear", charset="UTF-8"');
    expect((await fetch(`${server.url}/opds/${'x'.repeat(24)}/titles`)).status).toBe(401);
    const { key } = await server.caller({ permissions: ['feature:koreader_sync'] });
    expect((await fetch(`${server.url}/opds/${key}`)).status).toBe(403);
  });

  it('lists books by title, whether the title is of the book or of the file', async () => {
    const listed = await titles(`${rootOf(reader)}/titles?library=${String(novels)}`);
    expect(listed).toEqual(['A First', 'broken', 'émile & Sophie', 'Emma', 'Persuasion', 'The Second']);
    const all = await titles(`${rootOf(reader)}/titles`);
    expect(all).toHaveLength(67);
    expect(new Set(all).size).toBe(67);
    expect(all.slice(0, 3)).toEqual(['A First', '<b>&"evil"\u{1F600}', 'broken']);
  });

  it('lists authors and series once, however their names are written', async () => {
    const authors = `${rootOf(reader)}/authors`;
    const names = await titles(authors);
    expect(names).toHaveLength(4);
    expect(names.slice(1)).toEqual(['An Other', 'Rousseau, Jean-Jacques', 'A. Writer']);
    expect(await titles(await follow(authors, names[0] ?? ''))).toEqual(['Emma', 'Persuasion']);
    const series = `${rootOf(reader)}/series`;
    expect(await titles(series)).toHaveLength(1);
    const inOrder = await follow(series, (await titles(series))[0] ?? '');
    expect(await titles(inOrder)).toEqual(['A First', 'The Second']);
    expect(await titles(`${authors}?library=${String(comics)}`)).toEqual([]);
  });

  it('lists each author once, however many books there are', async () => {
    const folder = await bookFolder();
    const id = await library('Names', folder);
    const book = { library_id: libraryId(id), size_bytes: 1n, modified_ns: 1n };
    const authors = ['aa', ...Array<string>(6000).fill('bb'), 'cc', 'dd', 'dd', 'ee'];
    const added = authors.map((_, i) => ({ ...book, path: Buffer.from(String(i)) }));
    for (let i = 0; i < added.length; i += 1000)
      await server.store.db
        .insertInto('book')
        .values(added.slice(i, i + 1000))
        .execute();
    const books = await server.store.db
      .selectFrom('book')
      .select('id')
      .where('library_id', '=', libraryId(id))
      .orderBy('id')
      .execute();
    const kind = NAME_KINDS.indexOf('author');
    const rows = books.map(({ id: book_id }, i) => {
      const name = authors[i] ?? '';
      return { library_id: libraryId(id), kind, sort_key: Buffer.from(name), place: 0, book_id, name };
    });
    for (let i = 0; i < rows.length; i += 1000)
      await server.store.db
        .insertInto('listed_name')
        .values(rows.slice(i, i + 1000))
        .execute();
    const list = `${rootOf(reader)}/authors?library=${String(id)}`;
    expect(await titles(list)).toEqual(['aa', 'bb', 'cc', 'dd', 'ee']);
    await removeLibrary(server.store, OPERATOR, libraryId(id));
  });

  it('lists the newest books first', async () => {
    const listed = await titles(`${rootOf(reader)}/newest`);
    expect(listed).toHaveLength(67);
    expect(await titles(`${rootOf(reader)}/newest?library=${String(novels)}`)).toEqual(listed.slice(-6));
  });

  it('is searched by title, author, series and file name', async () => {
    const description = parseXml(await (await fetch(`${origin()}${rootOf(reader)}/search.xml`)).text());
    const template = childrenNamed(description, 'Url')[0]?.attributes['template'] ?? '';
    const search = (words: string) => titles(template.replace('{searchTerms}', encodeURIComponent(words)));
    expect(await search('AUSTEN emma')).toEqual(['Emma']);
    expect(await search('sophie')).toEqual(['émile & Sophie']);
    expect(await search('a series')).toEqual(['The Second', 'A First']);
    // No letter of the words is ASCII, so nothing but the title tells.
    expect(await search('É')).toEqual(['émile & Sophie']);
    expect(await search('comic 05')).toHaveLength(11);
    expect(await search('comic')).toHaveLength(60);
    expect(await search('1.epub')).toEqual(['Emma']);
    expect(await search('')).toEqual([]);
  });

  it('offers each library where there are several', async () => {
    const page = await feed(`${rootOf(reader)}/titles?library=${String(novels)}`);
    const facets = childrenNamed(page, 'link').filter(({ attributes }) =>
      attributes['rel']?.endsWith('/facet'),
    );
    expect(facets.map(({ attributes }) => [attributes['title'], attributes['opds:activeFacet']])).toEqual([
      ['All libraries', undefined],
      ['Comics', undefined],
      ['Novels', 'true'],
    ]);
    expect(facets[1]?.attributes['opds:facetGroup']).toBe('Library');
    expect(await titles(facets[1]?.attributes['href'] ?? '')).toHaveLength(61);
    await expect(feed(`${rootOf(reader)}/titles?library=999999`)).rejects.toThrow('404');
  });

  it('describes a book', async () => {
    const [entry] = (await entriesOf(`${rootOf(reader)}/titles`)).filter(
      (each) => textOf(each, 'title') === 'émile & Sophie',
    );
    if (entry === undefined) throw new Error('the book is not listed');
    const [author] = childrenNamed(entry, 'author');
    // All of them in one element: KOReader shows the last element alone.
    expect(author === undefined ? '' : textOf(author, 'name')).toBe('Rousseau, Jean-Jacques, An Other');
    expect(textOf(entry, 'dc:language')).toBe('en');
    const [link] = childrenNamed(entry, 'link');
    expect(link?.attributes).toMatchObject({
      rel: ACQUISITION,
      type: 'application/epub+zip',
      href: expect.stringMatching(/\/books\/\d+\/2\.epub$/) as string,
    });
  });

  it('does not send a list again that the client has as it is', async () => {
    const list = `${origin()}${rootOf(reader)}/titles?library=${String(novels)}`;
    const first = await fetch(list);
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^W\/"/);
    const again = await fetch(list, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect(again.headers.get('etag')).toBe(etag);
    // One that the browser keeps is asked for again each time.
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    for (const other of ['', '/authors', `/titles?library=${String(comics)}`]) {
      const answer = await fetch(`${origin()}${rootOf(reader)}${other}`, {
        headers: { 'if-none-match': etag },
      });
      expect(answer.status).toBe(200);
    }
  });

  it('names each list and what is above it, as OPDS 1.2 wants', async () => {
    const authors = `${rootOf(reader)}/authors`;
    const ofAuthor = await follow(authors, 'A. Writer');
    const ids = new Set<string | undefined>();
    for (const [path, up] of [
      [rootOf(reader), undefined],
      [authors, rootOf(reader)],
      [ofAuthor, authors],
      [`${rootOf(reader)}/titles`, rootOf(reader)],
      [`${rootOf(reader)}/titles?library=${String(novels)}`, rootOf(reader)],
      [`${rootOf(reader)}/search?q=a`, rootOf(reader)],
      [`${rootOf(reader)}/search?q=b`, rootOf(reader)],
    ] as const) {
      const page = await feed(path);
      expect([linkTo(page, 'self'), linkTo(page, 'start'), linkTo(page, 'up')]).toEqual([
        path,
        rootOf(reader),
        up,
      ]);
      ids.add(textOf(page, 'id'));
      // What an Atom feed and each of its entries must have, once.
      for (const element of [page, ...childrenNamed(page, 'entry')]) {
        for (const name of ['id', 'title', 'updated']) expect(childrenNamed(element, name)).toHaveLength(1);
      }
    }
    expect(ids.size).toBe(7);
    const titlesPages = [await feed(`${rootOf(reader)}/titles`)];
    titlesPages.push(await feed(linkTo(titlesPages[0] ?? parseXml('<a/>'), 'next') ?? ''));
    expect(new Set(titlesPages.map((page) => textOf(page, 'id'))).size).toBe(1);
  });

  it('tells the series of a book to clients that know it', async () => {
    const books = await entriesOf(`${rootOf(reader)}/titles?library=${String(novels)}`);
    const series = books.flatMap((entry) => childrenNamed(entry, 'schema:Series'));
    expect(series.map(({ attributes }) => attributes)).toEqual([
      { 'schema:name': 'a series', 'schema:position': '1' },
      { 'schema:name': 'A Series', 'schema:position': '2' },
    ]);
  });

  it('a book that a reader fetches has the digest under which its pushes find it', async () => {
    const [entry] = (await entriesOf(`${rootOf(reader)}/titles`)).filter(
      (each) => textOf(each, 'title') === '<b>&"evil"\u{1F600}',
    );
    const href = entry === undefined ? undefined : linkTo(entry, ACQUISITION);
    const { path } = await temporaryFolder();
    const file = join(path, 'download');
    const response = await fetch(`${origin()}${String(href)}`);
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
    writeFileSync(file, Buffer.from(await response.arrayBuffer()));
    const document = partialMd5OfFile(file).toString('hex');
    // With an API key in the path, documents that are no book are refused.
    const push = await fetch(`${server.url}/koreader/${reader.key}/syncs/progress`, {
      method: 'PUT',
      body: JSON.stringify({ document, progress: '1', percentage: 0.5, device: 'Kobo', device_id: 'k' }),
    });
    expect(push.status).toBe(200);
    const found = await reader.expect(200, 'GET', `/books?digest=${document}`);
    expect(textOf(entry ?? parseXml('<a/>'), 'id')).toBe(`urn:dogear:book:${String(found.items[0].id)}`);
  });

  it('shows nothing of libraries that are restricted to others', async () => {
    const folder = await bookFolder();
    folder.write('secret.epub', epub('Secret', ['Secret Author'], inSeries('Secret Series', 1)));
    const secret = await library('Secret', folder, { restricted: true });
    const ofOwner = await entriesOf(`${rootOf(owner)}/titles?library=${String(secret)}`);
    expect(ofOwner).toHaveLength(1);
    const file = linkTo(ofOwner[0] ?? parseXml('<a/>'), ACQUISITION)?.replace(owner.key, reader.key);
    expect((await fetch(`${origin()}${String(file)}`)).status).toBe(404);
    for (const path of ['', '/newest', '/titles', '/authors', '/series', '/search?q=secret']) {
      const texts = (await entriesOf(`${rootOf(reader)}${path}`)).map((entry) => JSON.stringify(entry));
      expect(texts.filter((text) => /secret/i.test(text.replaceAll('Search', '')))).toEqual([]);
    }
    await expect(feed(`${rootOf(reader)}/titles?library=${String(secret)}`)).rejects.toThrow('404');
    await removeLibrary(server.store, OPERATOR, libraryId(secret));
    const left = await server.store.db
      .selectFrom('listed_name')
      .selectAll()
      .where('library_id', '=', libraryId(secret))
      .execute();
    expect(left).toEqual([]);
  });

  it('follows the files: what is gone, renamed, or has another title', async () => {
    const folder = await bookFolder({ 'goes.cbz': 'goes', 'old name.pdf': 'renamed', 'stays.pdf': 'stays' });
    folder.write('a.epub', epub('Before', ['Somebody']));
    const id = await library('Changes', folder);
    const list = `${rootOf(reader)}/titles?library=${String(id)}`;
    expect(await titles(list)).toEqual(['Before', 'goes', 'old name', 'stays']);
    const before = (await fetch(`${origin()}${list}`)).headers.get('etag') ?? '';
    folder.remove('goes.cbz');
    folder.move('old name.pdf', 'new name.pdf');
    folder.write('a.epub', epub('Zuletzt', ['Somebody else']));
    await readAgain(id);
    expect(await titles(list)).toEqual(['new name', 'stays', 'Zuletzt']);
    expect((await fetch(`${origin()}${list}`, { headers: { 'if-none-match': before } })).status).toBe(200);
    expect(await titles(`${rootOf(reader)}/authors?library=${String(id)}`)).toEqual(['Somebody else']);
  });
});
