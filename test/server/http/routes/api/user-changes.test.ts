import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addUser } from '../../../../../server/accounts/add-user.js';
import { changeUser } from '../../../../../server/accounts/change-user.js';
import { findUserById } from '../../../../../server/accounts/user-repository.js';
import { passwordKeyOf } from '../../../../../server/accounts/passwords/password-key.js';
import { OPERATOR } from '../../../../../server/domain/actor.js';
import { userId } from '../../../../../server/domain/ids.js';
import { deleteUser } from '../../../../../server/removal/delete-user.js';
import { testDatabases } from '../../../../support/databases.js';
import { connectionLost, openHookedStore } from '../../../../support/hooked-store.js';
import { openTestStore } from '../../../../support/open-test-store.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';
import { Browser } from './browser.js';

describe.each(testDatabases())('a user over HTTP on $name', (kind) => {
  let server: ApiServer;
  let owner: Caller;

  beforeAll(async () => {
    server = await startApiServer(kind);
    owner = await server.caller({ isOwner: true });
  });

  afterAll(() => server.close());

  const headersOf = (name: string, password: string) => ({
    // fetch sends one byte for each character.
    'x-auth-user': Buffer.from(name).toString('latin1'),
    'x-auth-key': passwordKeyOf(password),
  });

  async function login(name: string, password: string): Promise<number> {
    return (await fetch(`${server.url}/users/auth`, { headers: headersOf(name, password) })).status;
  }

  async function push(name: string, password: string, document: string): Promise<number> {
    const body = { document, progress: 'p', percentage: 0.5, device: 'Kobo', device_id: 'A' };
    const reply = await fetch(`${server.url}/syncs/progress`, {
      method: 'PUT',
      headers: headersOf(name, password),
      body: JSON.stringify(body),
    });
    return reply.status;
  }

  const addNamed = async (name: string, more: object = {}): Promise<string> => {
    const { id } = await owner.expect(201, 'POST', '/users', { name, password: 'pw', ...more });
    return `/users/${String(id)}`;
  };

  async function signedIn(name: string, password: string): Promise<Browser> {
    const browser = new Browser(server.url);
    const { status } = await browser.send('POST', '/sessions', { body: { name, password } });
    expect(status).toBe(201);
    return browser;
  }

  const nameIn = async (browser: Browser) => {
    const { status, json } = await browser.send('GET', '/me');
    return status === 200 ? (json.name as string) : String(status);
  };

  const code = async (caller: Caller, method: string, path: string, body?: object): Promise<string> => {
    const { status, json } = await caller.call(method, path, body);
    return status < 300 ? String(status) : `${String(status)} ${(json as Json).code as string}`;
  };

  describe('with a new name', () => {
    it('logs in by it at once and by the old one no more, and keeps keys and positions', async () => {
      const path = await addNamed('anna');
      const id = Number(path.split('/').at(-1));
      const { key } = await owner.expect(201, 'POST', '/api-keys', { name: 'k', user_id: id });
      expect(await push('anna', 'pw', 'doc')).toBe(200);
      expect(await server.withKey(key as string).expect(200, 'GET', '/me')).toMatchObject({ name: 'anna' });
      expect(await owner.expect(200, 'PATCH', path, { name: 'Anna B.' })).toMatchObject({
        id,
        name: 'Anna B.',
        takes_header_of: null,
        permissions: ['feature:koreader_sync'],
        last_seen_at: expect.stringMatching(/Z$/) as string,
      });
      expect(await login('anna', 'pw')).toBe(401);
      expect(await login('Anna B.', 'pw')).toBe(200);
      expect(await server.withKey(key as string).expect(200, 'GET', '/me')).toMatchObject({
        name: 'Anna B.',
      });
      const progress = await server.withKey(key as string).expect(200, 'GET', '/progress/doc');
      expect(progress).toMatchObject({ document: 'doc' });
      // The old name is free.
      await addNamed('anna');
      expect(await login('anna', 'pw')).toBe(200);
    });

    it('stays signed in, and so does everybody else', async () => {
      const path = await addNamed('filipa');
      await addNamed('other reader');
      const [browser, other] = [await signedIn('filipa', 'pw'), await signedIn('other reader', 'pw')];
      await owner.expect(200, 'PATCH', path, { name: 'Filipa' });
      expect(await nameIn(browser)).toBe('Filipa');
      expect(await nameIn(other)).toBe('other reader');
    });

    it('is refused a bad name, and one that somebody else has', async () => {
      const path = await addNamed('berta');
      expect(await code(owner, 'PATCH', path, { name: 'a:b' })).toBe('422 user-invalid');
      expect(await code(owner, 'PATCH', path, { name: '' })).toBe('422 user-invalid');
      expect(await code(owner, 'PATCH', path, { name: owner.name })).toBe('409 user-exists');
      expect(await code(owner, 'PATCH', path, { name: owner.name, disabled: true })).toBe('409 user-exists');
      expect(await owner.expect(200, 'GET', path)).toMatchObject({ name: 'berta', disabled: false });
      expect(await owner.expect(200, 'PATCH', path, { name: 'berta' })).toMatchObject({ name: 'berta' });
      const manager = await server.caller({ permissions: ['user:manage'] });
      const own = `/users/${String(owner.userId)}`;
      expect(await code(manager, 'PATCH', own, { name: 'mine' })).toBe('403 permission-not-held');
    });

    it('says whose name arrives like it in a header from now on', async () => {
      const rename = async (path: string, name: string) =>
        (await owner.expect(200, 'PATCH', path, { name })).takes_header_of as string | null;
      await addNamed('José');
      const other = await addNamed('other');
      expect(await login('José', 'pw')).toBe(200);
      expect(await rename(other, 'Josè')).toBe('José');
      expect(await login('José', 'pw')).toBe(401);
      // Both arrive alike, before and after.
      expect(await rename(other, 'Josê')).toBe(null);
      const third = await addNamed('third');
      expect(await rename(third, 'Josë')).toBe(null);
      expect(await rename(third, 'Jos')).toBe(null);
      expect(await login('Jos', 'pw')).toBe(200);
      // It had the header, and arrives alike now.
      expect(await rename(third, 'Josë')).toBe(null);
      await rename(third, 'Mariä');
      expect(await rename(third, 'Marië')).toBe(null);
      expect(await rename(third, '名前')).toBe(null);
      expect(await rename(other, 'nobody else')).toBe(null);
      expect(await login('José', 'pw')).toBe(200);
    });

    it('of two that get one name at once, one gets it', async () => {
      const paths = [await addNamed('two 1'), await addNamed('two 2')];
      const answers = await Promise.all(paths.map((path) => owner.call('PATCH', path, { name: 'the one' })));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 409)).toHaveLength(1);
    });
  });

  describe('when removed', () => {
    it('leaves nothing behind, and cannot log in any more', async () => {
      const path = await addNamed('carla');
      const id = Number(path.split('/').at(-1));
      const { key } = await owner.expect(201, 'POST', '/api-keys', { name: 'k', user_id: id });
      expect(await push('carla', 'pw', 'doc')).toBe(200);
      expect((await server.withKey(key as string).call('GET', '/me')).status).toBe(200);
      const browser = await signedIn('carla', 'pw');
      expect(await code(owner, 'DELETE', path)).toBe('204');
      expect(await nameIn(browser)).toBe('401');
      expect(await login('carla', 'pw')).toBe(401);
      expect((await server.withKey(key as string).call('GET', '/me')).status).toBe(401);
      for (const table of ['device', 'document_progress', 'api_key', 'session'] as const) {
        const rows = await server.store.db
          .selectFrom(table)
          .select('user_id')
          .where('user_id', '=', userId(id))
          .execute();
        expect([table, rows]).toEqual([table, []]);
      }
      expect(await code(owner, 'DELETE', path)).toBe('404 user-not-found');
      expect(await code(owner, 'GET', path)).toBe('404 user-not-found');
    });

    it('is not removed by somebody who lacks its permissions', async () => {
      const path = await addNamed('dora', { permissions: ['library:scan'] });
      const manager = await server.caller({ permissions: ['user:manage'] });
      expect(await code(manager, 'DELETE', path)).toBe('403 permission-not-held');
      expect(await code(manager, 'DELETE', `/users/${String(owner.userId)}`)).toBe('403 permission-not-held');
      expect(await owner.expect(200, 'GET', path)).toMatchObject({ disabled: false });
      expect(await login('dora', 'pw')).toBe(403);
    });

    it('may be an owner, but not the last one', async () => {
      const alone = await startApiServer(kind);
      try {
        const first = await alone.caller({ isOwner: true });
        const own = `/users/${String(first.userId)}`;
        expect(await code(first, 'DELETE', own)).toBe('409 last-owner');
        expect(await first.expect(200, 'GET', own)).toMatchObject({ owner: true, disabled: false });
        const second = await alone.caller({ isOwner: true });
        const other = `/users/${String(second.userId)}`;
        const statuses = await Promise.all([code(first, 'DELETE', other), code(second, 'DELETE', own)]);
        expect(statuses.filter((status) => status === '204')).toHaveLength(1);
        const owners = await alone.store.db
          .selectFrom('user')
          .select('id')
          .where('is_owner', '=', 1)
          .where('is_disabled', '=', 0)
          .execute();
        expect(owners).toHaveLength(1);
      } finally {
        await alone.close();
      }
    });
  });

  describe('who changes the own password', () => {
    it('has to know the current one', async () => {
      const me = await server.caller({ permissions: ['feature:koreader_sync'], password: 'old' });
      const put = (current_password: string | null, password: string) =>
        code(me, 'PUT', '/me/password', { current_password, password });
      expect(await put('wrong', 'new')).toBe('403 password-wrong');
      expect(await put(null, 'new')).toBe('403 password-wrong');
      expect(await put('old', '')).toBe('422 password-invalid');
      expect(await put('old', 'a\nb')).toBe('422 password-invalid');
      expect(await login(me.name, 'old')).toBe(200);
      expect(await put('old', 'new')).toBe('204');
      expect(await login(me.name, 'old')).toBe(401);
      expect(await login(me.name, 'new')).toBe(200);
      expect(await put('old', 'newer')).toBe('403 password-wrong');
      // The API key goes on.
      expect((await me.call('GET', '/me')).status).toBe(200);
    });

    it('stays signed in, but only in this browser', async () => {
      await addNamed('greta');
      const [browser, other] = [await signedIn('greta', 'pw'), await signedIn('greta', 'pw')];
      const put = (current_password: string, password: string) =>
        browser.send('PUT', '/me/password', { body: { current_password, password } });
      expect(await put('wrong', 'new')).toMatchObject({ status: 403, json: { code: 'password-wrong' } });
      expect([await nameIn(browser), await nameIn(other)]).toEqual(['greta', 'greta']);
      expect(await put('pw', 'new')).toMatchObject({ status: 204 });
      expect([await nameIn(browser), await nameIn(other)]).toEqual(['greta', '401']);
      expect(await put('new', 'newer')).toMatchObject({ status: 204 });
      expect(await nameIn(browser)).toBe('greta');
      expect(await nameIn(await signedIn('greta', 'newer'))).toBe('greta');
    });

    it('may set the first one with a key that gives nothing away by it', async () => {
      const put = (caller: Caller, current_password: string | null) =>
        code(caller, 'PUT', '/me/password', { current_password, password: 'first' });
      const reader = await server.caller({ permissions: ['feature:koreader_sync'] });
      expect(await put(reader, null)).toBe('403 forbidden');
      const more = ['feature:koreader_sync', 'feature:api_keys', 'library:scan'] as const;
      const lesser = await server.caller({ permissions: more, keyPermissions: ['feature:api_keys'] });
      expect(await put(lesser, null)).toBe('403 permission-not-held');
      const boss = await server.caller({ isOwner: true, keyPermissions: ['user:manage'] });
      expect(await put(boss, null)).toBe('403 permission-not-held');
      const full = await server.caller({ permissions: more });
      expect(await put(full, 'something')).toBe('403 password-wrong');
      expect(await put(full, null)).toBe('204');
      expect(await login(full.name, 'first')).toBe(200);
      // The same in a browser that was signed in with the key.
      const another = await server.caller({ permissions: more });
      const browser = new Browser(server.url);
      await browser.send('POST', '/sessions', { body: { api_key: another.key } });
      const body = { current_password: null, password: 'first' };
      expect(await browser.send('PUT', '/me/password', { body })).toMatchObject({ status: 204 });
      expect(await nameIn(browser)).toBe(another.name);
      expect(await put(full, null)).toBe('403 password-wrong');
    });

    it('is throttled like every login, by address and by name', async () => {
      const me = await server.caller({ permissions: ['feature:koreader_sync'], password: 'old' });
      const guess = async (current_password: string, address: string) => {
        const { status } = await fetch(`${server.url}/api/v1/me/password`, {
          method: 'PUT',
          headers: { authorization: `Bearer ${me.key}`, 'x-forwarded-for': address },
          body: JSON.stringify({ current_password, password: 'mine' }),
        });
        return status;
      };
      const statuses: number[] = [];
      for (let i = 0; i < 55; i++)
        statuses.push(await guess(`guess ${String(i)}`, `198.51.100.${String(i)}`));
      expect(statuses.slice(0, 50)).toEqual(Array<number>(50).fill(403));
      expect(statuses.at(-1)).toBe(429);
    });
  });

  it('was last seen when one of its devices pushed last', async () => {
    const path = await addNamed('emma');
    const id = Number(path.split('/').at(-1));
    expect(await owner.expect(200, 'GET', path)).toMatchObject({ last_seen_at: null });
    await server.store.db
      .insertInto('device')
      .values(
        [1_000_000, 2_000_000].map((seen) => ({
          user_id: userId(id),
          device_key: Buffer.from(`i${String(seen)}`),
          name: Buffer.from('Kobo'),
          friendly_name: null,
          first_seen_s: 1,
          last_seen_s: seen,
        })),
      )
      .execute();
    const seen = { id, last_seen_at: '1970-01-24T03:33:20.000Z' };
    expect(await owner.expect(200, 'GET', path)).toMatchObject(seen);
    const { items } = await owner.expect(200, 'GET', '/users?limit=200');
    expect(items).toContainEqual(expect.objectContaining(seen));
    expect(items).toContainEqual(expect.objectContaining({ id: owner.userId, last_seen_at: null }));
  });

  it('no secret is in the log', () => {
    expect(server.logLines.join('\n')).not.toMatch(/guess|newer|first/);
  });
});

