import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { testDatabases } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { startProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

async function served(url: string, ...settings: readonly string[]) {
  const { path: cwd } = await temporaryFolder();
  const sets = settings.flatMap((setting) => ['--set', setting]);
  const program = startProgram(
    ['serve', '--host', '127.0.0.1', '--port', '0', '--database', url, '--set', 'log.format=json', ...sets],
    { cwd },
  );
  const [, address = ''] = await program.output('stderr', /"address":"([^"]+)"/);
  return { program, address };
}

describe.each(testDatabases())('the routes for monitoring on $name', (kind) => {
  it.each([1, 2])('answer with %i listening threads', async (listeners) => {
    const store = await openTestStore(kind);
    const { program, address } = await served(
      store.url,
      `server.listeners=${String(listeners)}`,
      'enable_koreader_sync=true',
      'server.base_url=/sub/path',
      'engine.reads=system-calls',
    );
    expect(program.stderr().match(/"reads":"[^"]*"/g)).toEqual(['"reads":"system-calls"']);
    expect(address).toMatch(/\/sub\/path$/);
    expect((await fetch(`${address}/livez`)).status).toBe(200);
    expect(await (await fetch(`${address}/readyz`)).json()).toEqual({ status: 'ready' });
    const health = await Promise.all(Array.from({ length: 20 }, () => fetch(`${address}/healthcheck`)));
    for (const answer of health) expect(answer.headers.get('content-type')).toBe('application/json');
    const metrics = await fetch(`${address}/metrics`);
    expect(metrics.headers.get('content-type')).toMatch(/^text\/plain/);
    const text = await metrics.text();
    // The sum over all threads, whichever of them answers.
    expect(text).toContain('dogear_http_requests_total{route="GET /healthcheck",status="200"} 20\n');
    expect(text).toMatch(/^dogear_http_request_duration_seconds_bucket\{/m);
    expect(text).toMatch(/^dogear_pushes_waiting 0$/m);
    expect((await fetch(address.replace('/sub/path', '/livez'))).status).toBe(404);
    program.send('SIGTERM');
    expect((await program.result).exitCode).toBe(0);
    await store.close();
  });

  it('refuse metrics to other machines, also through a proxy on this machine', async () => {
    const store = await openTestStore(kind);
    const { program, address } = await served(store.url);
    const passedOn = await fetch(`${address}/metrics`, { headers: { 'x-forwarded-for': '203.0.113.9' } });
    expect(passedOn.status).toBe(403);
    const withKey = await fetch(`${address}/metrics`, {
      headers: {
        'x-forwarded-for': '203.0.113.9',
        authorization: 'Bearer dogear_aaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbb',
      },
    });
    expect(withKey.status).toBe(403);
    program.send('SIGINT');
    expect((await program.result).exitCode).toBe(0);
    await store.close();
  });

  it('say that a newer version has migrated the database, and every other request is answered with 503', async () => {
    const store = await openTestStore(kind);
    const { program, address } = await served(store.url, 'enable_koreader_sync=true');
    await sql`insert into schema_migration (name, timestamp) values ('9999-later', '')`.execute(store.db);
    await program.output('stderr', /a newer version of Dogear has migrated the database/);
    for (const path of ['/users/auth', '/syncs/progress/x', '/koreader/x/users/auth', '/api/v1/libraries']) {
      const reply = await fetch(`${address}${path}`);
      expect([path, reply.status]).toEqual([path, 503]);
      expect(reply.headers.get('retry-after')).toBe('5');
    }
    const ready = await fetch(`${address}/readyz`);
    expect([ready.status, await ready.json()]).toMatchObject([503, { reason: 'schema-newer' }]);
    program.send('SIGTERM');
    expect((await program.result).exitCode).toBe(0);
    await store.close();
  });

  it('do not include the sync routes until syncing is switched on', async () => {
    const store = await openTestStore(kind);
    const { program, address } = await served(store.url);
    for (const path of ['/healthcheck', '/users/auth', '/koreader/x/users/auth', '/syncs/progress/x']) {
      expect((await fetch(`${address}${path}`)).status).toBe(404);
    }
    program.send('SIGTERM');
    await program.result;
    await store.close();
  });
});
