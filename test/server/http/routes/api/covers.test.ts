import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type BookFolder, bookFolder } from '../../../../support/book-folder.js';
import { testDatabases } from '../../../../support/databases.js';
import { makeEpub, xhtml } from '../../../../support/epub.js';
import { makeZip } from '../../../../support/zip.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';

const [kind] = testDatabases();
if (kind === undefined) throw new Error('there is no database');

const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1]);
const PNG = Buffer.from('\u0089PNG\r\n\u001a\n1', 'latin1');
const WEBP = Buffer.from('RIFF....WEBPVP8 ', 'latin1');
const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';

function epub(manifest: string, metadata: string, content: Buffer | string, name = 'cover.jpg'): Buffer {
  return makeEpub({
    chapters: [{ content: xhtml('<p>text</p>') }],
    metadata,
    beforeSpine: `<manifest>${manifest}</manifest>`,
    files: [{ name: `OPS/img/${name}`, content }],
  });
}

const item = (attributes: string, name = 'cover.jpg') =>
  `<item id="i" href="img/${name}" media-type="image/jpeg" ${attributes}/>`;

describe('covers over HTTP', () => {
  let server: ApiServer;
  let owner: Caller;
  let ids: Map<string, number>;
  let folder: BookFolder;
  let library: number;

  beforeAll(async () => {
    server = await startApiServer(kind);
    owner = await server.caller({ isOwner: true });
    const named = '<meta name="cover" content="i"/>';
    const books = {
      'epub3.epub': epub(item('properties="svg cover-image"'), '', JPEG),
      'epub2.epub': epub(item(''), named, PNG),
      'by path.epub': epub('', '<meta name="cover" content="img/cover.jpg"/>', JPEG),
      'none.epub': epub(item(''), '', JPEG),
      'svg.epub': epub(item('', 'a.svg'), named, SVG, 'a.svg'),
      'disguised.epub': epub(item(''), named, '<html><script>alert(1)</script></html>'),
      'outside.epub': epub('', '<meta name="cover" content="../../../etc/passwd"/>', JPEG),
      'large.epub': epub(item(''), named, Buffer.concat([JPEG, Buffer.alloc(5 * 2 ** 20, 'x')])),
      'broken.epub': Buffer.from('no archive'),
      'comic.cbz': makeZip([
        { name: 'c/page 10.jpg', content: JPEG },
        { name: 'c/page 9.webp', content: WEBP },
        { name: 'a.txt', content: 'x' },
      ]),
      'novel.txt': Buffer.from('text'),
      'missing.epub': epub(item(''), named, JPEG),
      'gone.epub': epub(item(''), named, JPEG),
      'changed.epub': epub(item(''), named, JPEG),
    };
    folder = await bookFolder();
    for (const [name, content] of Object.entries(books)) folder.write(name, content);
    library = (await owner.expect(201, 'POST', '/libraries', { name: 'a', root: folder.path })).id;
    await scan();
    folder.remove('missing.epub');
    await scan();
    const { items } = await owner.expect(200, 'GET', '/books');
    ids = new Map((items as Json[]).map((book) => [book.path.text as string, book.id as number]));
  });

  afterAll(() => server.close());

  async function scan(): Promise<void> {
    const started = await owner.expect(201, 'POST', `/libraries/${String(library)}/scans`);
    await vi.waitFor(
      async () => {
        const { state } = await owner.expect(200, 'GET', `/scans/${String(started.id)}`);
        expect(state).toBe('completed');
      },
      { timeout: 20_000 },
    );
  }

  async function cover(
    name: string,
    headers: Readonly<Record<string, string>> = {},
    { query = '', caller = owner } = {},
  ) {
    const response = await fetch(`${server.url}/api/v1/books/${String(ids.get(name))}/cover${query}`, {
      headers: { authorization: `Bearer ${caller.key}`, ...headers },
    });
    return {
      status: response.status,
      headers: response.headers,
      body: Buffer.from(await response.arrayBuffer()),
    };
  }

  it.each([
    ['epub3.epub', 'image/jpeg', JPEG],
    ['epub2.epub', 'image/png', PNG],
    ['by path.epub', 'image/jpeg', JPEG],
    // The first page by its number.
    ['comic.cbz', 'image/webp', WEBP],
  ])('of %s is the picture in the file, with its true type', async (name, type, bytes) => {
    const { status, headers, body } = await cover(name);
    expect([status, headers.get('content-type'), headers.get('content-length')]).toEqual([
      200,
      type,
      String(bytes.length),
    ]);
    expect(body.equals(bytes)).toBe(true);
    expect(headers.get('content-security-policy')).toBe(
      "sandbox; default-src 'none'; frame-ancestors 'none'",
    );
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-disposition')).toMatch(/^attachment/);
    // A browser keeps it, and does not show it to the next user.
    expect(headers.get('cache-control')).toContain('private');
    expect(headers.get('vary')).toContain('cookie');
    const again = await cover(name, { 'if-none-match': headers.get('etag') ?? '' });
    expect(again.status).toBe(304);
  });

  it.each(['none', 'svg', 'disguised', 'outside', 'large', 'broken'].map((name) => `${name}.epub`))(
    'of %s is none',
    async (name) => {
      const { status, body } = await cover(name);
      expect([status, body.length]).toEqual([204, 0]);
    },
  );

  it('of a text is none', async () => {
    expect((await cover('novel.txt')).status).toBe(204);
  });

  it('of a file that is missing, gone or changed is none now, and no error', async () => {
    folder.remove('gone.epub');
    folder.write('changed.epub', epub(item(''), '<meta name="cover" content="i"/>', PNG));
    for (const name of ['missing.epub', 'gone.epub', 'changed.epub']) {
      const { status, headers } = await cover(name);
      expect([name, status, headers.get('cache-control')]).toEqual([name, 204, 'no-store']);
    }
    // It is hashed again by itself.
    await vi.waitFor(async () => expect((await cover('changed.epub')).body.equals(PNG)).toBe(true), {
      timeout: 20_000,
    });
  });

  it('that is larger than a list shows is none', async () => {
    expect((await cover('epub3.epub', {}, { query: '?max_bytes=100' })).status).toBe(200);
    expect((await cover('epub3.epub', {}, { query: '?max_bytes=4' })).status).toBe(204);
    expect((await cover('epub3.epub', {}, { query: '?max_bytes=0' })).status).toBe(400);
  });

  it('in a library of others is not there', async () => {
    const caller = await server.caller({ permissions: ['file:download'] });
    expect((await cover('epub3.epub', {}, { caller })).status).toBe(200);
    await owner.expect(200, 'PATCH', `/libraries/${String(library)}`, { restricted: true });
    expect((await cover('epub3.epub', {}, { caller })).status).toBe(404);
    expect((await cover('missing.epub', {}, { caller })).status).toBe(404);
  });
});
