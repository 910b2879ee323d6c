import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rehashBook } from '../../../server/book/rehash-book.js';
import { scanLibrary } from '../../../server/scan/scan-library.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import { bookFolder, md5 } from '../../support/book-folder.js';
import { catalogueOf } from '../../support/catalogue.js';
import { testDatabases } from '../../support/databases.js';
import { openHookedStore } from '../../support/hooked-store.js';
import { openScanBench, type ScanBench } from '../../support/scan-bench.js';

/** A rehash that waits for nobody is done long before. */
const HEAD_START_MS = 1000;

describe.each(testDatabases())('a book that is hashed anew while a scan into $name writes it', (kind) => {
  let bench: ScanBench;
  beforeEach(async () => {
    bench = await openScanBench(kind);
  });
  afterEach(() => bench.close());

  it('keeps every digest that it had', async () => {
    const folder = await bookFolder({ 'one.epub': 'first' });
    const library = await bench.makeLibrary(folder);
    await bench.scan(library);
    const { id } = await bench.store.db.selectFrom('book').select('id').executeTakeFirstOrThrow();
    folder.write('one.epub', 'second edition');
    let rehash: Promise<unknown> | undefined;
    const store = openHookedStore(bench.store.url, {
      // The scan has just read which digests the book has.
      afterStatement: async (sql) => {
        if (rehash !== undefined || !/^select.*partial_md5.*from .book..* where .id. in/.test(sql)) return;
        folder.write('one.epub', 'third edition!');
        rehash = rehashBook({ store: bench.store, engine: bench.engine }, OPERATOR, id);
        await Promise.race([rehash, delay(HEAD_START_MS)]);
      },
    });
    await scanLibrary({ store, engine: bench.engine }, library);
    await rehash;
    await store.close();
    const [book] = await catalogueOf(bench.store, library);
    const partials = [`partial ${String(book?.partialMd5)}`, ...(book?.former ?? [])];
    const had = ['first', 'second edition', 'third edition!'].map((text) => `partial ${md5(text)}`);
    expect(rehash).toBeDefined();
    expect(partials.toSorted()).toEqual(had.toSorted());
  });
});
