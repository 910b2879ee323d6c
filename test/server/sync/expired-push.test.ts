import { setTimeout as delay } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { expect, it, onTestFinished } from 'vitest';
import { REQUEST_DEADLINE_MS } from '../../../server/batching/request-deadline.js';
import { SyncStore } from '../../../server/sync/sync-store.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { pushOf } from '../../support/progress-push.js';

/** Long enough for the batch to reach the locked row and for the sweep that tells readers. */
const REST_OF_PATIENCE_MS = 300;

it('a push whose reader was told 503 is not written over a newer one, and its neighbours are saved', async () => {
  const kind = testDatabases().find(({ name }) => name === 'mysql');
  if (kind === undefined) throw new Error('there is a MySQL database for tests');
  const store = await openTestStore(kind);
  onTestFinished(() => store.close());
  const [one, other] = [new SyncStore(store), new SyncStore(store)];
  // The locked row comes first, so that the batch that waits for it has locked no other.
  await one.pushes.push(pushOf('a', 'Boox', 'before'));
  const session = await createConnection({ uri: store.url });
  onTestFinished(() => session.end());
  // Of the row alone, not of the gap behind it.
  await session.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
  await session.query('BEGIN');
  await session.query("SELECT * FROM progress WHERE document = 'a' FOR UPDATE");

  const neighbour = one.pushes.push(pushOf('a', 'Boox', 'after'));
  const old = one.pushes.push(
    pushOf('b', 'Kobo', 'old'),
    performance.now() - REQUEST_DEADLINE_MS + REST_OF_PATIENCE_MS,
  );
  await expect(old).rejects.toMatchObject({ code: 'unavailable' });
  await other.pushes.push(pushOf('b', 'Kobo', 'new'));
  await session.query('ROLLBACK');
  await neighbour;
  // Whatever the first batch may still do.
  await one.pushes.idle();
  await delay(50);
  const records = await Promise.all(['a', 'b'].map((name) => other.pulls.pull(pushOf(name, '', ''))));
  expect(records.map((record) => record?.position)).toEqual(['after', 'new']);
});
