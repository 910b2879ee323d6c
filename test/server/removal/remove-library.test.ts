import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OPERATOR } from '../../../server/domain/actor.js';
import type { Engine } from '../../../engine/index.js';
import { removeLibrary } from '../../../server/removal/remove-library.js';
import { acquireScan, LEASE_MS } from '../../../server/scan/scan-lease.js';
import { scanLibrary } from '../../../server/scan/scan-library.js';
import type { Library } from '../../../server/library/library.js';
import { NO_COUNTS } from '../../../server/scan/scan.js';
import { saveBooks } from '../../../server/book/book-repository.js';
import { keepFormerDigests } from '../../../server/book/digest-repository.js';
import { renewLease } from '../../../server/scan/scan-repository.js';
import type { Store } from '../../../server/database/store.js';
import { inTransaction } from '../../../server/database/transaction.js';
import { bookFolder } from '../../support/book-folder.js';
import { testDatabases } from '../../support/databases.js';
import { openScanBench, type ScanBench } from '../../support/scan-bench.js';

/** Many times the duration of a removal that waits for no lock. */
const HEAD_START_MS = 300;

describe.each(testDatabases())('removing a library from $name', (kind) => {
  let bench: ScanBench;
  beforeEach(async () => {
    bench = await openScanBench(kind);
  });
  afterEach(() => bench.close());

  it('deletes every row of the library', async () => {
    const folder = await bookFolder({ 'one.epub': 'one', 'two.epub': 'two' });
    const library = await bench.makeLibrary(folder);
    await bench.scan(library);
    folder.write('one.epub', 'one, second edition');
    await bench.scan(library);
    await removeLibrary(bench.store, OPERATOR, library.id);
    expect(await rowsLeft(bench.store)).toEqual({ library: 0, book: 0, former_digest: 0, scan: 0 });
  });

  it('leaves no books of a batch that is being committed', async () => {
    const library = await bench.makeLibrary(await bookFolder());
    const { scanId } = await acquireScan(
      bench.store,
      library,
      { index: 1, count: 1 },
      { regenHashes: false },
    );
    let hasLease = (): void => undefined;
    const renewed = new Promise<void>((resolve) => (hasLease = resolve));
    const batch = inTransaction(bench.store, async (transaction) => {
      await saveBook(transaction, library);
      await renewLease(transaction, scanId, NO_COUNTS, LEASE_MS);
      hasLease();
      await delay(HEAD_START_MS);
    });
    await renewed;
    await Promise.all([batch, removeLibrary(bench.store, OPERATOR, library.id)]);
    expect(await rowsLeft(bench.store)).toEqual({ library: 0, book: 0, former_digest: 0, scan: 0 });
  });

  it('ends a scan that runs, which says that the library was removed', async () => {
    const library = await bench.makeLibrary(await bookFolder({ 'one.epub': 'one' }));
    const engine = Object.assign(Object.create(bench.engine) as Engine, {
      ...bench.engine,
      async *walk(...parameters: Parameters<Engine['walk']>) {
        await removeLibrary(bench.store, OPERATOR, library.id);
        yield* bench.engine.walk(...parameters);
      },
    });
    await expect(scanLibrary({ store: bench.store, engine }, library)).rejects.toMatchObject({
      code: 'library-not-found',
      message: 'The library "books" was removed while it was being scanned.',
    });
    expect(await rowsLeft(bench.store)).toEqual({ library: 0, book: 0, former_digest: 0, scan: 0 });
  });

  it('leaves no digests of a book that is hashed again meanwhile', async () => {
    const library = await bench.makeLibrary(await bookFolder());
    await saveBook(bench.store, library);
    const { id } = await bench.store.db.selectFrom('book').select('id').executeTakeFirstOrThrow();
    let isLocked = (): void => undefined;
    const locked = new Promise<void>((resolve) => (isLocked = resolve));
    const rehash = inTransaction(bench.store, async (transaction) => {
      await transaction.db.updateTable('book').set({ failure: null, size_bytes: 2 }).execute();
      isLocked();
      await delay(HEAD_START_MS);
      const replaced = { bookId: id, kind: 'partial', digest: Buffer.alloc(16, 1) } as const;
      await keepFormerDigests(transaction, [replaced], 0);
    });
    await locked;
    await Promise.all([rehash, removeLibrary(bench.store, OPERATOR, library.id)]);
    expect(await rowsLeft(bench.store)).toEqual({ library: 0, book: 0, former_digest: 0, scan: 0 });
  });
});

async function saveBook(store: Store, library: Library): Promise<void> {
  const record = { path: Buffer.from('one.epub'), sizeBytes: 1, modifiedNs: 1n };
  const unhashed = { digests: undefined, failure: undefined };
  await saveBooks(store, [{ libraryId: library.id, ...record, ...unhashed }], 0);
}

async function rowsLeft({ db }: Store): Promise<Record<string, number>> {
  const left: Record<string, number> = {};
  for (const table of ['library', 'book', 'former_digest', 'scan'] as const) {
    left[table] = (await db.selectFrom(table).selectAll().execute()).length;
  }
  return left;
}
