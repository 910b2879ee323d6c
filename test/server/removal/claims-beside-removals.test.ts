import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OPERATOR } from '../../../server/domain/actor.js';
import type { Library } from '../../../server/library/library.js';
import { removeLibrary } from '../../../server/removal/remove-library.js';
import { scanLibrary } from '../../../server/scan/scan-library.js';
import { latestScan, requestCancel } from '../../../server/scan/scan-repository.js';
import { bookFolder, md5 } from '../../support/book-folder.js';
import { catalogueOf } from '../../support/catalogue.js';
import { testDatabases } from '../../support/databases.js';
import { openHookedStore } from '../../support/hooked-store.js';
import { openScanBench, type ScanBench } from '../../support/scan-bench.js';

/** Many times the duration of a removal that waits for no lock. */
const HEAD_START_MS = 300;

// SQLite has one writer at a time.
const mysql = testDatabases().filter(({ name }) => name === 'mysql');

describe.each(mysql)(
  'digests of a library that is removed in the moment of a scan of another, on $name',
  (kind) => {
    let bench: ScanBench;
    let old: Library;
    let heir: Library;
    beforeEach(async () => {
      bench = await openScanBench(kind);
      const folder = await bookFolder({ 'one.epub': 'first edition' });
      old = await bench.makeLibrary(folder);
      await bench.scan(old);
      folder.write('one.epub', 'second edition');
      await bench.scan(old);
      heir = await bench.makeLibrary(await bookFolder({ 'two.epub': 'second edition' }), { name: 'heir' });
    });
    afterEach(() => bench.close());

    /** Does the one thing, and the other before the first statement of it that is like this. */
    async function during(
      statement: RegExp,
      first: (store: ScanBench['store']) => Promise<unknown>,
      second: () => Promise<unknown>,
    ): Promise<void> {
      let isDone = false;
      const hooked = openHookedStore(bench.store.url, {
        beforeStatement: async (sql) => {
          if (isDone || !statement.test(sql)) return;
          isDone = true;
          await second();
        },
      });
      try {
        await first(Object.assign(hooked, { url: bench.store.url }));
      } finally {
        await hooked.close();
      }
      expect(isDone).toBe(true);
      expect(await catalogueOf(bench.store, heir)).toMatchObject([
        { former: expect.arrayContaining([`partial ${md5('first edition')}`]) },
      ]);
      expect(await bench.store.db.selectFrom('kept_digest').selectAll().execute()).toEqual([]);
    }

    it('are found by the scan that had looked for them before', async () => {
      await during(
        // The end of the transaction that writes the book.
        /^update `scan` set .*`found` = /,
        (store) => scanLibrary({ store, engine: bench.engine }, heir),
        () => removeLibrary(bench.store, OPERATOR, old.id),
      );
    });

    it('are found by a scan that is cancelled in that moment', async () => {
      await during(
        /^update `scan` set .*`found` = /,
        (store) =>
          expect(scanLibrary({ store, engine: bench.engine }, heir)).rejects.toMatchObject({
            code: 'scan-cancelled',
          }),
        async () => {
          await removeLibrary(bench.store, OPERATOR, old.id);
          const scan = await latestScan(bench.store, heir.id, { index: 1, count: 1 });
          if (scan !== undefined) await requestCancel(bench.store, scan.id);
        },
      );
    });

    it('are found by a scan that ends because a look for them failed', async () => {
      const other = await bench.makeLibrary(await bookFolder({ 'other.epub': 'other' }), { name: 'other' });
      await bench.scan(other);
      // The scan looks for digests after each commit, because there are some.
      await removeLibrary(bench.store, OPERATOR, other.id);
      let step: 'before' | 'removed' | 'failed' = 'before';
      const hooked = openHookedStore(bench.store.url, {
        beforeStatement: async (sql) => {
          if (step === 'before' && /^update `scan` set .*`found` = /.test(sql)) {
            step = 'removed';
            await removeLibrary(bench.store, OPERATOR, old.id);
          } else if (step === 'removed' && /^insert into `?former_digest/.test(sql)) {
            step = 'failed';
            throw new Error('not written');
          }
        },
      });
      try {
        await expect(scanLibrary({ store: hooked, engine: bench.engine }, heir)).rejects.toThrow(
          'not written',
        );
      } finally {
        await hooked.close();
      }
      expect(await catalogueOf(bench.store, heir)).toMatchObject([
        { former: expect.arrayContaining([`partial ${md5('first edition')}`]) },
      ]);
    });

    it('are kept when the library of their new book is removed in the same moment', async () => {
      let hasCome = false;
      let removing: Promise<void> | undefined;
      const hooked = openHookedStore(bench.store.url, {
        beforeStatement: async (sql) => {
          if (!hasCome && /^insert into `?kept_digest/.test(sql)) {
            hasCome = true;
            await bench.scan(heir);
          } else if (hasCome && removing === undefined && /^insert into `?former_digest/.test(sql)) {
            removing = removeLibrary(bench.store, OPERATOR, heir.id);
            await Promise.race([removing, delay(HEAD_START_MS)]);
          }
        },
      });
      try {
        await removeLibrary(hooked, OPERATOR, old.id);
        expect(removing).toBeDefined();
        await removing;
      } finally {
        await hooked.close();
      }
      expect(await bench.store.db.selectFrom('former_digest').selectAll().execute()).toEqual([]);
      const kept = await bench.store.db.selectFrom('kept_digest').select('digest').execute();
      expect(kept.map(({ digest }) => digest.toString('hex'))).toContain(md5('first edition'));
    });

    it('go to the book that has come after heirs were looked for', async () => {
      await during(
        /^insert into `?kept_digest/,
        (store) => removeLibrary(store, OPERATOR, old.id),
        () => bench.scan(heir),
      );
    });
  },
);
