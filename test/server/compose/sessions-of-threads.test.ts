import { expect, it } from 'vitest';
import { testDatabases } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { addUser } from '../../../server/accounts/add-user.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import { Browser } from '../http/routes/api/browser.js';
import { serveProgram } from './served-program.js';

/** Each on a connection of its own, which the system gives to any of the threads. */
const REQUESTS = 12;

it.each(testDatabases())('every thread knows a session, and that it has ended, on $name', async (kind) => {
  const store = await openTestStore(kind);
  await addUser(store, OPERATOR, { name: 'anna', password: 'pw', permissions: new Set(), isOwner: true });
  const server = await serveProgram(store.url, { settings: ['server.listeners=2'] });
  const browser = new Browser(`http://127.0.0.1:${String(server.port)}`);
  const statuses = async () => {
    const answers = await Promise.all(Array.from({ length: REQUESTS }, () => browser.send('GET', '/me')));
    return new Set(answers.map(({ status }) => status));
  };
  const body = { name: 'anna', password: 'pw' };
  expect((await browser.send('POST', '/sessions', { body })).status).toBe(201);
  expect(await statuses()).toEqual(new Set([200]));
  const { cookie } = browser;
  expect((await browser.send('DELETE', '/sessions/current')).status).toBe(204);
  browser.cookie = cookie;
  await expect.poll(statuses, { timeout: 10_000 }).toEqual(new Set([401]));
  server.send('SIGTERM');
  await server.result;
  await store.close();
});
