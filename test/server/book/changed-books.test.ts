import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ChangedBooks } from '../../../server/book/changed-books.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import { bookFolder, md5 } from '../../support/book-folder.js';
import { catalogueOf } from '../../support/catalogue.js';
import { testDatabases } from '../../support/databases.js';
import { openScanBench, type ScanBench } from '../../support/scan-bench.js';

/** A machine that is busy with other tests takes longer than a second, vitest's default, to hash a book. */
const WAITS = { timeout: 20_000 };

describe.each(testDatabases())('a book in $name whose file has changed', (kind) => {
  let bench: ScanBench;
  beforeAll(async () => {
    bench = await openScanBench(kind);
  });
  afterAll(() => bench.close());

  /** A library with one book. */
  async function library(name: string) {
    const folder = await bookFolder({ 'one.epub': 'one' });
    // A test that is tried again makes another one.
    const made = await bench.makeLibrary(folder, { name: `${name} in ${folder.path}` });
    await bench.scan(made);
    const { id } = await bench.store.db
      .selectFrom('book')
      .select('id')
      .where('library_id', '=', made.id)
      .executeTakeFirstOrThrow();
    const errors: unknown[] = [];
    const { store, engine } = bench;
    const books = new ChangedBooks({ store, engine, onError: (error) => errors.push(error) });
    const hashed = (): number => bench.engine.status().filesHashed;
    return { folder, made, id, books, errors, hashed };
  }

  it('is hashed again each time, and has the mark of its old state no more', async () => {
    const { folder, made, id, books, hashed } = await library('changing');
    const before = hashed();
    for (const content of ['two', 'three']) {
      folder.write('one.epub', content);
      await vi.waitFor(async () => {
        books.rehash(OPERATOR, id);
        const [book] = await catalogueOf(bench.store, made);
        expect(book?.partialMd5).toBe(md5(content));
      }, WAITS);
    }
    expect(hashed() - before).toBeGreaterThanOrEqual(2);
    const { state_mark: mark } = await bench.store.db
      .selectFrom('book')
      .select('state_mark')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    expect(mark).toBeNull();
  });

  it('is not hashed again at each request where its file cannot be read', async () => {
    const { folder, id, books, errors, hashed } = await library('gone');
    folder.remove('one.epub');
    const before = hashed();
    books.rehash(OPERATOR, id);
    await vi.waitFor(() => expect(hashed()).toBe(before + 1), WAITS);
    for (let request = 0; request < 30; request += 1) {
      await delay(10);
      books.rehash(OPERATOR, id);
    }
    expect([hashed(), errors]).toEqual([before + 1, []]);
  });
});
