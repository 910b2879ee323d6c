import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { libraryId } from '../../../../../server/domain/ids.js';
import { OPERATOR } from '../../../../../server/domain/actor.js';
import { readLibraryMetadata } from '../../../../../server/book/read-metadata.js';
import { getLibrary } from '../../../../../server/library/get-library.js';
import { saveBooks } from '../../../../../server/book/book-repository.js';
import { type BookFolder, bookFolder, md5 } from '../../../../support/book-folder.js';
import { makeEpub } from '../../../../support/epub.js';
import { testDatabases } from '../../../../support/databases.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';

const NO_FILE = Buffer.from('nothing is read here');

describe.each(testDatabases())('books over HTTP on $name', (kind) => {
  let server: ApiServer;
  let owner: Caller;

  beforeAll(async () => {
    server = await startApiServer(kind);
    owner = await server.caller({ isOwner: true });
  });

  afterAll(() => server.close());

  async function library(folder: BookFolder, more: object = {}): Promise<number> {
    const name = folder.path.slice(-40);
    const { id } = await owner.expect(201, 'POST', '/libraries', { name, root: folder.path, ...more });
    return id as number;
  }

  async function scan(id: number, body: object = {}): Promise<void> {
    const started = await owner.expect(201, 'POST', `/libraries/${String(id)}/scans`, body);
    await expect
      .poll(() => owner.expect(200, 'GET', `/scans/${String(started.id)}`), { timeout: 20_000 })
      .toMatchObject({ state: 'completed' });
  }

  async function list(query: string, caller = owner): Promise<Json[]> {
    const items: Json[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const at: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = await caller.expect(200, 'GET', `/books?${query}${at}`);
      items.push(...page.items);
      cursor = page.next_cursor as string | null;
    } while (cursor !== null && ++pages < 1000);
    return items;
  }

  const paths = (items: readonly Json[]): string[] => items.map((item) => item.path.text as string);

  function stateOf({ reason }: Json): unknown {
    if (reason === null) return 'ready';
    if (reason === 'hash-failed') return 'failed';
    return reason === 'hashes-off' ? 'not-hashed' : reason;
  }

  it('show whether they are ready to sync, and if not, why', async () => {
    const folder = await bookFolder({ 'a.epub': 'aaa', 'b.epub': 'bbb', 'c.epub': 'ccc' });
    const id = await library(folder);
    await scan(id);
    const [a, b, c] = await list(`library_id=${String(id)}`);
    expect(a).toMatchObject({
      path: { text: 'a.epub', base64: null },
      size_bytes: 3,
      partial_md5: md5('aaa'),
      filename_md5: md5('a.epub'),
      missing_since: null,
      sync: { ready: true, reason: null, failure: null },
    });
    folder.remove('b.epub');
    await scan(id);
    expect(await owner.expect(200, 'GET', `/books/${String(b.id)}`)).toMatchObject({
      missing_since: expect.stringMatching(/^20/) as string,
      partial_md5: md5('bbb'),
      sync: { ready: false, reason: 'missing' },
    });
    await server.store.db.updateTable('book').set({ failure: 'unreadable' }).where('id', '=', c.id).execute();
    expect(await owner.expect(200, 'GET', `/books/${String(c.id)}`)).toMatchObject({
      sync: { ready: false, reason: 'hash-failed', failure: 'unreadable' },
    });
    const off = await library(await bookFolder({ 'x.epub': 'x' }), { koreader_hashes: false });
    await scan(off);
    const [x] = await list(`library_id=${String(off)}`);
    expect(x).toMatchObject({ partial_md5: null, hashed_at: null, sync: { reason: 'hashes-off' } });
    // In each state those that show it, whether the list is searched or not.
    for (const query of [
      `library_id=${String(id)}`,
      `library_id=${String(off)}`,
      'q=epub',
      `digest=${md5('aaa')}`,
    ]) {
      const all = await list(query);
      for (const state of ['ready', 'missing', 'failed', 'not-hashed']) {
        const shown = await list(`${query}&state=${state}`);
        expect(shown).toEqual(all.filter(({ sync }) => stateOf(sync) === state));
      }
    }
    expect(paths(await list(`library_id=${String(id)}&state=failed`))).toEqual(['c.epub']);
    await owner.expect(400, 'GET', '/books?state=lost');
    await owner.expect(200, 'PATCH', `/libraries/${String(off)}`, { koreader_hashes: true });
    expect(await owner.expect(200, 'GET', `/books/${String(x.id)}`)).toMatchObject({
      sync: { ready: false, reason: 'not-hashed' },
    });
    expect(await owner.expect(200, 'GET', `/libraries/${String(id)}`)).toMatchObject({
      books: { present: 2, missing: 1, hashed: 3, failed: 1, ready: 1 },
    });
  });

  it('show what an EPUB says of itself, and are found by it', async () => {
    const folder = await bookFolder({ 'plain.epub': 'no archive' });
    const metadata =
      '<dc:title>Émile</dc:title><dc:creator>J.-J. Rousseau</dc:creator><dc:language>fr</dc:language>' +
      '<dc:identifier>urn:x</dc:identifier><meta name="calibre:series" content="Traités"/>';
    folder.write('read.epub', makeEpub({ chapters: [{ content: '<html><body/></html>' }], metadata }));
    const id = await library(folder);
    await scan(id);
    const { library: scanned } = await getLibrary(server.store, OPERATOR, libraryId(id));
    await readLibraryMetadata(server.store, scanned, { isPaced: false });
    const [plain, read] = await list(`library_id=${String(id)}`);
    expect(plain).toMatchObject({ title: null, authors: [] });
    expect(read).toMatchObject({ title: 'Émile', authors: ['J.-J. Rousseau'] });
    expect(await owner.expect(200, 'GET', `/books/${String(read.id)}`)).toMatchObject({
      title: 'Émile',
      series: 'Traités',
      series_index: null,
      language: 'fr',
      identifier: 'urn:x',
    });
    for (const title of ['ÉMILE rousseau', 'traités']) {
      expect(paths(await list(`title=${encodeURIComponent(title)}`))).toEqual(['read.epub']);
    }
    expect(await list('title=plain')).toEqual([]);
    await owner.expect(400, 'GET', '/books?title=a&q=b');
  });

  it('can be hashed again one by one, and are still found by their former digests', async () => {
    const folder = await bookFolder({ 'one.epub': 'first' });
    const id = await library(folder);
    await scan(id);
    const [book] = await list(`library_id=${String(id)}`);
    const path = `/books/${String(book.id)}`;
    folder.write('one.epub', 'second');
    const rehashed = await owner.expect(200, 'POST', `${path}/hash`, {});
    expect(rehashed).toMatchObject({
      id: book.id,
      size_bytes: 6,
      partial_md5: md5('second'),
      former_digests: [{ kind: 'partial', digest: md5('first') }],
    });
    expect(await owner.expect(200, 'GET', path)).toEqual(rehashed);
    // The same file again: no digest was replaced.
    const again = await owner.expect(200, 'POST', `${path}/hash`);
    expect(again.former_digests).toHaveLength(1);
    for (const digest of [md5('first'), md5('second'), md5('one.epub')]) {
      expect((await list(`digest=${digest}`)).map((found) => found.id as number)).toEqual([book.id]);
    }
    expect(await list(`digest=${md5('never')}`)).toEqual([]);
    // A scan has nothing left to change.
    await scan(id);
    expect(await owner.expect(200, 'GET', path)).toEqual(again);
  });

  it('that cannot be hashed show the reason, but a vanished file is not recorded', async () => {
    const folder = await bookFolder({ 'one.epub': 'first', 'folder.epub': 'second' });
    const id = await library(folder);
    await scan(id);
    const [asFolder, gone] = await list(`library_id=${String(id)}`);
    folder.remove('one.epub');
    folder.remove('folder.epub');
    folder.write('folder.epub/inside.txt', 'x');
    expect(await owner.expect(409, 'POST', `/books/${String(gone.id)}/hash`)).toMatchObject({
      code: 'hash-failed',
      failure: 'vanished',
    });
    expect(await owner.expect(200, 'GET', `/books/${String(gone.id)}`)).toMatchObject({
      partial_md5: md5('first'),
      sync: { ready: true },
    });
    expect(await owner.expect(409, 'POST', `/books/${String(asFolder.id)}/hash`)).toMatchObject({
      code: 'hash-failed',
      failure: 'not-regular',
    });
    expect(await owner.expect(200, 'GET', `/books/${String(asFolder.id)}`)).toMatchObject({
      partial_md5: md5('second'),
      sync: { ready: false, reason: 'hash-failed', failure: 'not-regular' },
    });
    await owner.expect(200, 'PATCH', `/libraries/${String(id)}`, { koreader_hashes: false });
    expect(await owner.expect(409, 'POST', `/books/${String(gone.id)}/hash`)).toMatchObject({
      code: 'hashes-off',
    });
  });

  it('are searched by words of their path, ignoring case, with % and _ as ordinary characters', async () => {
    const folder = await bookFolder({
      'Herman Melville/Moby Dick.epub': '1',
      // Decomposed (NFD), as macOS writes it.
      ['José Saramago/Memorial.epub'.normalize('NFD')]: '2',
      'ÉMILE ZOLA/Nana.epub': '3',
      'Лев Толстой/ВОЙНА И МИР.epub': '4',
      '100%_sure!.epub': '5',
      '100 percent sure.epub': '6',
    });
    const id = await library(folder);
    writeFileSync(
      Buffer.concat([Buffer.from(`${folder.path}/`), Buffer.from('na\xefve Moby.epub', 'latin1')]),
      '7',
    );
    await scan(id);
    const found = async (q: string) =>
      paths(await list(`library_id=${String(id)}&limit=2&q=${encodeURIComponent(q)}`));
    expect(await found('mOBY')).toEqual(['Herman Melville/Moby Dick.epub', 'na\uFFFDve Moby.epub']);
    expect(await found('dick  melville')).toEqual(['Herman Melville/Moby Dick.epub']);
    expect(await found('josé')).toEqual(['José Saramago/Memorial.epub'.normalize('NFD')]);
    expect(await found('émile')).toEqual(['ÉMILE ZOLA/Nana.epub']);
    expect(await found('война')).toEqual(['Лев Толстой/ВОЙНА И МИР.epub']);
    expect(await found('%_sure!')).toEqual(['100%_sure!.epub']);
    expect(await found('100%')).toEqual(['100%_sure!.epub']);
    expect(await found("' or 1=1 --")).toEqual([]);
    expect(await found('nobody')).toEqual([]);
    expect(await found('  ')).toHaveLength(7);
  });

  it('are listed in byte order of their paths, with pages of every size and any bytes', async () => {
    const folder = await bookFolder();
    const id = await library(folder);
    // Some of the paths are too long for a cursor.
    const all = [
      ...Array.from({ length: 40 }, (_, i) => Buffer.from(`book ${String(i).padStart(3, '0')}.epub`)),
      ...Array.from({ length: 5 }, (_, i) => Buffer.from(`long ${'x'.repeat(2000)}${String(i)}.epub`)),
      Buffer.from('\xff\xfe.epub', 'latin1'),
    ];
    await save(id, all);
    for (const limit of [1, 7, 46, 200]) {
      const items = await list(`library_id=${String(id)}&limit=${String(limit)}`);
      expect(items.map(bytesOf)).toEqual(all.map((path) => path.toString('latin1')));
    }
    const everywhere = await list('limit=9');
    expect(everywhere.length).toBeGreaterThan(all.length);
    expect(new Set(everywhere.map((item) => item.id as number)).size).toBe(everywhere.length);
  });

  it('are neither skipped nor listed twice while a scan adds others', async () => {
    const folder = await bookFolder();
    const id = await library(folder);
    const even = Array.from({ length: 50 }, (_, i) => numbered(2 * i));
    await save(id, even);
    const seen: string[] = [];
    let cursor: string | null = null;
    for (let round = 0; round < 100; round++) {
      const at: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = await owner.expect(200, 'GET', `/books?library_id=${String(id)}&limit=7${at}`);
      seen.push(...paths(page.items as Json[]));
      await save(id, [numbered(2 * round + 1), numbered(199 - 2 * round)]);
      cursor = page.next_cursor as string | null;
      if (cursor === null) break;
    }
    expect(seen).toEqual([...new Set(seen)].toSorted());
    expect(seen).toEqual(expect.arrayContaining(even.map((path) => path.toString())));
  });

  it('are found in all of a large library, also far from its start', async () => {
    const id = await library(await bookFolder());
    const many = Array.from({ length: 21_000 }, (_, i) => numbered(i));
    for (let start = 0; start < many.length; start += 5000) await save(id, many.slice(start, start + 5000));
    expect(paths(await list(`library_id=${String(id)}&q=020999`))).toEqual(['020999.epub']);
    expect(paths(await list(`library_id=${String(id)}&limit=200&q=9.EPUB`))).toHaveLength(2100);
  });

  it('of a restricted library are hidden from others in every request', async () => {
    const folder = await bookFolder({ 'secret.epub': 'secret' });
    const id = await library(folder, { restricted: true });
    await scan(id);
    const [book] = await list(`library_id=${String(id)}`);
    const reader = await server.caller({ permissions: ['library:scan', 'feature:koreader_sync'] });
    expect((await reader.call('GET', `/books/${String(book.id)}`)).status).toBe(404);
    expect((await reader.call('POST', `/books/${String(book.id)}/hash`)).status).toBe(404);
    expect((await reader.call('GET', `/books?library_id=${String(id)}`)).status).toBe(404);
    expect((await reader.call('GET', `/scans?library_id=${String(id)}`)).status).toBe(404);
    expect((await reader.call('POST', `/libraries/${String(id)}/scans`)).status).toBe(404);
    expect(await list(`digest=${md5('secret')}`, reader)).toEqual([]);
    expect(paths(await list('q=secret', reader))).toEqual([]);
    const { items } = await reader.expect(200, 'GET', '/scans?limit=200');
    expect((items as Json[]).some((scanned) => scanned.library_id === id)).toBe(false);
    await owner.call('PUT', `/libraries/${String(id)}/readers/${String(reader.userId)}`);
    expect(await list(`digest=${md5('secret')}`, reader)).toHaveLength(1);
    expect(paths(await list('q=secret', reader))).toEqual(['secret.epub']);
  });

  it('that share a digest are listed in pages', async () => {
    const folder = await bookFolder(
      Object.fromEntries(
        Array.from({ length: 9 }, (_, i) => [`${String(i)}/cover.cbz`, `content ${String(i)}`]),
      ),
    );
    await scan(await library(folder));
    const items = await list(`digest=${md5('cover.cbz')}&limit=2`);
    expect(paths(items).toSorted()).toEqual(Array.from({ length: 9 }, (_, i) => `${String(i)}/cover.cbz`));
  });

  async function save(id: number, files: readonly Buffer[]): Promise<void> {
    const records = files.map((path) => ({
      libraryId: libraryId(id),
      path,
      sizeBytes: NO_FILE.length,
      modifiedNs: 0n,
      digests: undefined,
      failure: undefined,
    }));
    await saveBooks(server.store, records, Date.now());
  }
});

function numbered(number: number): Buffer {
  return Buffer.from(`${String(number).padStart(6, '0')}.epub`);
}

function bytesOf(item: Json): string {
  const { text, base64 } = item.path as { readonly text: string; readonly base64: string | null };
  return base64 === null
    ? Buffer.from(text).toString('latin1')
    : Buffer.from(base64, 'base64').toString('latin1');
}
