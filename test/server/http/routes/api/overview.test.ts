import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordFailure } from '../../../../../server/book/book-repository.js';
import { bookId, libraryId } from '../../../../../server/domain/ids.js';
import { touchLibrary } from '../../../../../server/library/library-repository.js';
import { WHOLE_LIBRARY } from '../../../../../server/scan/scan.js';
import { insertScan } from '../../../../../server/scan/scan-repository.js';
import { type BookFolder, bookFolder } from '../../../../support/book-folder.js';
import { testDatabases } from '../../../../support/databases.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';

describe.each(testDatabases())('the overview, on $name,', (kind) => {
  let server: ApiServer;
  let owner: Caller;
  let reader: Caller;
  const statements: string[] = [];

  beforeAll(async () => {
    server = await startApiServer(kind, {
      hooks: { beforeStatement: (text) => void statements.push(text) },
    });
    owner = await server.caller({ isOwner: true });
    reader = await server.caller({ permissions: ['feature:koreader_sync'] });
  });

  afterAll(() => server.close());

  let added = 0;
  async function library(folder: BookFolder, more: object = {}): Promise<number> {
    const body = { name: `library ${String(++added)}`, root: folder.path, ...more };
    return (await owner.expect(201, 'POST', '/libraries', body)).id as number;
  }

  async function scan(id: number): Promise<Json> {
    const { id: begun } = await owner.expect(201, 'POST', `/libraries/${String(id)}/scans`);
    const shown = () => owner.expect(200, 'GET', `/scans/${String(begun)}`);
    await expect.poll(async () => (await shown()).state, { timeout: 20_000 }).not.toBe('running');
    return shown();
  }

  async function of(caller: Caller, id: number): Promise<{ readonly library: Json; readonly looks: Json[] }> {
    const { libraries, needs_look: looks } = await caller.expect(200, 'GET', '/overview');
    return {
      library: libraries.find((one: Json) => one.id === id),
      looks: looks.filter((look: Json) => look.library_id === id),
    };
  }

  it('counts the books of a library before and after scans, and says what needs a look', async () => {
    const folder = await bookFolder({ 'a.epub': 'a', 'b.epub': 'b', 'c.epub': 'c' });
    const id = await library(folder);
    expect(await of(owner, id)).toMatchObject({
      library: { books: 0, ready: 0, never_scanned: true, last_scan: null, root_problem: null },
      looks: [{ kind: 'never-scanned', count: 0 }],
    });
    const { id: first } = await scan(id);
    await expect.poll(async () => (await of(owner, id)).library.ready, { timeout: 20_000 }).toBe(3);
    const { items } = await owner.expect(200, 'GET', `/books?library_id=${String(id)}`);
    await recordFailure(server.store, [bookId(items.at(-1).id as number)], 'unreadable');
    // The number that was counted before is remembered until something says that the library has changed.
    expect((await of(owner, id)).library.failed).toBe(0);
    await touchLibrary(server.store, libraryId(id));
    const state = await of(owner, id);
    expect(state).toEqual({
      library: {
        id,
        name: `library ${String(added)}`,
        koreader_hashes: true,
        books: 3,
        ready: 2,
        missing: 0,
        failed: 1,
        scanning: false,
        never_scanned: false,
        last_scan: {
          id: first,
          state: 'completed',
          finished_at: expect.stringMatching(/Z$/) as string,
          failed: 0,
        },
        root_problem: null,
      },
      looks: [{ kind: 'failed-files', library_id: id, count: 1, says: null }],
    });
    folder.remove('b.epub');
    await scan(id);
    await expect.poll(async () => (await of(owner, id)).library.missing, { timeout: 20_000 }).toBe(1);
    expect(await of(owner, id)).toMatchObject({
      library: { books: 2, ready: 2, failed: 0 },
      looks: [{ kind: 'missing-books', count: 1 }],
    });
  });

  it('says that a library makes no hashes', async () => {
    const id = await library(await bookFolder({ 'a.epub': 'a' }), { koreader_hashes: false });
    await scan(id);
    await expect.poll(async () => (await of(owner, id)).library.books, { timeout: 20_000 }).toBe(1);
    expect(await of(owner, id)).toMatchObject({
      library: { ready: 0, koreader_hashes: false },
      looks: [{ kind: 'no-hashes', count: 1 }],
    });
  });

  it('says that a root is missing, also why the last scan failed, to those who may see roots', async () => {
    const folder = await bookFolder({ 'inner/a.epub': 'a' });
    const id = await library({ ...folder, path: join(folder.path, 'inner') });
    folder.remove('inner');
    const { error } = await scan(id);
    const says = 'The folder is not there. Is its disk mounted?';
    expect(await of(owner, id)).toMatchObject({
      library: { root_problem: says, last_scan: { state: 'failed', failed: 0 } },
      looks: [
        { kind: 'root', says },
        { kind: 'scan-failed', says: error as string },
      ],
    });
    expect(await of(reader, id)).toMatchObject({
      library: { root_problem: null, last_scan: null, never_scanned: false },
      looks: [],
    });
  });

  it('shows a library that is being scanned', async () => {
    const id = await library(await bookFolder());
    await insertScan(server.store, {
      libraryId: libraryId(id),
      shard: WHOLE_LIBRARY,
      regenSinceMs: undefined,
      runner: 'elsewhere 0 0 1 1',
      leaseMs: 60_000,
    });
    expect(await of(owner, id)).toMatchObject({
      library: { scanning: true, never_scanned: false },
      looks: [],
    });
  });

  it('shows no library that the caller may not see, not even by its cost', async () => {
    const seen = await library(await bookFolder({ 'a.epub': 'a' }));
    const looked = async (): Promise<readonly string[]> => {
      // Once more, so that all counts are remembered.
      await reader.expect(200, 'GET', '/overview');
      statements.length = 0;
      await reader.expect(200, 'GET', '/overview');
      return statements
        .filter((text) => !/api_key|change_mark/.test(text))
        .map((text) => text.replace(/\d+ as now_ms/, 'now').replace(/\d{13}/, 'now'));
    };
    const before = await looked();
    expect(before.some((text) => /count/.test(text))).toBe(false);
    const hidden = await library(await bookFolder({ 'a.epub': 'a' }), { restricted: true });
    await scan(hidden);
    expect(await looked()).toEqual(before);
    expect((await of(reader, hidden)).library).toBeUndefined();
    expect((await of(reader, seen)).library).toMatchObject({ id: seen });
    expect((await of(owner, hidden)).library).toMatchObject({ id: hidden });
  });
});
