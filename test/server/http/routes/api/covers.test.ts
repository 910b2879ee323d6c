import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bookFolder } from '../../../../support/book-folder.js';
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
    };
    const folder = await bookFolder();
    for (const [name, content] of Object.entries(books)) folder.write(name, content);
    const { id } = await owner.expect(201, 'POST', '/libraries', { name: 'a', root: folder.path });
    const started = await owner.expect(201, 'POST', `/libraries/${String(id)}/scans`);
    await vi.waitFor(
      async () => {
        const { state } = await owner.expect(200, 'GET', `/scans/${String(started.id)}`);
        expect(state).toBe('completed');
      },
      { timeout: 20_000 },
    );
    const { items } = await owner.expect(200, 'GET', '/books');
    ids = new Map((items as Json[]).map((book) => [book.path.text as string, book.id as number]));
  });

  afterAll(() => server.close());

  async function cover(name: string, headers: Readonly<Record<string, string>> = {}) {
    const response = await fetch(`${server.url}/api/v1/books/${String(ids.get(name))}/cover`, {
      headers: { authorization: `Bearer ${owner.key}`, ...headers },
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
});
