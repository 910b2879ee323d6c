import { expect, it, onTestFinished } from 'vitest';
import { testDatabases } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { serveProgram } from './served-program.js';

it.each([
  ['loopback', '192.0.2.7'],
  ['127.0.0.0/8', '192.0.2.7'],
  ['198.51.100.0/24', '127.0.0.1'],
])('a proxy that is trusted as %s makes %s the client of the log', async (trusted, client) => {
  const [kind] = testDatabases();
  if (kind === undefined) throw new Error('there is a database for tests');
  const store = await openTestStore(kind);
  onTestFinished(() => store.close());
  const settings = [`server.trusted_proxies=${trusted}`, 'log.level=debug'];
  const server = await serveProgram(store.url, { settings });
  const headers = { 'x-forwarded-for': '203.0.113.1, 192.0.2.7' };
  expect((await fetch(`http://127.0.0.1:${String(server.port)}/healthcheck`, { headers })).status).toBe(200);
  const [, logged] = await server.output('stderr', /"path":"\/healthcheck".*"client":"([^"]+)"/);
  expect(logged).toBe(client);
});
