import { setTimeout as delay } from 'node:timers/promises';
import { createHash } from 'node:crypto';
import { expect, it, describe, onTestFinished } from 'vitest';
import { adoptUnmatched } from '../../../server/sync/adopt-unmatched.js';
import { newestProgress, savePushes } from '../../../server/sync/progress-repository.js';
import { UnmatchedWriter } from '../../../server/sync/unmatched-writer.js';
import { bookFolder } from '../../support/book-folder.js';
import { testDatabases } from '../../support/databases.js';
import { openHookedStore } from '../../support/hooked-store.js';
import { pushOf } from '../../support/progress-push.js';
import { openScanBench } from '../../support/scan-bench.js';

/** Long enough for a push that waits for no lock. */
const HEAD_START_MS = 300;

describe.each(testDatabases())('a position that was kept on $name', (kind) => {
  it.each(['the first push', 'a later push'])(
    'does not replace a newer one, though %s comes in the moment in which a book is found',
    async (which) => {
      const bench = await openScanBench(kind);
      onTestFinished(() => bench.close());
      const { store } = bench;
      const document = createHash('md5').update('one.epub').digest('hex');
      const push = (position: string, pushedMs: number) => ({
        ...pushOf(document, 'Kobo', position),
        pushedMs,
      });
      const save = (position: string, pushedMs: number) =>
        savePushes(store, { pushes: [{ push: push(position, pushedMs), arrivalIndex: 0 }] });
      if (which === 'a later push') await save('first', 1000);
      const writer = new UnmatchedWriter(store, {
        perUser: 10,
        inAll: 10,
        keepsMetadata: false,
        onError: (error) => expect(error).toBeUndefined(),
      });
      writer.note(push('kept', 2000));
      await writer.flush();
      await bench.scan(await bench.makeLibrary(await bookFolder({ 'one.epub': 'one' })));
      let pushed: Promise<unknown> | undefined;
      const hooked = openHookedStore(store.url, {
        afterStatement: async (sql) => {
          if (pushed !== undefined || !/^(with|select)/.test(sql) || !sql.includes('document_progress'))
            return;
          if (!sql.includes('pushed_ms')) return;
          // It may wait for a lock, so it is not waited for.
          pushed = save('newer', 3000);
          await delay(HEAD_START_MS);
        },
      });
      onTestFinished(() => hooked.close());
      expect(await adoptUnmatched(hooked)).toBe(1);
      await pushed;
      const key = push('', 0);
      const newest = [...(await newestProgress(store, [key])).values()];
      expect(pushed).toBeDefined();
      expect(newest).toMatchObject([{ position: 'newer' }]);
    },
  );
});
