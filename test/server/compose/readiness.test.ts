import { createConnection } from 'mysql2/promise';
import { expect, it, onTestFinished } from 'vitest';
import { testDatabases } from '../../support/databases.js';
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
