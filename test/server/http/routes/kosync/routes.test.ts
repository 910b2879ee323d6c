import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabases } from '../../../../support/databases.js';
import { addKey, addUser, startTestServer, type TestServer, type TestUser } from './sync-server.js';
import { storedPositions } from '../../../../support/stored-positions.js';

// Part 1 of the protocol: two families of routes with one behaviour.
describe.each(testDatabases())('routes on $name', ({ create }) => {
  let database: TestDatabase;
  let server: TestServer;
  let user: TestUser;
  let key: string;

  beforeAll(async () => {
    database = await create();
    server = await startTestServer(database.url, {
      unknownDocuments: { account: 'store', 'api-key': 'store' },
    });
    user = await addUser(server);
    key = (await addKey(server, user.user.id)).text;
  });

  afterAll(async () => {
    await server.close();
    await database.drop();
  });

  const push = { document: 'routes', progress: '/a', percentage: 0.5, device: 'Kobo', device_id: 'A' };

  it('logs in, pushes, pulls and reports health under both bases', async () => {
    for (const [base, headers] of [
      ['', user.headers],
      [`/koreader/${key}`, {}],
    ] as const) {
      const auth = await server.send('GET', `${base}/users/auth`, { headers });
      expect([auth.status, auth.json]).toEqual([200, { authorized: 'OK' }]);
      const put = await server.send('PUT', `${base}/syncs/progress`, { headers, body: push });
      expect(put.status).toBe(200);
      expect(put.json).toEqual({ document: 'routes', timestamp: expect.any(Number) });
      const get = await server.send('GET', `${base}/syncs/progress/routes`, { headers });
      expect(get.status).toBe(200);
      expect(get.json).toMatchObject(push);
      const health = await server.send('GET', `${base}/healthcheck`);
      expect([health.status, health.json]).toEqual([200, { state: 'OK' }]);
    }
  });

  it('takes the user of an API-key route from the key and ignores x-auth headers', async () => {
    const other = await addUser(server);
    const document = 'whose';
    await server.send('PUT', `/koreader/${key}/syncs/progress`, {
      headers: other.headers,
      body: { ...push, document },
    });
    const mine = await server.send('GET', `/syncs/progress/${document}`, { headers: user.headers });
    expect(mine.json).toMatchObject({ document });
    const others = await server.send('GET', `/syncs/progress/${document}`, { headers: other.headers });
    expect(others.json).toEqual({});
    const wrong = { 'x-auth-user': 'nobody', 'x-auth-key': 'wrong' };
    expect((await server.send('GET', `/koreader/${key}/users/auth`, { headers: wrong })).status).toBe(200);
  });

  it('takes HTTP Basic with the plain password on the account routes', async () => {
    const basic = (password: string) => ({
      authorization: `Basic ${Buffer.from(`${user.user.name}:${password}`).toString('base64')}`,
    });
    expect((await server.send('GET', '/users/auth', { headers: basic(user.password) })).status).toBe(200);
    expect((await server.send('GET', '/users/auth', { headers: basic('other') })).status).toBe(401);
  });

  it('answers registration on API-key routes with 402 and says to choose Login', async () => {
    const reply = await server.send('POST', `/koreader/${key}/users/create`, {
      body: { username: 'x', password: 'y' },
    });
    expect(reply.status).toBe(402);
    expect(reply.json).toMatchObject({ code: 2005, message: expect.stringContaining('Login') });
  });

  it('registers on the account routes with 201 and the name, and the password that was sent logs in', async () => {
    const body = { username: 'newcomer', password: '5f4dcc3b5aa765d61d8327deb882cf99' };
    const reply = await server.send('POST', '/users/create', { body });
    expect([reply.status, reply.json]).toEqual([201, { username: 'newcomer' }]);
    const headers = { 'x-auth-user': body.username, 'x-auth-key': body.password };
    expect((await server.send('GET', '/users/auth', { headers })).status).toBe(200);
    // The MD5 was sent as the password, so the MD5 of the MD5 must not log in.
    const twice = { ...headers, 'x-auth-key': '696d29e0940a4957748fe3fc9efd22a3' };
    expect((await server.send('GET', '/users/auth', { headers: twice })).status).toBe(401);
    const basic = { authorization: `Basic ${Buffer.from('newcomer:password').toString('base64')}` };
    expect((await server.send('GET', '/users/auth', { headers: basic })).status).toBe(200);
    expect((await server.send('PUT', '/syncs/progress', { headers, body: push })).status).toBe(200);
  });

  it('changes a password: the new one works at once, and the old one does not any more', async () => {
    const { headers, user: changing } = await addUser(server);
    expect((await server.send('GET', '/users/auth', { headers })).status).toBe(200);
    const reply = await server.send('PUT', '/users/password', { headers, body: { password: 'new-key' } });
    expect([reply.status, reply.json]).toEqual([200, { updated: true }]);
    expect((await server.send('GET', '/users/auth', { headers })).status).toBe(401);
    const now = { 'x-auth-user': changing.name, 'x-auth-key': 'new-key' };
    expect((await server.send('GET', '/users/auth', { headers: now })).status).toBe(200);
    const stale = await server.send('PUT', '/users/password', { headers, body: { password: 'other' } });
    expect([stale.status, stale.json]).toMatchObject([401, { code: 2001 }]);
    const empty = await server.send('PUT', '/users/password', { headers: now, body: { password: '' } });
    expect([empty.status, empty.json]).toMatchObject([403, { code: 2003 }]);
  });

  it('deletes an account with its progress, and the name is free again', async () => {
    const { headers, user: leaving } = await addUser(server);
    await server.send('PUT', '/syncs/progress', { headers, body: push });
    const own = await addKey(server, leaving.id);
    expect((await server.send('GET', `/koreader/${own.text}/users/auth`)).status).toBe(200);
    const reply = await server.send('DELETE', '/users/me', { headers });
    expect([reply.status, reply.json]).toEqual([200, { deleted: true }]);
    expect((await server.send('GET', '/users/auth', { headers })).status).toBe(401);
    expect((await server.send('GET', `/koreader/${own.text}/users/auth`)).status).toBe(401);
    const body = { username: leaving.name, password: 'again' };
    expect((await server.send('POST', '/users/create', { body })).status).toBe(201);
    const again = { 'x-auth-user': leaving.name, 'x-auth-key': 'again' };
    expect((await server.send('GET', '/syncs/progress/routes', { headers: again })).json).toEqual({});
    const rows = await storedPositions(server.store);
    expect(rows.filter((row) => row.userId === leaving.id)).toEqual([]);
  });

  it('continues an interrupted deletion of an account, and deletes what was pushed meanwhile', async () => {
    const { headers, user: leaving } = await addUser(server);
    await server.send('PUT', '/syncs/progress', { headers, body: push });
    const { db } = server.store;
    const isMysql = server.store.dialect === 'mysql';
    const refusal = isMysql
      ? sql`for each row signal sqlstate '45000'`
      : sql`begin select raise(abort, 'refused by the test'); end`;
    await sql`create trigger refuse before delete on device ${refusal}`.execute(db);
    expect((await server.send('DELETE', '/users/me', { headers })).status).toBe(500);
    await sql`drop trigger refuse`.execute(db);
    // As another server sees it, or this one after some seconds.
    server.accounts.forgetUser(leaving.name);
    const late = sql`insert into device (user_id, device_key, name, first_seen_s, last_seen_s) values (old.id, 'i', '', 0, 0)`;
    const pushed = isMysql ? sql`for each row ${late}` : sql`begin ${late}; end`;
    await sql`create trigger push_under_way before delete on user ${pushed}`.execute(db);
    const reply = await server.send('DELETE', '/users/me', { headers });
    await sql`drop trigger push_under_way`.execute(db);
    expect([reply.status, reply.json]).toEqual([200, { deleted: true }]);
    expect((await server.send('GET', '/users/auth', { headers })).status).toBe(401);
    for (const table of ['document_progress', 'device_progress', 'device'] as const) {
      const rows = await db.selectFrom(table).select('user_id').where('user_id', '=', leaving.id).execute();
      expect(rows).toEqual([]);
    }
  });

  it('does not let a reader delete an owner', async () => {
    const { headers } = await addUser(server, { isOwner: true });
    const reply = await server.send('DELETE', '/users/me', { headers });
    expect([reply.status, reply.json]).toMatchObject([
      403,
      { code: 2016, message: expect.stringContaining('owner') },
    ]);
    expect((await server.send('GET', '/users/auth', { headers })).status).toBe(200);
  });

  it('ignores a slash at the end of the server address', async () => {
    expect((await server.send('GET', `/koreader/${key}//users/auth`)).status).toBe(200);
    expect((await server.send('GET', '//users/auth', { headers: user.headers })).status).toBe(200);
    expect((await server.send('GET', '/healthcheck/')).status).toBe(200);
  });

  it.each(['/', '/koreader', '/koreader/', '/syncs', '/api/v1/nothing', '/users/auth/more'])(
    'answers %s with 404 and a hint',
    async (path) => {
      const reply = await server.send('GET', path, { headers: user.headers });
      expect(reply.status).toBe(404);
      expect(reply.headers['content-type']).toBe('application/json');
      expect(reply.json).toEqual({
        code: expect.any(Number),
        message: expect.stringContaining('/koreader/'),
      });
    },
  );

  it('answers 405 with the allowed methods', async () => {
    const reply = await server.send('POST', '/syncs/progress', { headers: user.headers, body: push });
    expect([reply.status, reply.headers.allow]).toEqual([405, 'PUT']);
    expect(reply.headers['content-type']).toBe('application/json');
    expect(reply.json).toEqual({ code: expect.any(Number), message: expect.any(String) });
  });

  it('answers HEAD like GET, without a body', async () => {
    const reply = await server.send('HEAD', '/healthcheck');
    expect([reply.status, reply.text, reply.headers['content-type']]).toEqual([200, '', 'application/json']);
  });
});

