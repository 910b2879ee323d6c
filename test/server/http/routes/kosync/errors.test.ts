import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { markApiKeyRevoked } from '../../../../../server/accounts/keys/api-key-repository.js';
import { type TestDatabase, testDatabases } from '../../../../support/databases.js';
import { addKey, addUser, type RequestOptions, startTestServer, type TestServer } from './sync-server.js';

// Part 4 of the protocol: errors, in the form of each family.
describe.each(testDatabases())('errors on $name', ({ create }) => {
  let database: TestDatabase;
  let server: TestServer;
  let account: Readonly<Record<string, string>>;
  let key: string;

  beforeAll(async () => {
    database = await create();
    server = await startTestServer(database.url, {
      unknownDocuments: { account: 'store', 'api-key': 'store' },
    });
    const { headers, user } = await addUser(server);
    account = headers;
    key = (await addKey(server, user.id)).text;
  });

  afterAll(async () => {
    await server.close();
    await database.drop();
  });

  const push = { document: 'd', progress: 'p', percentage: 0.5, device: 'Kobo', device_id: 'A' };

  /** The same push over both families: [account routes, API-key routes]. */
  const both = async (body: NonNullable<RequestOptions['body']>) =>
    Promise.all([
      server.send('PUT', '/syncs/progress', { headers: account, body }),
      server.send('PUT', `/koreader/${key}/syncs/progress`, { body }),
    ]);

  async function expectBoth(
    body: NonNullable<RequestOptions['body']>,
    statuses: readonly [number, number],
    code: number,
  ): Promise<void> {
    const replies = await both(body);
    for (const [i, reply] of replies.entries()) {
      expect(reply.status).toBe(statuses[i]);
      expect(reply.headers['content-type']).toBe('application/json');
      expect(reply.json).toEqual({ code, message: expect.stringMatching(/\w/) });
    }
  }

  describe('401, 2001', () => {
    async function expectUnauthorized(
      path: string,
      headers: Readonly<Record<string, string>>,
    ): Promise<void> {
      for (const [method, rest, options] of [
        ['GET', '/users/auth', {}],
        ['PUT', '/syncs/progress', { body: push }],
        ['GET', '/syncs/progress/d', {}],
      ] as const) {
        const reply = await server.send(method, `${path}${rest}`, { headers, ...options });
        expect([reply.status, reply.json]).toEqual([401, { code: 2001, message: 'Unauthorized' }]);
      }
    }

    it('for missing and wrong credentials of an account', async () => {
      const { 'x-auth-user': user = '', 'x-auth-key': right = '' } = account;
      await expectUnauthorized('', {});
      await expectUnauthorized('', { 'x-auth-user': user });
      await expectUnauthorized('', { 'x-auth-key': right });
      await expectUnauthorized('', { 'x-auth-user': user, 'x-auth-key': right.toUpperCase() });
      await expectUnauthorized('', { 'x-auth-user': `${user}x`, 'x-auth-key': right });
      await expectUnauthorized('', { authorization: 'Bearer x' });
    });

    it('for an unknown API key, and for one with a wrong secret', async () => {
      const wrong = `${key.slice(0, -1)}${key.endsWith('a') ? 'b' : 'a'}`;
      for (const text of ['x', 'dogear_abcdef_x', wrong, key.toUpperCase()]) {
        await expectUnauthorized(`/koreader/${text}`, account);
      }
    });

    it('for a disabled user, by account and by key', async () => {
      const { user, headers } = await addUser(server);
      const own = await addKey(server, user.id);
      expect((await server.send('GET', '/users/auth', { headers })).status).toBe(200);
      expect((await server.send('GET', `/koreader/${own.text}/users/auth`)).status).toBe(200);
      await server.store.db.updateTable('user').set({ is_disabled: 1 }).where('id', '=', user.id).execute();
      server.accounts.forgetUser(user.name);
      await expectUnauthorized('', headers);
      await expectUnauthorized(`/koreader/${own.text}`, {});
    });

    it('for an expired key', async () => {
      const { user } = await addUser(server);
      const now = Math.floor(Date.now() / 1000);
      const expired = await addKey(server, user.id, { expiresSeconds: now - 1 });
      const valid = await addKey(server, user.id, { expiresSeconds: now + 60 });
      await expectUnauthorized(`/koreader/${expired.text}`, {});
      expect((await server.send('GET', `/koreader/${valid.text}/users/auth`)).status).toBe(200);
    });

    it('for a revoked key, within five seconds on a server that has cached it', async () => {
      const { user } = await addUser(server);
      const own = await addKey(server, user.id);
      expect((await server.send('GET', `/koreader/${own.text}/users/auth`)).status).toBe(200);
      // As another server would do it: this server is not notified.
      expect(await markApiKeyRevoked(server.store, own.id)).toBe(true);
      const revoked = performance.now();
      let status = 200;
      while (status === 200 && performance.now() - revoked < 20_000) {
        status = (await server.send('GET', `/koreader/${own.text}/users/auth`)).status;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(status).toBe(401);
      expect(performance.now() - revoked).toBeLessThan(5000);
    });

    it('for a user without a password', async () => {
      const { user, headers } = await addUser(server);
      await server.store.db
        .updateTable('user')
        .set({ password_hash: null })
        .where('id', '=', user.id)
        .execute();
      await expectUnauthorized('', headers);
    });
  });

  it('403 for a key or a user without feature:koreader_sync', async () => {
    const without = await addUser(server, { permissions: ['feature:api_keys', 'library:scan'] });
    const ofUserWithout = await addKey(server, without.user.id);
    const withPermission = await addUser(server);
    const without2 = await addKey(server, withPermission.user.id, { permissions: ['feature:api_keys'] });
    for (const [path, headers] of [
      ['', without.headers],
      // The key has the permission, but its user does not.
      [`/koreader/${ofUserWithout.text}`, {}],
      [`/koreader/${without2.text}`, {}],
    ] as const) {
      for (const [method, rest, options] of [
        ['GET', '/users/auth', {}],
        ['PUT', '/syncs/progress', { body: push }],
        ['GET', '/syncs/progress/d', {}],
      ] as const) {
        const reply = await server.send(method, `${path}${rest}`, { headers, ...options });
        expect([reply.status, reply.json]).toMatchObject([
          403,
          { code: expect.any(Number), message: expect.stringContaining('feature:koreader_sync') },
        ]);
      }
    }
    const owner = await addUser(server, { permissions: [], isOwner: true });
    expect((await server.send('GET', '/users/auth', { headers: owner.headers })).status).toBe(200);
  });

  it('402, 2002 for a name that is taken', async () => {
    const body = { username: 'taken', password: 'x' };
    expect((await server.send('POST', '/users/create', { body })).status).toBe(201);
    const reply = await server.send('POST', '/users/create', { body });
    expect([reply.status, reply.json]).toMatchObject([402, { code: 2002 }]);
    const racing = await Promise.all(
      [1, 2, 3, 4].map(() =>
        server.send('POST', '/users/create', { body: { username: 'race', password: 'x' } }),
      ),
    );
    expect(racing.filter((reply) => reply.status === 201)).toHaveLength(1);
    expect(racing.filter((reply) => reply.status === 402)).toHaveLength(3);
  });

  it.each([
    {},
    { username: 'a' },
    { password: 'a' },
    { username: '', password: 'a' },
    { username: 'a', password: '' },
    { username: 7, password: 'a' },
    { username: 'a', password: ['b'] },
    { username: 'with:colon', password: 'a' },
    { username: ' space', password: 'a' },
    { username: 'turned\u202e', password: 'a' },
    { username: 'x'.repeat(65), password: 'a' },
    { username: 'line\nbreak', password: 'a' },
    { username: 'a', password: 'x'.repeat(129) },
  ])('403, 2003 for a registration like %j', async (body) => {
    const reply = await server.send('POST', '/users/create', { body });
    expect([reply.status, reply.json]).toMatchObject([403, { code: 2003 }]);
  });

  it.each([undefined, null, '', 7, {}, ['d'], true])('403 or 400, 2004 for document %j', async (document) => {
    await expectBoth({ ...push, document }, [403, 400], 2004);
  });

  it.each(['progress', 'percentage', 'device'] as const)('403 or 400, 2003 without %s', async (field) => {
    await expectBoth({ ...push, [field]: undefined }, [403, 400], 2003);
    await expectBoth({ ...push, [field]: null }, [403, 400], 2003);
  });

  it.each([
    { progress: true },
    { progress: ['17'] },
    { progress: { page: 17 } },
    { progress: 'x'.repeat(4097) },
    { progress: 'é'.repeat(2049) },
    { device: false },
    { device: 'x'.repeat(256) },
    { device_id: 'x'.repeat(256) },
    { percentage: 'half' },
    { percentage: '' },
    { percentage: '0x1' },
    { percentage: '5.' },
    { percentage: '1.5' },
    { percentage: `0.${'1'.repeat(63)}` },
    { percentage: true },
    { percentage: -0.0001 },
    { percentage: 1.0001 },
    { percentage: 1e300 },
  ])('403 or 400, 2003 for %j', async (fields) => {
    await expectBoth({ ...push, ...fields }, [403, 400], 2003);
  });

  it('refuses a progress that is no finite number', async () => {
    const body = JSON.stringify(push).replace('"p"', '1e999');
    expect((await both(body)).map(({ status }) => status)).toEqual([403, 400]);
  });

  it.each(['1e999', '-1e999', 'NaN', 'Infinity'])('refuses the percentage %s', async (number) => {
    const body = JSON.stringify(push).replace('0.5', number);
    const replies = await both(body);
    for (const reply of replies) expect(reply.status).toBeGreaterThanOrEqual(400);
    for (const reply of replies) expect(reply.status).toBeLessThan(404);
  });

  it.each(['', ' ', '{', '{"document":', "{'document':'d'}", '{"a":1}}', '\u0000', 'null}', '{"a":01}'])(
    '400, 103 for the body %j',
    async (body) => {
      await expectBoth(body, [400, 400], 103);
    },
  );

  it.each(['null', 'true', '7', '"text"', '[]', '[{"document":"d"}]'])(
    '400, 104 for the body %j',
    async (body) => {
      await expectBoth(body, [400, 400], 104);
    },
  );

  it('accepts a body that is nested as deeply as its size allows', async () => {
    const deep = '['.repeat(30_000) + ']'.repeat(30_000);
    await expectBoth(deep, [400, 400], 104);
    await expectBoth('['.repeat(60_000), [400, 400], 103);
    const nested = '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000);
    const [reply] = await both(
      JSON.stringify({ ...push, document: 'nested' }).replace(/}$/, `,"metadata":${nested}}`),
    );
    expect(reply?.status).toBe(200);
  });

  it('413 for a body over the limit, but not for one at the limit', async () => {
    const at = JSON.stringify({ ...push, fill: '' });
    const fill = 'x'.repeat(65_536 - at.length);
    expect((await both(JSON.stringify({ ...push, fill }))).map((reply) => reply.status)).toEqual([200, 200]);
    for (const reply of await both(JSON.stringify({ ...push, fill: `${fill}x` }))) {
      expect(reply.status).toBe(413);
      expect(reply.json).toEqual({ code: expect.any(Number), message: expect.stringContaining('65536') });
    }
  });
});
