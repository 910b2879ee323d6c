import { type Connection, createConnection } from 'mysql2/promise';
import { expect, it, onTestFinished } from 'vitest';
import { startPrivateMysql } from '../../support/private-mysql.js';
import { serveProgram } from './served-program.js';

const UNKNOWN_KEY = 'dogear_aaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbb';

it('a lock, a lack of connections and a stopped database are named in the log and in /readyz', async () => {
  const mysql = await startPrivateMysql();
  onTestFinished(() => mysql.remove());
  const session = await createConnection({ uri: mysql.url });
  onTestFinished(() => session.destroy());
  await session.query('create database dogear');
  await session.query('use dogear');
  const server = await serveProgram(`${mysql.url}/dogear`);
  const address = `http://127.0.0.1:${String(server.port)}`;
  // Looks the key up.
  const ask = async (): Promise<number> =>
    (await fetch(`${address}/koreader/${UNKNOWN_KEY}/users/auth`)).status;
  expect(await ask()).toBe(401);

  await session.query('lock tables api_key write');
  expect(await ask()).toBe(503);
  await server.output('stderr', /"reason":"(?:row-locked|statement-timeout)".*The database at 127\.0\.0\.1/);
  await session.query('unlock tables');

  await session.query('set global max_connections = 10');
  await closeOthers(session);
  const others = await allConnections(mysql.url);
  expect(await ask()).toBe(503);
  await server.output('stderr', /"reason":"too-many-connections".*Raise its max_connections/);
  await expect
    .poll(async () => (await fetch(`${address}/readyz`)).json(), { timeout: 10_000 })
    .toMatchObject({ reason: 'too-many-connections' });
  for (const other of others) other.destroy();
  await expect.poll(ask, { timeout: 10_000 }).toBe(401);

  await mysql.stop();
  expect(await ask()).toBe(503);
  await server.output('stderr', /"reason":"database-away".*It does not answer/);
  // Each reason once, however many requests have failed.
  expect(server.stderr().match(/"reason":"database-away"/g)?.length).toBeLessThanOrEqual(2);
});

/** Ends all sessions but this one. */
async function closeOthers(session: Connection): Promise<void> {
  const [rows] = await session.query(
    "select id from information_schema.processlist where user = 'dogear' and id <> connection_id()",
  );
  if (!Array.isArray(rows)) return;
  for (const row of rows)
    if ('id' in row) await session.query(`kill ${String(row['id'])}`).catch(() => undefined);
}

/** Opens connections until the server takes no more. */
async function allConnections(uri: string): Promise<readonly Connection[]> {
  const opened: Connection[] = [];
  onTestFinished(() => {
    for (const connection of opened) connection.destroy();
  });
  try {
    while (opened.length < 20) opened.push(await createConnection({ uri }));
  } catch {
    return opened;
  }
  throw new Error('the server takes more connections than it should');
}
