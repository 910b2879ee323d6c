import { appendFileSync, truncateSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Permission } from '../../../../../server/domain/permission.js';
import { type BookFolder, bookFolder, md5 } from '../../../../support/book-folder.js';
import { testDatabases } from '../../../../support/databases.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';

/** More than one piece, and no multiple of one. */
const LARGE = Buffer.from(Array.from({ length: 100_000 }, (_, i) => `${String(i)} `).join(''));
const HOSTILE = '<html xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></html>';

describe.each(testDatabases())('files of books over HTTP on $name', (kind) => {
  let server: ApiServer;
  let owner: Caller;
  let folder: BookFolder;
  let library: number;
  let ids: Map<string, number>;

  beforeAll(async () => {
    server = await startApiServer(kind);
    owner = await server.caller({ isOwner: true });
    folder = await bookFolder({
      'small.epub': 'small',
      'empty.txt': '',
      'changes.epub': 'before',
      'goes.epub': 'goes',
      'é "x" (1)\u0001.pdf': '%PDF-',
      'evil.html': HOSTILE,
      'evil.xhtml': HOSTILE,
      'evil.svg': HOSTILE,
      'evil.fb2': HOSTILE,
    });
    folder.write('large.cbz', LARGE);
    const extensions = ['epub', 'txt', 'pdf', 'html', 'xhtml', 'svg', 'fb2', 'cbz'];
    const added = await owner.expect(201, 'POST', '/libraries', { name: 'a', root: folder.path, extensions });
    library = added.id as number;
    await scan();
    const { items } = await owner.expect(200, 'GET', `/books?library_id=${String(library)}`);
    ids = new Map((items as Json[]).map(({ id, path }) => [path.text as string, id as number]));
  });

  afterAll(() => server.close());

  async function scan(id = library): Promise<void> {
    const started = await owner.expect(201, 'POST', `/libraries/${String(id)}/scans`);
    await vi.waitFor(
      async () => {
        const { state } = await owner.expect(200, 'GET', `/scans/${String(started.id)}`);
        expect(state).toBe('completed');
      },
      { timeout: 20_000 },
    );
  }

  async function get(
    name: string,
    headers: Readonly<Record<string, string>> = {},
    { method = 'GET', caller = owner }: { readonly method?: string; readonly caller?: Caller } = {},
  ) {
    const id = ids.get(name) ?? Number(name);
    const response = await fetch(`${server.url}/api/v1/books/${String(id)}/file`, {
      method,
      headers: { authorization: `Bearer ${caller.key}`, ...headers },
    });
    const body = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: response.headers, body };
  }

  it('are sent whole, with what a client needs to keep them', async () => {
    const { status, headers, body } = await get('large.cbz');
    expect(status).toBe(200);
    expect(body.equals(LARGE)).toBe(true);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-length': String(LARGE.length),
      'content-type': 'application/vnd.comicbook+zip',
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      'content-disposition': `attachment; filename="large.cbz"; filename*=UTF-8''large.cbz`,
      etag: expect.stringMatching(/^"[0-9a-z-]+"$/) as string,
      'last-modified': expect.stringMatching(/ GMT$/) as string,
    });
  });

  it('answer HEAD with the same headers, and an empty file with nothing', async () => {
    const head = await get('large.cbz', {}, { method: 'HEAD' });
    const { headers } = await get('large.cbz');
    expect([head.status, head.body.length]).toEqual([200, 0]);
    for (const name of ['content-length', 'etag', 'content-type', 'content-disposition', 'last-modified']) {
      expect(head.headers.get(name)).toBe(headers.get(name));
    }
    const empty = await get('empty.txt');
    expect([empty.status, empty.headers.get('content-length'), empty.body.length]).toEqual([200, '0', 0]);
  });

  it('are sent in parts', async () => {
    const bytes = LARGE.length;
    for (const [range, start, end] of [
      ['bytes=0-0', 0, 1],
      ['bytes=200000-499999', 200_000, 500_000],
      [`bytes=${String(bytes - 3)}-`, bytes - 3, bytes],
      ['bytes=-5', bytes - 5, bytes],
      [`bytes=100-${String(bytes * 2)}`, 100, bytes],
      [`bytes=-${String(bytes * 2)}`, 0, bytes],
    ] as const) {
      const part = await get('large.cbz', { range });
      expect(part.status).toBe(206);
      expect(part.headers.get('content-range')).toBe(
        `bytes ${String(start)}-${String(end - 1)}/${String(bytes)}`,
      );
      expect(part.headers.get('content-length')).toBe(String(end - start));
      expect(part.body.equals(LARGE.subarray(start, end))).toBe(true);
    }
    for (const range of ['bytes=0-1,5-6', 'bytes=5-4', 'bytes=-', 'pages=1-2', 'bytes=x-']) {
      expect((await get('large.cbz', { range })).status).toBe(200);
    }
    for (const range of [`bytes=${String(bytes)}-`, 'bytes=-0']) {
      const none = await get('large.cbz', { range });
      expect(none.status).toBe(416);
      expect(none.headers.get('content-range')).toBe(`bytes */${String(bytes)}`);
    }
    expect((await get('empty.txt', { range: 'bytes=0-' })).status).toBe(416);
  });

  it('are not sent again to who has them, and not joined with another state', async () => {
    const { headers } = await get('small.epub');
    const etag = headers.get('etag') ?? '';
    for (const tags of [etag, '*', `W/${etag}`, `"x", ${etag}`]) {
      const answer = await get('small.epub', { 'if-none-match': tags });
      expect([answer.status, answer.body.length, answer.headers.get('etag')]).toEqual([304, 0, etag]);
    }
    expect((await get('small.epub', { 'if-none-match': '"x"' })).status).toBe(200);
    const range = 'bytes=1-2';
    expect((await get('small.epub', { range, 'if-range': etag })).status).toBe(206);
    for (const other of ['"x"', `W/${etag}`, headers.get('last-modified') ?? '']) {
      expect((await get('small.epub', { range, 'if-range': other })).status).toBe(200);
    }
  });

  it('run nothing in a browser, whatever they are', async () => {
    for (const name of ['evil.html', 'evil.xhtml', 'evil.svg', 'evil.fb2', 'large.cbz', 'small.epub']) {
      for (const headers of [{}, { range: 'bytes=0-3' }]) {
        expect(Object.fromEntries((await get(name, headers)).headers)).toMatchObject({
          'content-disposition': expect.stringMatching(/^attachment;/) as string,
          'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
          'x-content-type-options': 'nosniff',
          'cross-origin-resource-policy': 'same-origin',
        });
      }
    }
    expect(Object.fromEntries((await get('é "x" (1)\u0001.pdf')).headers)).toMatchObject({
      'content-type': 'application/pdf',
      // fetch gives each byte of a header as a character.
      'content-disposition': `inline; filename="\u00c3\u00a9 _x_ (1) .pdf"; filename*=UTF-8''%C3%A9%20%22x%22%20%281%29%20.pdf`,
      'content-security-policy': "default-src 'none'; frame-ancestors 'self'",
      'x-content-type-options': 'nosniff',
    });
  });

  it('that have changed since the scan are refused, hashed again and then sent under another tag', async () => {
    const before = await get('changes.epub');
    appendFileSync(join(folder.path, 'changes.epub'), ' and after');
    const changed = await get('changes.epub', { 'if-none-match': before.headers.get('etag') ?? '' });
    expect(changed.status).toBe(409);
    expect(JSON.parse(changed.body.toString())).toMatchObject({ code: 'book-changed' });
    await expect.poll(async () => (await get('changes.epub')).status, { timeout: 20_000 }).toBe(200);
    const after = await get('changes.epub');
    expect(after.body.toString()).toBe('before and after');
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'));
    // The digest that readers will send is that of the bytes that they got.
    const book = await owner.expect(200, 'GET', `/books/${String(ids.get('changes.epub'))}`);
    expect(book.partial_md5).toBe(md5(after.body));
  });

  it('that changed without another size or time are refused as well', async () => {
    const write = (text: string): void => {
      folder.write('equal.epub', text);
      folder.setModified('equal.epub', 1_700_000_000);
    };
    write('equal');
    await scan();
    const { items } = await owner.expect(200, 'GET', `/books?library_id=${String(library)}&q=equal`);
    ids.set('equal.epub', (items as Json[])[0].id as number);
    expect((await get('equal.epub')).status).toBe(200);
    write('other');
    expect((await get('equal.epub')).status).toBe(409);
  });

  it('that are gone are book-missing, before and after the next scan', async () => {
    folder.remove('goes.epub');
    expect((await get('goes.epub')).status).toBe(409);
    await scan();
    const gone = await get('goes.epub');
    expect(JSON.parse(gone.body.toString())).toMatchObject({ code: 'book-missing' });
  });

  it('are sent no further to who may not have them any more', async () => {
    /** Takes a file slowly. */
    const download = async (
      caller: Caller,
      id: number,
      path = `/opds/${caller.key}/books/${String(id)}/x`,
      authorization = `Bearer ${caller.key}`,
    ) => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1').pause();
      const seen = { head: '', isClosed: false };
      socket.on('error', () => undefined);
      socket.once('close', () => (seen.isClosed = true));
      socket.on('data', (chunk: Buffer) => {
        seen.head ||= chunk.toString('latin1', 0, 12);
        socket.pause();
      });
      socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n\r\n`);
      const timer = setInterval(() => socket.resume(), 20);
      onTestFinished(() => {
        clearInterval(timer);
        socket.destroy();
      });
      await vi.waitFor(() => expect(seen.head).toBe('HTTP/1.1 200'), { timeout: 8000 });
      return seen;
    };
    const huge = await bookFolder({ 'huge.cbz': '' });
    // More than the buffers of the system take.
    truncateSync(join(huge.path, 'huge.cbz'), 500_000_000);
    const addHuge = async (name: string): Promise<readonly [number, number]> => {
      const { id } = await owner.expect(201, 'POST', '/libraries', { name, root: huge.path });
      await scan(id as number);
      const { items } = await owner.expect(200, 'GET', `/books?library_id=${String(id)}`);
      return [id as number, (items as Json[])[0].id as number];
    };
    const [, book] = await addHuge('huge');
    const [restricted, bookOfRestricted] = await addHuge('to be restricted');
    const permissions: Permission[] = ['file:download', 'feature:api_keys'];
    const password = 'its password';
    const [going, revoked, disabled, less, other, deleted, signedIn, withoutPassword] = await Promise.all(
      Array.from({ length: 8 }, () => server.caller({ permissions, password })),
    );
    if (!going || !revoked || !disabled || !less || !other || !deleted || !signedIn || !withoutPassword)
      throw new Error('callers are missing');
    const byPassword = (caller: Caller) =>
      download(
        caller,
        book,
        `/opds/books/${String(book)}/x`,
        `Basic ${Buffer.from(`${caller.name}:${password}`).toString('base64')}`,
      );
    const goOn = await Promise.all([download(going, book), byPassword(signedIn)]);
    const ending = await Promise.all([
      download(deleted, book),
      byPassword(withoutPassword),
      download(revoked, book),
      download(disabled, book, `/api/v1/books/${String(book)}/file`),
      download(less, book),
      download(other, bookOfRestricted),
    ]);
    const { items } = await revoked.expect(200, 'GET', '/api-keys');
    await owner.expect(204, 'DELETE', `/api-keys/${String((items as Json[])[0].id)}`);
    await owner.expect(204, 'DELETE', `/users/${String(deleted.userId)}`);
    await owner.expect(204, 'PUT', `/users/${String(withoutPassword.userId)}/password`, { password: null });
    await owner.expect(200, 'PATCH', `/users/${String(disabled.userId)}`, { disabled: true });
    await owner.expect(200, 'PATCH', `/users/${String(less.userId)}`, { permissions: [] });
    await owner.expect(200, 'PATCH', `/libraries/${String(restricted)}`, { restricted: true });
    await vi.waitFor(() => expect(ending.filter(({ isClosed }) => !isClosed)).toEqual([]), {
      timeout: 25_000,
      interval: 100,
    });
    expect(goOn.map(({ isClosed }) => isClosed)).toEqual([false, false]);
  }, 60_000);

  it('need the permission, and are not there in libraries of others', async () => {
    const permissions: Permission[] = ['file:download'];
    const reader = await server.caller({ permissions });
    const without = await server.caller({ permissions: ['feature:koreader_sync'] });
    const keyWithout = await server.caller({ permissions, keyPermissions: [] });
    expect((await get('large.cbz', {}, { caller: reader })).status).toBe(200);
    expect((await get('large.cbz', {}, { caller: without })).status).toBe(403);
    expect((await get('large.cbz', {}, { caller: keyWithout })).status).toBe(403);
    expect((await get('large.cbz', { authorization: '' })).status).toBe(401);
    await owner.expect(200, 'PATCH', `/libraries/${String(library)}`, { restricted: true });
    const refused = await get('large.cbz', {}, { caller: reader });
    const unknown = await get('999999', {}, { caller: reader });
    expect([refused.status, unknown.status]).toEqual([404, 404]);
  });
});
