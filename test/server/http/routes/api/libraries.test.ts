import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bookFolder } from '../../../../support/book-folder.js';
import { testDatabases } from '../../../../support/databases.js';
import { type ApiServer, type Caller, startApiServer } from './api-server.js';

const LETTERS = 'acegikmo'.split('');

describe.each(testDatabases())('libraries over HTTP on $name', (kind) => {
  let server: ApiServer;
  let owner: Caller;
  let reader: Caller;

  beforeAll(async () => {
    server = await startApiServer(kind, { basePath: '/sub' });
    owner = await server.caller({ isOwner: true });
    reader = await server.caller();
  });

  afterAll(() => server.close());

  it('are added, shown, changed and removed', async () => {
    const folder = await bookFolder();
    const added = await owner.call('POST', '/libraries', { name: 'Comics', root: `${folder.path}/.` });
    expect(added.status).toBe(201);
    const { id } = added.json as { readonly id: number };
    expect(added.headers.get('location')).toBe(`/sub/api/v1/libraries/${String(id)}`);
    expect(added.headers.get('cache-control')).toBe('no-store');
    expect(added.json).toEqual({
      id,
      name: 'Comics',
      root: { text: folder.path, base64: null },
      extensions: null,
      koreader_hashes: true,
      skip_system: true,
      ignore_patterns: [],
      follow_links: false,
      restricted: false,
      books: { present: 0, missing: 0, hashed: 0, failed: 0, ready: 0 },
      metadata: null,
    });
    expect(await owner.expect(200, 'GET', `/libraries/${String(id)}`)).toEqual(added.json);
    const other = await bookFolder();
    const change = {
      name: 'Books',
      root: other.path,
      extensions: ['.CBZ', 'fb2.zip'],
      koreader_hashes: false,
      skip_system: false,
      ignore_patterns: ['*.pdf', '!keep.pdf'],
      follow_links: true,
    };
    expect(await owner.expect(200, 'PATCH', `/libraries/${String(id)}`, change)).toMatchObject({
      id,
      ...change,
      root: { text: other.path },
      extensions: ['cbz', 'fb2.zip'],
    });
    expect(await owner.expect(200, 'PATCH', `/libraries/${String(id)}`, { extensions: null })).toMatchObject({
      name: 'Books',
      extensions: null,
      koreader_hashes: false,
      skip_system: false,
      ignore_patterns: ['*.pdf', '!keep.pdf'],
      follow_links: true,
    });
    const purged = await owner.expect(200, 'POST', `/libraries/${String(id)}/purge`, { dry_run: true });
    expect(purged).toEqual({ books: 0, digests: 0, links: 0 });
    expect(await owner.expect(200, 'DELETE', `/libraries/${String(id)}`)).toEqual({
      books: 0,
      digests: 0,
      links: 0,
    });
    expect(await owner.expect(404, 'GET', `/libraries/${String(id)}`)).toMatchObject({
      type: 'urn:dogear:problem:library-not-found',
      status: 404,
      code: 'library-not-found',
    });
    expect((await owner.call('DELETE', `/libraries/${String(id)}`)).status).toBe(404);
  });

  it('are refused with a reason when they are invalid', async () => {
    const folder = await bookFolder({ 'file.epub': 'x' });
    const code = async (body: object) => {
      const { status, json } = await owner.call('POST', '/libraries', body);
      return `${String(status)} ${(json as { code: string }).code}`;
    };
    expect(await code({ name: 'a', root: `${folder.path}/nowhere` })).toBe('422 root-missing');
    expect(await code({ name: 'a', root: `${folder.path}/file.epub` })).toBe('422 root-not-a-folder');
    for (const name of ['a\nb', 'a\u0085b', 'a\u202eb', 'a\u2028b', ' ']) {
      expect([name, await code({ name, root: folder.path })]).toEqual([name, '422 library-invalid']);
    }
    expect(await code({ name: 'a', root: folder.path, extensions: ['e/b'] })).toBe('422 library-invalid');
    expect(await code({ name: 'a', root: folder.path, ignore_patterns: ['**/a*/**/b'] })).toBe(
      '422 library-invalid',
    );
    expect(await code({ name: 'a', root: 'books' })).toBe('422 body-invalid');
    expect(await code({ name: 'taken', root: folder.path })).toMatch(/^201/);
    expect(await code({ name: 'taken', root: folder.path })).toBe('409 library-exists');
    const { id } = await owner.expect(201, 'POST', '/libraries', { name: 'other', root: folder.path });
    expect(await owner.expect(409, 'PATCH', `/libraries/${String(id)}`, { name: 'taken' })).toMatchObject({
      code: 'library-exists',
    });
  });

  it('are added once when two requests use one name at the same time', async () => {
    const { path: root } = await bookFolder();
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => owner.call('POST', '/libraries', { name: 'once', root })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(5);
  });

  it('hide their root from callers who only read', async () => {
    const { path: root } = await bookFolder();
    const { id } = await owner.expect(201, 'POST', '/libraries', { name: 'seen', root });
    expect(await reader.expect(200, 'GET', `/libraries/${String(id)}`)).toMatchObject({
      name: 'seen',
      root: null,
    });
    const scanner = await server.caller({ permissions: ['library:scan'] });
    expect(await scanner.expect(200, 'GET', `/libraries/${String(id)}`)).toMatchObject({
      root: { text: root },
    });
  });

  it('are visible only to their readers while they are restricted', async () => {
    const { path: root } = await bookFolder();
    const { id } = await owner.expect(201, 'POST', '/libraries', {
      name: 'restricted',
      root,
      restricted: true,
    });
    const path = `/libraries/${String(id)}`;
    const names = async (caller: Caller) => {
      const { items } = await caller.expect(200, 'GET', '/libraries?limit=200');
      return (items as { name: string }[]).map(({ name }) => name);
    };
    expect((await reader.call('GET', path)).status).toBe(404);
    expect(await names(reader)).not.toContain('restricted');
    expect(await names(owner)).toContain('restricted');
    const readerPath = `${path}/readers/${String(reader.userId)}`;
    expect((await owner.call('PUT', readerPath)).status).toBe(204);
    expect((await owner.call('PUT', readerPath)).status).toBe(204);
    expect(await names(reader)).toContain('restricted');
    expect(await reader.expect(200, 'GET', path)).toMatchObject({ restricted: true });
    expect(await owner.expect(200, 'GET', `${path}/readers`)).toEqual({
      items: [{ user_id: reader.userId, name: reader.name }],
      next_cursor: null,
    });
    const { id: other } = await owner.expect(201, 'POST', '/libraries', { name: 'restricted too', root });
    expect(await owner.expect(200, 'GET', `/libraries/${String(other)}/readers`)).toEqual({
      items: [],
      next_cursor: null,
    });
    expect((await owner.call('PUT', `${path}/readers/99999`)).status).toBe(404);
    expect((await owner.call('DELETE', readerPath)).status).toBe(204);
    expect((await reader.call('GET', path)).status).toBe(404);
    await owner.expect(200, 'PATCH', path, { restricted: false });
    expect((await reader.call('GET', path)).status).toBe(200);
  });

  it('are listed by name in pages, also while others are added', async () => {
    const { path: root } = await bookFolder();
    for (const letter of LETTERS) {
      await owner.expect(201, 'POST', '/libraries', { name: `page ${letter}`, root });
    }
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await owner.expect(
        200,
        'GET',
        `/libraries?limit=3${cursor === null ? '' : `&cursor=${cursor}`}`,
      );
      const items = page.items as { readonly name: string }[];
      expect(items.length).toBeLessThanOrEqual(3);
      seen.push(...items.map(({ name }) => name));
      cursor = page.next_cursor as string | null;
      // One before the cursor and one after it: only the second appears in the rest of the list.
      const last = seen.at(-1) ?? '';
      await owner.call('POST', '/libraries', { name: `${last.slice(0, -1)}!`, root });
      if (last === 'page k') await owner.expect(201, 'POST', '/libraries', { name: 'page n', root });
    } while (cursor !== null);
    expect(seen).toEqual([...new Set(seen)].toSorted());
    expect(seen.filter((name) => name.startsWith('page '))).toEqual(
      expect.arrayContaining(LETTERS.map((letter) => `page ${letter}`)),
    );
  });
});
