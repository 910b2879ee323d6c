import { createConnection } from 'mysql2/promise';
import { expect, it, onTestFinished } from 'vitest';
import { testDatabases } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { makeFleet } from './fleet-world.js';
import { LoadClient } from './load-client.js';
import { type LoadDevice, deviceFields } from './load-plan.js';
import { serveProgram } from './served-program.js';

/** Enough for the eight parts into which a batch is split. */
const FLEET = { users: 24, devicesPerUser: 1 };

it('a row that another session keeps locked fails the pushes of its device, and hardly any others', async () => {
  const kind = testDatabases().find(({ name }) => name === 'mysql');
  if (kind === undefined) throw new Error('there is a MySQL database for tests');
  const store = await openTestStore(kind);
  onTestFinished(() => store.close());
  const devices = await makeFleet(store, store.url, FLEET);
  const { port } = await serveProgram(store.url);
  const client = new LoadClient();
  onTestFinished(() => client.close());
  const push = async ({ number, pathPrefix, headers, books }: LoadDevice): Promise<number> => {
    const fields = { document: books[0]?.document, progress: '1', percentage: 0.5, ...deviceFields(number) };
    const path = `${pathPrefix}/syncs/progress`;
    const { status } = await client.send(port, 'PUT', path, headers, JSON.stringify(fields));
    return status;
  };
  // One after the other: passwords are checked, and everything that a push looks up is cached.
  for (const device of devices) expect(await push(device)).toBe(200);

  const [locked] = devices;
  const session = await createConnection({ uri: store.url });
  onTestFinished(() => session.end());
  await session.query('BEGIN');
  await session.query('SELECT * FROM document_progress WHERE user_id = ? FOR UPDATE', [locked?.userId]);
  const statuses = await Promise.all(devices.map(push));
  expect(statuses[0]).toBe(503);
  const refused = statuses.filter((status) => status !== 200);
  // At most the eighth of the batch in which the row is.
  expect(refused.length).toBeLessThanOrEqual(devices.length / 8);
  await session.query('ROLLBACK');
  expect(await Promise.all(devices.map(push))).toEqual(devices.map(() => 200));
});
