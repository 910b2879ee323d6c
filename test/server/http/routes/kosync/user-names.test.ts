import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addUser as addByOperator } from '../../../../../server/accounts/add-user.js';
import { passwordKeyOf } from '../../../../../server/accounts/passwords/password-key.js';
import { headerFormOf } from '../../../../../server/accounts/user-name.js';
import { OPERATOR } from '../../../../../server/domain/actor.js';
import { type TestDatabase, testDatabases } from '../../../../support/databases.js';
import { addKey, startTestServer, type TestServer } from './sync-server.js';

const CUT = {
  code: 2001,
  message:
    'Unauthorized. This user name does not arrive whole from a reader. Use the address of Dogear followed by /koreader/ and an API key.',
};
const UNAUTHORIZED = { code: 2001, message: 'Unauthorized' };

describe.each(testDatabases())('names in every language on $name', ({ create }) => {
  let database: TestDatabase;
  let server: TestServer;

  beforeAll(async () => {
    database = await create();
    server = await startTestServer(database.url, {
      trustedProxies: ['127.0.0.1'],
      unknownDocuments: { account: 'store', 'api-key': 'store' },
    });
  });

  afterAll(async () => {
    await server.close();
    await database.drop();
  });

  /** As KOReader sends them: the bytes of the name in UTF-8. Node.js takes one character for each byte. */
  const readerHeaders = (name: string, password: string) => ({
    'x-auth-user': Buffer.from(name).toString('latin1'),
    'x-auth-key': passwordKeyOf(password),
  });
  const basic = (name: string, password: string) => ({
    authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
  });
  const login = async (headers: Readonly<Record<string, string>>) => {
    const { status, json } = await server.send('GET', '/users/auth', { headers });
    return status === 200 ? 200 : { status, json };
  };
  const register = async (username: unknown, password: string) => {
    const body = { username, password: passwordKeyOf(password) };
    const { status, json } = await server.send('POST', '/users/create', { body });
    return { status, json };
  };
  const refused = (json: object) => ({ status: 401, json });
  /** As over the management API. */
  const add = async (name: string, password: string) => {
    const permissions = new Set(['feature:koreader_sync'] as const);
    const user = await addByOperator(server.store, OPERATOR, { name, password, permissions, isOwner: false });
    server.accounts.forgetUser(name);
    return user;
  };

  it.each(['José', 'Zoë', 'Łukasz', 'Ærø Skøb', 'Anna Ü. b'])(
    '%s registers, and logs in with the header that its reader sends and with Basic credentials',
    async (name) => {
      expect(await register(name, 'pw')).toEqual({ status: 201, json: { username: name } });
      expect(await login(readerHeaders(name, 'pw'))).toBe(200);
      expect(await login(readerHeaders(headerFormOf(name), 'pw'))).toBe(200);
      expect(await login(basic(name, 'pw'))).toBe(200);
      expect(await login(basic(name.normalize('NFD'), 'pw'))).toBe(200);
      expect(await login(readerHeaders(name, 'other'))).toEqual(refused(UNAUTHORIZED));
      expect(await register(name.normalize('NFD'), 'other')).toMatchObject({ status: 402 });
      // The cut form is no name: Basic credentials arrive whole.
      if (headerFormOf(name) !== name) {
        expect(await login(basic(headerFormOf(name), 'pw'))).toEqual(refused(UNAUTHORIZED));
      }
      const push = { document: 'd', progress: name, percentage: 0.5, device: 'Kobo', device_id: 'A' };
      // With a text Node.js would send the headers in UTF-8 once more.
      const body = Buffer.from(JSON.stringify(push));
      const headers = readerHeaders(name, 'pw');
      expect((await server.send('PUT', '/syncs/progress', { headers, body })).status).toBe(200);
      const pulled = await server.send('GET', '/syncs/progress/d', { headers: basic(name, 'pw') });
      expect(pulled.json).toMatchObject({ progress: name });
    },
  );

  it('a name of which nothing arrives works with Basic credentials and with a key; its header says so', async () => {
    expect(await register('名前', 'pw')).toEqual({ status: 201, json: { username: '名前' } });
    expect(await register('Борис', 'pw')).toMatchObject({ status: 201 });
    expect(await login(basic('名前', 'pw'))).toBe(200);
    expect(await login(readerHeaders('名前', 'pw'))).toEqual(refused(CUT));
    expect(await login({ ...readerHeaders('名前', 'pw'), ...basic('名前', 'pw') })).toBe(200);
    expect(await login({ 'x-auth-key': passwordKeyOf('pw') })).toEqual(refused(UNAUTHORIZED));
    const { id } = await add('花子', 'pw');
    const { text } = await addKey(server, id);
    expect((await server.send('GET', `/koreader/${text}/users/auth`)).status).toBe(200);
  });

  it('a name that arrives like that of another user is not taken for it, even with the same password', async () => {
    await add('Renée', 'pw');
    await add('René', 'pw');
    // "Renée" arrives whole.
    expect(await login(readerHeaders('Renée', 'pw'))).toBe(200);
    expect(await login(readerHeaders('René', 'pw'))).toBe(200);
    await add('Renë', 'pw');
    for (const name of ['René', 'Renë']) {
      expect(await login(readerHeaders(name, 'pw'))).toEqual(refused(CUT));
      expect(await login(basic(name, 'pw'))).toBe(200);
    }
    // Who is called so is meant by the header. The others hear why their password does not help.
    await add('Ren', 'own');
    expect(await login(readerHeaders('Ren', 'own'))).toBe(200);
    expect(await login(readerHeaders('René', 'pw'))).toEqual(refused(CUT));
    expect(await login(basic('Ren', 'own'))).toBe(200);
    await server.store.db.deleteFrom('user').where('name', 'in', ['Ren', 'Renë']).execute();
    for (const name of ['Ren', 'Renë']) server.accounts.forgetUser(name);
    expect(await login(readerHeaders('René', 'pw'))).toBe(200);
  });

  it('nobody takes the header away from a user by registering a name that arrives alike', async () => {
    await register('Ann', 'pw');
    await register('Jürgenß', 'pw');
    for (const name of ['Anné', 'éAnn', 'Jürgen', 'Jürgené']) {
      expect([name, await register(name, 'x')]).toMatchObject([name, { status: 402, json: { code: 2002 } }]);
    }
    expect(await login(readerHeaders('Jürgenß', 'pw'))).toBe(200);
    expect(await login(readerHeaders('Ann', 'pw'))).toBe(200);
  });

  it.each(['a:b', 'a\u0000', 'a\u0085', 'a\u202eb', ' a', '', ' ', 'a'.repeat(65), 7, null])(
    'the name %j is refused',
    async (username) => {
      expect(await register(username, 'pw')).toMatchObject({ status: 403, json: { code: 2003 } });
    },
  );

  it('failed logins in the header and in Basic credentials count together', async () => {
    await add('Ségolène É', 'pw');
    const statuses: number[] = [];
    for (let i = 0; i < 60; i++) {
      const credentials = i % 2 === 0 ? basic : readerHeaders;
      const headers = {
        ...credentials('Ségolène É', `guess ${String(i)}`),
        'x-forwarded-for': `198.51.100.${String(i)}`,
      };
      statuses.push((await server.send('GET', '/users/auth', { headers })).status);
    }
    expect(statuses.slice(0, 50)).toEqual(Array<number>(50).fill(401));
    expect(statuses.slice(50)).toEqual(Array<number>(10).fill(429));
  });

  it('whoever logs in with a cut name changes the password and deletes the account of the right user', async () => {
    await register('Chloé', 'old');
    const headers = readerHeaders('Chloé', 'old');
    const body = Buffer.from(JSON.stringify({ password: passwordKeyOf('new') }));
    const changed = await server.send('PUT', '/users/password', { headers, body });
    expect([changed.status, changed.json]).toEqual([200, { updated: true }]);
    expect(await login(readerHeaders('Chloé', 'new'))).toBe(200);
    expect(await login(basic('Chloé', 'new'))).toBe(200);
    expect(await login(headers)).toEqual(refused(UNAUTHORIZED));
    const gone = await server.send('DELETE', '/users/me', { headers: readerHeaders('Chloé', 'new') });
    expect(gone.status).toBe(200);
    expect(await login(readerHeaders('Chloé', 'new'))).toEqual(refused(UNAUTHORIZED));
  });
});
