import { createConnection } from 'mysql2/promise';
import { sql } from 'kysely';
import { expect, it, onTestFinished } from 'vitest';
import { MYSQL, testDatabases } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { serveProgram } from './served-program.js';

const UNKNOWN_KEY = 'dogear_aaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbb';

it('a server whose readers use all its connections is ready, because its database answers', async () => {
  const kind = testDatabases().find(({ name }) => name === 'mysql');
  if (kind === undefined) throw new Error('there is a MySQL database for tests');
  const store = await openTestStore(kind);
  onTestFinished(() => store.close());
  const { port } = await serveProgram(store.url, { settings: ['database.connections=1'] });
  const address = `http://127.0.0.1:${String(port)}`;
  const session = await createConnection({ uri: store.url });
  onTestFinished(() => session.end());
  await session.query('LOCK TABLES api_key WRITE');
  // Looks the key up, and holds the only connection until the statement times out.
  const reader = fetch(`${address}/koreader/${UNKNOWN_KEY}/users/auth`);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const answer = await fetch(`${address}/readyz`);
  expect([answer.status, await answer.json()]).toEqual([200, { status: 'ready' }]);
  expect((await reader).status).toBe(503);
  await session.query('UNLOCK TABLES');
});

it.each(testDatabases())('/readyz names what is wrong with the database on $name', async (kind) => {
  const store = await openTestStore(kind);
  onTestFinished(() => store.close());
  const { port } = await serveProgram(store.url);
  const ready = async (): Promise<unknown> => {
    const answer = await fetch(`http://127.0.0.1:${String(port)}/readyz`);
    return [answer.status, await answer.json()];
  };
  await sql`delete from schema_migration where name = '0002-sync'`.execute(store.db);
  expect(await ready()).toEqual([
    503,
    { status: 'not ready', reason: 'migrations-pending', detail: expect.stringContaining('0002-sync') },
  ]);
  await sql`alter table schema_migration rename column name to other`.execute(store.db);
  expect(await ready()).toMatchObject([503, { reason: 'database-failed' }]);
});

it('/metrics for key holders answers 503, not 403, while the key cannot be looked up', async () => {
  const store = await openTestStore(MYSQL);
  onTestFinished(() => store.close());
  const { port } = await serveProgram(store.url, { settings: ['metrics.access=permission'] });
  const session = await createConnection({ uri: store.url });
  onTestFinished(() => session.end());
  const scrape = async (): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${String(port)}/metrics`, {
      headers: { authorization: `Bearer ${UNKNOWN_KEY}` },
    });
    return answer.status;
  };
  expect(await scrape()).toBe(403);
  await session.query('LOCK TABLES api_key WRITE');
  expect(await scrape()).toBe(503);
  await session.query('UNLOCK TABLES');
});
