import { Readable } from 'node:stream';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { exportedRecords } from '../../../server/moving/dogear-export.js';
import { MoveError } from '../../../server/moving/move-error.js';
import { bookFolder, md5 } from '../../support/book-folder.js';
import { MYSQL, SQLITE } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';
import { openScanBench } from '../../support/scan-bench.js';
import { differences, exported, fillStore, imported } from './round-trip.js';

/** The long tests move 100,000. */
const POSITIONS = 3000;

describe('what Dogear exports', { timeout: 60_000 }, () => {
  const stores: TestStore[] = [];

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });

  async function openedStore(kind: typeof SQLITE): Promise<TestStore> {
    const store = await openTestStore(kind);
    stores.push(store);
    return store;
  }

  it('goes from SQLite to MySQL and back without loss, also twice', async () => {
    const [here, there, back] = [
      await openedStore(SQLITE),
      await openedStore(MYSQL),
      await openedStore(SQLITE),
    ];
    await fillStore(here, POSITIONS);
    const lines = await exported(here);
    expect(lines.length).toBeGreaterThan(POSITIONS);
    const tally = await imported(there, lines);
    expect([...tally.leftOut]).toEqual([]);
    expect(tally.users).toEqual({ made: 3, there: 0 });
    expect(tally.extras).toMatchObject({ apiKeys: 1, histories: 1, unmatched: 1 });
    const again = await imported(there, lines, { isSameName: true });
    expect(again.users).toEqual({ made: 0, there: 3 });
    expect(again.positions).toEqual({ added: 0, newer: 0, beside: 0, there: POSITIONS, older: 0 });
    expect(differences(await exported(there), lines)).toEqual([]);
    await imported(back, await exported(there));
    expect(differences(await exported(back), lines)).toEqual([]);
  });

  it('has no secrets unless they are asked for', async () => {
    const [here, there] = [await openedStore(SQLITE), await openedStore(SQLITE)];
    await fillStore(here, 10);
    const lines = await exported(here, { withSecrets: false });
    expect(lines.join('\n')).not.toMatch(/scrypt|api_key/);
    await imported(there, lines);
    expect(differences(await exported(there), lines)).toEqual([]);
    // Nothing says that they are the same people now.
    const again = await imported(there, lines);
    expect([...again.leftOut.keys()]).toEqual(['unproven-user', 'user-left-out']);
  });

  it('is read as far as it can be, and refused where it is none', async () => {
    const [here, there] = [await openedStore(SQLITE), await openedStore(SQLITE)];
    await fillStore(here, 10);
    const lines = await exported(here);
    const broken = ['{', '[1]', '{"type":"later"}', ...lines.slice(0, -1), '{"type":"end","lines":'];
    await expect(imported(there, broken)).rejects.toThrow('The export is not whole');
    await expect(imported(there, lines.slice(0, -1))).rejects.toThrow('The export is not whole');
    const last = `{"type":"end","lines":${String(lines.length + 1)}}`;
    const tally = await imported(there, ['{', '{"type":"later"}', ...lines.slice(0, -1), last], {
      isSameName: true,
    });
    expect(tally.leftOut.get('other-layout')).toEqual({
      count: 2,
      named: ['line 2: {', 'line 3: {"type":"later"}'],
    });
    expect(tally.positions.there).toBe(10);
    const wrong = await imported(there, ['{"dogear_export":2}']).catch((error: unknown) => error);
    expect(wrong).toBeInstanceOf(MoveError);
  });

  it('cannot bring more than a reader could push', async () => {
    const there = await openedStore(MYSQL);
    const user = `{"type":"user","name":"anna","owner":false,"disabled":false,"permissions":[],"created_s":1}`;
    const placed = (document: string, metadata: string) =>
      `{"type":"position","user":"anna","document":"${document}","progress":"p","percentage":0.5,"device":"Kobo","pushed_ms":1,"metadata":${metadata}}`;
    const deep = 100_000;
    const tally = await imported(there, [
      user,
      user.replace('anna', 'ben').replace(':1}', ':9000000000000}'),
      placed('large', `{"title":"${'a'.repeat(5000)}"}`),
      placed('deep', `{"title":${'['.repeat(deep)}${']'.repeat(deep)}}`),
      placed('usual', '{"title":"Emma"}'),
      '{"type":"end","lines":5}',
    ]);
    expect([tally.positions.added, tally.leftOut.get('other-layout')?.count]).toEqual([3, 1]);
    expect((await exported(there)).filter((line) => line.includes('metadata'))).toHaveLength(1);
  });

  it('links documents to the books that their users may see', async () => {
    const bench = await openScanBench(SQLITE);
    onTestFinished(() => bench.close());
    const { store } = bench;
    const books = await bookFolder({ 'a.epub': 'a' });
    const [hidden, open] = [
      await bench.makeLibrary(books, { name: 'hidden' }),
      await bench.makeLibrary(books, { name: 'open' }),
    ];
    for (const library of [hidden, open]) await bench.scan(library);
    await store.db.insertInto('restricted_library').values({ library_id: hidden.id }).execute();
    const user = `{"type":"user","name":"anna","owner":false,"disabled":false,"permissions":[],"created_s":1}`;
    const link = (document: string, more: string): string =>
      `{"type":"link","document":"${document}","linked_s":1,"partial_md5":"${md5('a')}"${more}}`;
    const lines = [user, link('hers', ',"user":"anna"'), link('of all', '')];
    await imported(store, [...lines, `{"type":"end","lines":${String(lines.length)}}`]);
    const linked = await store.db
      .selectFrom('document_link')
      .innerJoin('book', 'book.id', 'document_link.book_id')
      .select('book.library_id')
      .execute();
    expect(linked).toEqual([{ library_id: open.id }, { library_id: open.id }]);
  });

  it('is moved in batches of some bytes, and those before an end that is wrong are moved too', async () => {
    const entry = { progress: 'p'.repeat(1000), percentage: 0.5, device: 'Kobo', pushed_ms: 1 };
    const history = {
      type: 'history',
      user: 'anna',
      document: 'd',
      entries: Array.from({ length: 200 }, () => entry),
    };
    const lines = [
      '{"dogear_export":1}',
      ...Array<string>(12).fill(JSON.stringify(history)),
      '{"type":"end","lines":1}',
    ];
    const batches: number[] = [];
    const read = async () => {
      for await (const batch of exportedRecords(Readable.from([Buffer.from(lines.join('\n'))])))
        batches.push(batch.length);
    };
    await expect(read()).rejects.toThrow('The export is not whole');
    expect(batches).toEqual([5, 5, 2]);
  });
});
