import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../../engine/index.js';
import { createEngineWith } from '../../../engine/pool/engine.js';
import { bulkUpsert } from '../../../server/database/bulk-write.js';
import type { Store } from '../../../server/database/store.js';
import type { Library } from '../../../server/library/library.js';
import { scanLibrary } from '../../../server/scan/scan-library.js';
import { type BookFolder, bookFolder } from '../../support/book-folder.js';
import { catalogueOf } from '../../support/catalogue.js';
import { testDatabases } from '../../support/databases.js';
import { openHookedStore } from '../../support/hooked-store.js';
import { counts, openScanBench, type ScanBench } from '../../support/scan-bench.js';

const BOOKS = 1200;
/** Of the catalogue's ids that a scan remembers as gone or moved, when each is this far from the next. */
const ROOM_FOR_SPARSE_IDS = 16_384;
const SPARSE = 1024;

describe.each(testDatabases())('a library in $name that moved', (kind) => {
  let bench: ScanBench;
  let folder: BookFolder;
  beforeEach(async () => {
    bench = await openScanBench(kind);
    folder = await bookFolder();
  });
  afterEach(() => bench.close());

  const idsByName = async (library: Library): Promise<Map<string, number>> =>
    new Map(
      (await catalogueOf(bench.store, library)).map(({ path, id }) => [
        path.slice(path.lastIndexOf('/') + 1),
        id,
      ]),
    );

  /** Two folders of books, one behind the other. */
  async function scannedLibrary(changes: Partial<Library> = {}): Promise<Library> {
    for (let book = 0; book < BOOKS; book++) {
      folder.write(pathOf(book), `book ${String(book)}`);
      folder.setModified(pathOf(book), book);
    }
    const library = await bench.makeLibrary(folder, changes);
    expect((await bench.scan(library)).counts).toMatchObject({ added: BOOKS });
    return library;
  }

  describe.each([true, false])('(KOReader hashes: %s)', (koreaderHashes) => {
    it.each([
      ['forward', { m: 'x', n: 'y' }],
      ['back', { m: 'b', n: 'a' }],
      ['with its two halves in each other’s place', { m: 'n', n: 'm' }],
    ])('as a whole, %s, keeps every book', async (_, places) => {
      const library = await scannedLibrary({ koreaderHashes });
      const before = await idsByName(library);
      folder.move('m', 'm-away');
      folder.move('n', 'n-away');
      folder.move('m-away', places.m);
      folder.move('n-away', places.n);
      const hashed = koreaderHashes ? BOOKS : 0;
      expect((await bench.scan(library)).counts).toEqual(counts({ found: BOOKS, moved: BOOKS, hashed }));
      expect(await idsByName(library)).toEqual(before);
      expect((await bench.scan(library)).counts).toEqual(counts({ found: BOOKS, unchanged: BOOKS }));
    });

    it('by half, and lost some books, keeps those that moved and marks only those missing', async () => {
      const library = await scannedLibrary({ koreaderHashes });
      const before = await idsByName(library);
      folder.move('m', 'x');
      for (let book = 0; book < BOOKS; book += 100) folder.remove(pathOf(book).replace(/^m/, 'x'));
      const lost = BOOKS / 100;
      const moved = BOOKS / 2 - lost / 2;
      const hashed = koreaderHashes ? moved : 0;
      expect((await bench.scan(library)).counts).toEqual(
        counts({ found: BOOKS - lost, moved, hashed, unchanged: BOOKS / 2 - lost / 2, missing: lost }),
      );
      expect(await idsByName(library)).toEqual(before);
      expect((await catalogueOf(bench.store, library)).filter(({ missing }) => missing)).toHaveLength(lost);
    });
  });

  it('while its scan died after a part of it, is moved to the end by the next scan', async () => {
    const library = await scannedLibrary();
    const before = await idsByName(library);
    folder.move('m', 'x');
    folder.move('n', 'y');
    let commits = 0;
    let isDead = false;
    const store = openHookedStore(bench.store.url, {
      // Nothing reaches the database from a process that was killed.
      beforeStatement: () => {
        if (isDead) throw new Error('killed');
      },
      // The first one begins the scan.
      afterCommit: () => {
        isDead = ++commits === 2;
        if (isDead) throw new Error('killed');
      },
    });
    // With one thread and files that take their time, the batches are committed one by one.
    const slow = createEngineWith({ jobs: 1 }, new URL('../../engine/pool/slow-worker.js', import.meta.url));
    await expect(scanLibrary({ store, engine: slow }, library)).rejects.toThrow('killed');
    await slow.close();
    await store.close();
    const { runner } = await bench.store.db
      .selectFrom('scan')
      .select('runner')
      .orderBy('id')
      .executeTakeFirstOrThrow();
    await bench.store.db
      .updateTable('scan')
      .set({ runner: runner.replace(/ \d+ (\d+)$/, ' 2 $1') })
      .where('state', '=', 'running')
      .execute();
    const half = (await catalogueOf(bench.store, library)).filter(({ path }) => /^[xy]/.test(path)).length;
    expect(half).toBeGreaterThan(0);
    expect(half).toBeLessThan(BOOKS);
    const { counts: last } = await bench.scan(library);
    expect(last).toMatchObject({ moved: BOOKS - half, unchanged: half, added: 0, missing: 0 });
    expect(await idsByName(library)).toEqual(before);
  });

  it('from one of its parts to another while both are scanned keeps what moved and marks the rest missing', async () => {
    const library = await scannedLibrary();
    const before = await idsByName(library);
    folder.move('m', 'x');
    folder.move('n', 'y');
    for (let book = 0; book < BOOKS; book += 100)
      folder.remove(pathOf(book).replace(/^m/, 'x').replace(/^n/, 'y'));
    const lost = BOOKS / 100;
    const parts = await Promise.all(
      [1, 2, 3].map((index) => bench.scan(library, { shard: { index, count: 3 } })),
    );
    // A part that ends early marks a book missing until the other part finds it.
    expect(parts.reduce((sum, part) => sum + part.counts.moved, 0)).toBe(BOOKS - lost);
    const rows = await catalogueOf(bench.store, library);
    expect(rows.filter(({ missing }) => missing)).toHaveLength(lost);
    expect(await idsByName(library)).toEqual(before);
  });

  it('with more books than a scan remembers is scanned to the end all the same', async () => {
    const moved = ROOM_FOR_SPARSE_IDS + 100;
    const lost = 50;
    const library = await bench.makeLibrary(folder, { koreaderHashes: false });
    await addSparseBooks(bench.store, library, moved + lost);
    for (let book = 0; book < moved; book++) {
      folder.write(`new/${String(book)}.epub`, 'book');
      folder.setModified(`new/${String(book)}.epub`, book);
    }
    let walks = 0;
    const engine: Engine = {
      ...bench.engine,
      hash: (...parameters) => bench.engine.hash(...parameters),
      walk: (...parameters) => {
        walks++;
        return bench.engine.walk(...parameters);
      },
    };
    const { counts: first } = await scanLibrary({ store: bench.store, engine }, library);
    expect(first).toEqual(counts({ found: moved, moved, missing: lost }));
    expect(walks).toBe(2);
    const ids = await idsByName(library);
    for (const book of [0, 1, moved - 1, moved + lost - 1]) {
      expect(ids.get(`${String(book)}.epub`)).toBe((book + 1) * SPARSE);
    }
    folder.move('new/0.epub', '0.epub');
    folder.remove('new');
    const { counts: second } = await scanLibrary({ store: bench.store, engine }, library);
    expect(second).toEqual(counts({ found: 1, moved: 1, missing: moved - 1 }));
    expect(walks).toBe(4);
  });
});

function pathOf(book: number): string {
  return `${book < BOOKS / 2 ? 'm' : 'n'}/${String(book % 7)}/${String(book)}.epub`;
}

/** Books whose ids are as far from each other as those of a database that other libraries fill at once. */
async function addSparseBooks(store: Store, library: Library, books: number): Promise<void> {
  const rows = Array.from({ length: books }, (_, book) => [
    (book + 1) * SPARSE,
    library.id,
    Buffer.from(`old/${String(book)}.epub`),
    'book'.length,
    BigInt(book) * 1_000_000_000n,
  ]);
  const columns = ['id', 'library_id', 'path', 'size_bytes', 'modified_ns'];
  await bulkUpsert(store, { table: 'book', columns, key: ['id'], update: [] }, rows.flat());
}