describe.each(testDatabases())('changes of a user whose commit is not answered, on $name,', (kind) => {
  it('are made once, and a removal that failed is continued', async () => {
    const store = await openTestStore(kind);
    let commits = 0;
    let failing = 0;
    const unlucky = openHookedStore(store.url, {
      // The answer to every other commit is lost.
      afterCommit: () => {
        if (commits++ % 2 === 0) throw connectionLost();
      },
      beforeStatement: (text) => {
        if (/select .*progress/.test(text) && failing-- > 0) throw new Error('refused by the test');
      },
    });
    const user = { password: undefined, permissions: new Set<never>(), isOwner: false };
    await addUser(store, OPERATOR, { ...user, name: 'José' });
    const { id } = await addUser(store, OPERATOR, { ...user, name: 'other' });
    expect(await changeUser(unlucky, OPERATOR, id, { name: 'Josè' })).toMatchObject({
      name: 'Josè',
      formerName: 'other',
      takesHeaderOf: 'José',
    });
    failing = 1;
    await expect(deleteUser(unlucky, OPERATOR, id)).rejects.toThrow('refused by the test');
    expect(await findUserById(store, id)).toMatchObject({ isDisabled: true });
    await deleteUser(unlucky, OPERATOR, id);
    expect(await findUserById(store, id)).toBeUndefined();
    await unlucky.close();
    await store.close();
  });
});
