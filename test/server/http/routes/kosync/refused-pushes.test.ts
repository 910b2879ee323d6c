import { sql } from 'kysely';
import { expect, it, onTestFinished } from 'vitest';
import { isStatementRefused } from '../../../../../server/database/database-error.js';
import { testDatabases } from '../../../../support/databases.js';
import { addUser, startTestServer } from './sync-server.js';

/** Sent at the same time, so that some share a batch. */
const PUSHES = 200;

it.each(testDatabases())(
  'pushes without their table on $name are refused together and logged once a second',
  async ({ create }) => {
    const database = await create();
    const server = await startTestServer(database.url);
    onTestFinished(async () => {
      await server.close();
      await database.drop();
    });
    const { headers } = await addUser(server);
    expect((await server.send('GET', '/users/auth', { headers })).status).toBe(200);
    await sql`drop table document_progress`.execute(server.store.db);
    const missing: unknown = await sql`select 1 from document_progress`
      .execute(server.store.db)
      .catch((e: unknown) => e);
    expect(isStatementRefused(missing)).toBe(true);
    const body = { progress: '1', percentage: 0.5, device: 'Kobo', device_id: 'A' };
    const started = performance.now();
    const replies = await Promise.all(
      Array.from({ length: PUSHES }, (_none, i) =>
        server.send('PUT', '/syncs/progress', { headers, body: { ...body, document: `d${String(i)}` } }),
      ),
    );
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([500]));
    const seconds = (performance.now() - started) / 1000;
    const logged = server.logLines.filter((line) => line.includes('refused by the database'));
    // A line for the first, and then one a second, with the number of refusals since the last line.
    expect(logged.length).toBeGreaterThan(0);
    expect(logged.length).toBeLessThanOrEqual(1 + seconds);
  },
);
