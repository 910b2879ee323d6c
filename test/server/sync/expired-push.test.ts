import { setTimeout as delay } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { expect, it, onTestFinished } from 'vitest';
import { REQUEST_DEADLINE_MS } from '../../../server/batching/request-deadline.js';
import { SyncStore } from '../../../server/sync/sync-store.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { pushOf } from '../../support/progress-push.js';

/** Time until the deadline: enough for the batch to reach the locked row, and for the sweep to answer the request. */
const REMAINING_MS = 300;

it('a push that was answered 503 does not overwrite a newer one, and the rest of its batch is saved', async () => {
  const kind = testDatabases().find(({ name }) => name === 'mysql');
  if (kind === undefined) throw new Error('there is a MySQL database for tests');
  const store = await openTestStore(kind);
  onTestFinished(() => store.close());
  const [one, other] = [new SyncStore(store), new SyncStore(store)];
  // The locked row is the first of the batch, so the waiting batch has locked no other row.
  await other.pushes.push(pushOf('a', 'Boox', 'before'));
  const session = await createConnection({ uri: store.url });
  onTestFinished(() => session.end());
  // Locks the row only, not the gap behind it.
  await session.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
  await session.query('BEGIN');
  await session.query("SELECT * FROM document_progress WHERE document = 'a' FOR UPDATE");

  const neighbour = one.pushes.push(pushOf('a', 'Boox', 'after'));
  const old = one.pushes.push(
    pushOf('b', 'Kobo', 'old'),
    performance.now() - REQUEST_DEADLINE_MS + REMAINING_MS,
  );
  await expect(old).rejects.toMatchObject({ code: 'unavailable' });
  await other.pushes.push(pushOf('b', 'Kobo', 'new'));
  await session.query('ROLLBACK');
  await neighbour;
  // Waits for whatever the first batch may still write.
  await one.pushes.idle();
  await delay(50);
  const records = await Promise.all(['a', 'b'].map((name) => other.pulls.pull(pushOf(name, '', ''))));
  expect(records.map((record) => record?.position)).toEqual(['after', 'new']);
});