describe('settings of the routes', () => {
  let database: TestDatabase;
  const [sqlite] = testDatabases();

  beforeAll(async () => {
    if (sqlite === undefined) throw new Error('there is no database to test on');
    database = await sqlite.create();
  });

  afterAll(() => database.drop());

  it('serves everything below the base path and nothing beside it', async () => {
    const server = await startTestServer(database.url, { basePath: '/sub/sync' });
    try {
      expect((await server.send('GET', '/sub/sync/healthcheck')).status).toBe(200);
      for (const path of ['/healthcheck', '/sub/syncs/healthcheck', '/sub/sync', '/sub/synchealthcheck']) {
        expect((await server.send('GET', path)).status, path).toBe(404);
      }
    } finally {
      await server.close();
    }
  });

  it('answers 404 on every path of the protocol while syncing is off', async () => {
    const server = await startTestServer(database.url, { koreaderSync: false });
    try {
      const { headers, user } = await addUser(server);
      const { text } = await addKey(server, user.id);
      const body = { document: 'd', progress: 'p', percentage: 0, device: 'x' };
      for (const base of ['', `/koreader/${text}`]) {
        for (const [method, path, send] of [
          ['POST', '/users/create', { body: { username: 'a', password: 'b' } }],
          ['GET', '/users/auth', {}],
          ['PUT', '/syncs/progress', { body }],
          ['GET', '/syncs/progress/d', {}],
          ['GET', '/healthcheck', {}],
          ['PUT', '/users/password', { body: { password: 'b' } }],
          ['DELETE', '/users/me', {}],
        ] as const) {
          const reply = await server.send(method, `${base}${path}`, { headers, ...send });
          expect(reply.status, `${method} ${base}${path}`).toBe(404);
          expect(reply.headers['content-type']).toBe('application/json');
        }
      }
    } finally {
      await server.close();
    }
  });

  it('refuses registration by default settings with 402, 2005', async () => {
    const server = await startTestServer(database.url, { takesRegistrations: false });
    try {
      const reply = await server.send('POST', '/users/create', { body: { username: 'a', password: 'b' } });
      expect([reply.status, reply.json]).toMatchObject([402, { code: 2005 }]);
    } finally {
      await server.close();
    }
  });
});
