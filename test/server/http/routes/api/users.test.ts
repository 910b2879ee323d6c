import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passwordKeyOf } from '../../../../../server/accounts/passwords/password-key.js';
import { apiKeyId, userId } from '../../../../../server/domain/ids.js';
import type { Permission } from '../../../../../server/domain/permission.js';
import { testDatabases } from '../../../../support/databases.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';

describe.each(testDatabases())('users and API keys over HTTP on $name', (kind) => {
  let server: ApiServer;
  let owner: Caller;

  beforeAll(async () => {
    server = await startApiServer(kind);
    owner = await server.caller({ isOwner: true });
  });

  afterAll(() => server.close());

  /** Logs in as KOReader does. */
  async function login(name: string, password: string): Promise<number> {
    const { status } = await fetch(`${server.url}/users/auth`, {
      // fetch sends one byte for each character.
      headers: {
        'x-auth-user': Buffer.from(name).toString('latin1'),
        'x-auth-key': passwordKeyOf(password),
      },
    });
    return status;
  }

  const manager = (...more: Permission[]) => server.caller({ permissions: ['user:manage', ...more] });

  it('users are added, changed, disabled, and get passwords that readers log in with', async () => {
    const added = await owner.call('POST', '/users', { name: 'Anna Ü. b', password: 'geheim ü' });
    expect(added.status).toBe(201);
    const { id } = added.json as { readonly id: number };
    expect(added.headers.get('location')).toBe(`/api/v1/users/${String(id)}`);
    expect(added.json).toEqual({
      id,
      name: 'Anna Ü. b',
      owner: false,
      permissions: ['feature:koreader_sync'],
      disabled: false,
      has_password: true,
      created_at: expect.stringMatching(/Z$/) as string,
      last_seen_at: null,
      takes_header_of: null,
    });
    const path = `/users/${String(id)}`;
    expect(await login('Anna Ü. b', 'geheim ü')).toBe(200);
    expect((await owner.call('PUT', `${path}/password`, { password: 'other' })).status).toBe(204);
    expect(await login('Anna Ü. b', 'geheim ü')).toBe(401);
    expect(await login('Anna Ü. b', 'other')).toBe(200);
    expect(await owner.expect(200, 'PATCH', path, { disabled: true })).toMatchObject({ disabled: true });
    expect(await login('Anna Ü. b', 'other')).toBe(401);
    expect(
      await owner.expect(200, 'PATCH', path, { disabled: false, permissions: ['library:scan'] }),
    ).toMatchObject({ disabled: false, permissions: ['library:scan'] });
    expect(await login('Anna Ü. b', 'other')).toBe(403);
    expect((await owner.call('PUT', `${path}/password`, { password: null })).status).toBe(204);
    expect(await owner.expect(200, 'GET', path)).toMatchObject({ has_password: false });
    expect(await login('Anna Ü. b', 'other')).toBe(401);
  });

  it('a new name that arrives in a header like another one says from whom it takes the header', async () => {
    const taken = async (name: string) =>
      (await owner.expect(201, 'POST', '/users', { name, password: 'pw' })).takes_header_of;
    expect(await taken('Zoé')).toBe(null);
    expect(await taken('Zoè')).toBe('Zoé');
    // Neither of the two could log in so any more.
    expect(await taken('Zo')).toBe(null);
    // Whoever is called like the header keeps it.
    expect(await taken('Zoê')).toBe(null);
    expect(await taken('Mariä')).toBe(null);
    expect(await taken('Mari')).toBe('Mariä');
    expect(await login('Mari', 'pw')).toBe(200);
    expect(await taken('名前')).toBe(null);
    expect(await taken('花子')).toBe(null);
  });

  it('invalid users are refused', async () => {
    const code = async (body: object) => {
      const { status, json } = await owner.call('POST', '/users', body);
      return `${String(status)} ${(json as { code: string }).code}`;
    };
    expect(await code({ name: 'a:b' })).toBe('422 user-invalid');
    expect(await code({ name: '' })).toBe('422 user-invalid');
    expect(await code({ name: 'x'.repeat(65) })).toBe('422 user-invalid');
    expect(await code({ name: 'a\u202eb' })).toBe('422 user-invalid');
    const jose = await owner.expect(201, 'POST', '/users', { name: 'José'.normalize('NFD') });
    expect(jose.name).toBe('José');
    expect(await code({ name: 'José' })).toBe('409 user-exists');
    expect(await code({ name: owner.name })).toBe('409 user-exists');
    expect(await code({ name: 'pw', password: '' })).toBe('422 password-invalid');
    expect(await code({ name: 'pw', password: 'a\nb' })).toBe('422 password-invalid');
    expect(await code({ name: 'pw', permissions: ['everything'] })).toBe('422 body-invalid');
    const users = await owner.expect(200, 'GET', '/users?limit=200');
    expect((users.items as Json[]).map(({ name }) => name as string)).not.toContain('pw');
  });

  it('callers cannot give away permissions that they lack, nor change users who have more', async () => {
    const admin = await manager('library:scan');
    const lesser = await owner.expect(201, 'POST', '/users', {
      name: 'lesser',
      permissions: ['library:scan'],
    });
    const greater = await owner.expect(201, 'POST', '/users', {
      name: 'greater',
      permissions: ['library:manage'],
    });
    const refused = async (method: string, path: string, body: object) =>
      expect(await admin.expect(403, method, path, body)).toMatchObject({ code: 'permission-not-held' });
    await refused('POST', '/users', { name: 'x', permissions: ['library:manage'] });
    await refused('POST', '/users', { name: 'x' });
    await refused('POST', '/users', { name: 'x', permissions: [], owner: true });
    await refused('PATCH', `/users/${String(lesser.id)}`, { permissions: ['library:manage'] });
    await refused('PATCH', `/users/${String(lesser.id)}`, { owner: true });
    await refused('PATCH', `/users/${String(greater.id)}`, { permissions: [] });
    await refused('PATCH', `/users/${String(greater.id)}`, { disabled: true });
    await refused('PUT', `/users/${String(greater.id)}/password`, { password: 'mine now' });
    await refused('PUT', `/users/${String(owner.userId)}/password`, { password: 'mine now' });
    await refused('PATCH', `/users/${String(owner.userId)}`, { disabled: true });
    await refused('POST', '/api-keys', { name: 'k', user_id: greater.id, permissions: [] });
    await refused('POST', '/api-keys', { name: 'k', user_id: owner.userId, permissions: [] });
    // Not even a permission of the caller, if the user does not have it.
    await refused('POST', '/api-keys', { name: 'k', user_id: lesser.id, permissions: ['user:manage'] });
    await admin.expect(200, 'PATCH', `/users/${String(lesser.id)}`, { permissions: ['user:manage'] });
    await admin.expect(200, 'PATCH', `/users/${String(lesser.id)}`, { disabled: true });
  });

  it('only owners change what belongs to an owner; owners change it also with a lesser key of their own', async () => {
    const other = await server.caller({ isOwner: true, password: 'pw' });
    const headers = { 'x-auth-user': other.name, 'x-auth-key': passwordKeyOf('pw') };
    const body = JSON.stringify({
      document: 'doc',
      progress: 'p',
      percentage: 0.5,
      device: 'd',
      device_id: 'd',
    });
    const push = () => fetch(`${server.url}/syncs/progress`, { method: 'PUT', headers, body });
    expect((await push()).status).toBe(200);
    const { items } = await other.expect(200, 'GET', '/devices');
    const [device] = items as Json[];
    const of = `?user_id=${String(other.userId)}`;
    const [keys] = (await other.expect(200, 'GET', '/api-keys')).items as Json[];
    const changes = [
      ['DELETE', `/progress/doc/positions/${String(device.id)}${of}`],
      ['PATCH', `/devices/${String(device.id)}${of}`, { friendly_name: 'mine' }],
      ['DELETE', `/devices/${String(device.id)}${of}`],
      ['DELETE', `/api-keys/${String(keys.id)}`],
      ['POST', '/api-keys', { name: 'k', user_id: other.userId, permissions: [] }],
    ] as const;
    const strong = await manager(
      'feature:koreader_sync',
      'feature:api_keys',
      'library:manage',
      'library:scan',
    );
    for (const [method, path, change] of changes) {
      expect(await strong.expect(403, method, path, change)).toMatchObject({ code: 'permission-not-held' });
    }
    expect((await strong.expect(200, 'GET', `/devices${of}`)).items).toEqual(items);
    const lesser = await other.expect(201, 'POST', '/api-keys', { name: 'lesser' });
    const own = server.withKey(lesser.key as string);
    for (const caller of [own, owner]) {
      expect((await push()).status).toBe(200);
      for (const [method, path, change] of changes.slice(0, 3)) {
        expect((await caller.call(method, path, change)).status).toBe(method === 'PATCH' ? 200 : 204);
      }
      server.sync.devices.clear();
    }
  });

  it('a key of an owner with fewer permissions cannot do what an owner may', async () => {
    const { key } = await owner.expect(201, 'POST', '/api-keys', {
      name: 'lesser',
      permissions: ['user:manage', 'feature:api_keys'],
    });
    const lesser = server.withKey(key as string);
    expect(await lesser.expect(200, 'GET', '/me')).toMatchObject({
      owner: true,
      permissions: ['feature:api_keys', 'user:manage'],
    });
    expect(await lesser.expect(403, 'POST', '/libraries', {})).toMatchObject({ code: 'forbidden' });
    const notHeld = { code: 'permission-not-held' };
    expect(
      await lesser.expect(403, 'POST', '/users', { name: 'o', permissions: [], owner: true }),
    ).toMatchObject(notHeld);
    expect(
      await lesser.expect(403, 'PUT', `/users/${String(owner.userId)}/password`, { password: 'x' }),
    ).toMatchObject(notHeld);
    expect(
      await lesser.expect(403, 'POST', '/api-keys', { name: 'more', permissions: ['library:manage'] }),
    ).toMatchObject(notHeld);
  });

  it('one owner remains, even when two owners demote each other at the same time', async () => {
    const alone = await startApiServer(kind);
    try {
      const one = await alone.caller({ isOwner: true });
      const own = `/users/${String(one.userId)}`;
      expect(await one.expect(409, 'PATCH', own, { owner: false })).toMatchObject({ code: 'last-owner' });
      expect(await one.expect(409, 'PATCH', own, { disabled: true })).toMatchObject({ code: 'last-owner' });
      const two = await alone.caller({ isOwner: true });
      const answers = await Promise.all([
        one.call('PATCH', `/users/${String(two.userId)}`, { owner: false }),
        two.call('PATCH', own, { disabled: true }),
      ]);
      const statuses = answers.map(({ status }) => status);
      // The second request is refused: its target is the last owner, or its caller is no owner any more.
      expect(statuses.filter((status) => status === 200)).toHaveLength(1);
      expect(statuses.every((status) => [200, 403, 409].includes(status))).toBe(true);
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

  it('a key is shown once, does what it was given, expires, and is revoked at once', async () => {
    const me = await server.caller({ permissions: ['feature:api_keys', 'feature:koreader_sync'] });
    const created = await me.call('POST', '/api-keys', { name: ' Kobo ' });
    const added = created.json as Json;
    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toBe(`/api/v1/api-keys/${String(added.id)}`);
    expect(added).toMatchObject({
      user_id: me.userId,
      name: 'Kobo',
      permissions: ['feature:koreader_sync'],
      expires_at: null,
      last_used_at: null,
      revoked_at: null,
    });
    expect(added.key).toMatch(new RegExp(`^${String(added.prefix)}[a-z2-9]{20}$`));
    const { key: secret, ...listed } = added;
    const list = await me.call('GET', '/api-keys');
    expect((list.json as Json).items).toContainEqual(listed);
    expect(list.text).not.toContain((secret as string).slice(4));
    const kobo = server.withKey(secret as string);
    const own = `/api-keys/${String(added.id)}`;
    expect(await me.expect(200, 'GET', own)).toEqual(listed);
    expect(await kobo.expect(200, 'GET', '/me')).toMatchObject({ permissions: ['feature:koreader_sync'] });
    await expect
      .poll(async () => (await me.expect(200, 'GET', own)).last_used_at as unknown, { timeout: 20_000 })
      .toMatch(/Z$/);
    expect((await kobo.call('GET', '/api-keys')).status).toBe(403);
    expect((await kobo.call('GET', own)).status).toBe(403);
    expect((await me.call('DELETE', `/api-keys/${String(added.id)}`)).status).toBe(204);
    expect((await kobo.call('GET', '/me')).status).toBe(401);
    expect((await me.call('DELETE', `/api-keys/${String(added.id)}`)).status).toBe(204);
    const short = await me.expect(201, 'POST', '/api-keys', {
      name: 'short',
      expires_at: '2099-01-31T00:00:00+02:00',
    });
    expect(short.expires_at).toBe('2099-01-30T22:00:00.000Z');
    const shortLived = server.withKey(short.key as string);
    expect((await shortLived.call('GET', '/me')).status).toBe(200);
    await server.store.db
      .updateTable('api_key')
      .set({ expires_s: Math.floor(Date.now() / 1000) })
      .where('id', '=', apiKeyId(short.id as number))
      .execute();
    await expect
      .poll(async () => (await shortLived.call('GET', '/me')).status, { timeout: 20_000 })
      .toBe(401);
    expect(
      await me.expect(422, 'POST', '/api-keys', { name: 'past', expires_at: '2020-01-01T00:00:00+02:00' }),
    ).toMatchObject({ code: 'api-key-invalid' });
    for (const name of [' ', 'a\u202eb']) {
      const answer = await me.expect(422, 'POST', '/api-keys', { name });
      expect(answer).toMatchObject({ code: 'api-key-invalid' });
    }
    expect(
      await me.expect(422, 'POST', '/api-keys', { name: 'k', expires_at: '2099-02-30T00:00:00Z' }),
    ).toMatchObject({ code: 'body-invalid' });
  });

  it('a key follows its user: what the user loses, the key cannot do', async () => {
    const me = await server.caller({ permissions: ['library:scan', 'library:manage'] });
    await me.expect(200, 'GET', '/scans');
    await owner.expect(200, 'PATCH', `/users/${String(me.userId)}`, { permissions: [] });
    expect((await me.call('GET', '/scans')).status).toBe(403);
    expect(await me.expect(200, 'GET', '/me')).toMatchObject({ permissions: [] });
    await owner.expect(200, 'PATCH', `/users/${String(me.userId)}`, { disabled: true });
    expect((await me.call('GET', '/me')).status).toBe(401);
  });

  it('only callers with user:manage see and revoke the keys of others', async () => {
    const me = await server.caller({ permissions: ['feature:api_keys'] });
    const other = await server.caller({ permissions: ['feature:api_keys'] });
    const { items } = await me.expect(200, 'GET', '/api-keys');
    const [key] = items as Json[];
    expect(await other.expect(404, 'DELETE', `/api-keys/${String(key.id)}`)).toMatchObject({
      code: 'api-key-not-found',
    });
    expect(await other.expect(404, 'GET', `/api-keys/${String(key.id)}`)).toMatchObject({
      code: 'api-key-not-found',
    });
    expect((await other.call('GET', `/api-keys?user_id=${String(me.userId)}`)).status).toBe(403);
    expect((await other.call('POST', '/api-keys', { name: 'k', user_id: me.userId })).status).toBe(403);
    const weak = await manager();
    expect(await weak.expect(403, 'DELETE', `/api-keys/${String(key.id)}`)).toMatchObject({
      code: 'permission-not-held',
    });
    const strong = await manager('feature:api_keys');
    expect(await strong.expect(200, 'GET', `/api-keys?user_id=${String(me.userId)}`)).toMatchObject({
      items: [{ id: key.id as number, user_id: me.userId }],
    });
    expect(await strong.expect(200, 'GET', `/api-keys/${String(key.id)}`)).toMatchObject({
      id: key.id as number,
      user_id: me.userId,
    });
    expect((await strong.call('DELETE', `/api-keys/${String(key.id)}`)).status).toBe(204);
    expect((await me.call('GET', '/me')).status).toBe(401);
  });

  it('a user has a bounded number of keys, and lists have pages', async () => {
    const me = await server.caller({ permissions: ['feature:api_keys'] });
    for (let i = 0; i < 199; i++) {
      await me.expect(201, 'POST', '/api-keys', { name: String(i), permissions: [] });
    }
    expect(await me.expect(409, 'POST', '/api-keys', { name: 'x', permissions: [] })).toMatchObject({
      code: 'api-keys-at-limit',
    });
    const names: string[] = [];
    let cursor: string | null = null;
    do {
      const at: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = await me.expect(200, 'GET', `/api-keys?limit=37${at}`);
      names.push(...(page.items as Json[]).map(({ name }) => name as string));
      cursor = page.next_cursor as string | null;
    } while (cursor !== null);
    expect(names).toEqual(['test', ...Array.from({ length: 199 }, (_, i) => String(i))]);
    const all: string[] = [];
    do {
      const at: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = await owner.expect(200, 'GET', `/users?limit=2${at}`);
      all.push(...(page.items as Json[]).map(({ name }) => name as string));
      cursor = page.next_cursor as string | null;
    } while (cursor !== null);
    expect(all).toEqual(all.toSorted());
    expect(new Set(all).size).toBe(all.length);
    expect(all).toEqual(expect.arrayContaining([owner.name, me.name]));
  });

  it('keys that were revoked long ago are forgotten when a new one is made', async () => {
    const me = await server.caller({ permissions: ['feature:api_keys'] });
    const revoked = Array.from({ length: 210 }, (_, i) => ({
      user_id: userId(me.userId),
      name: `revoked ${String(i)}`,
      prefix: `x${String(me.userId)}-${String(i)}`,
      secret_sha256: randomBytes(32),
      permissions: '',
      created_s: 1,
      revoked_s: 1000 + i,
    }));
    await server.store.db.insertInto('api_key').values(revoked).execute();
    await me.expect(201, 'POST', '/api-keys', { name: 'new', permissions: [] });
    const rows = await server.store.db
      .selectFrom('api_key')
      .select(['name', 'revoked_s'])
      .where('user_id', '=', userId(me.userId))
      .orderBy('id')
      .execute();
    const left = rows.map(({ name }) => name);
    expect(left).toEqual(['test', ...revoked.slice(-200).map(({ name }) => name), 'new']);
  });

  it('guessing keys is throttled by address, but a valid key is accepted', async () => {
    const guess = async (authorization: string) =>
      fetch(`${server.url}/api/v1/me`, { headers: { authorization, 'x-forwarded-for': '192.0.2.77' } });
    let last = 0;
    for (let i = 0; i < 120; i++) {
      const secret = i.toString(2).padStart(24, '0').replaceAll('0', 'a').replaceAll('1', 'b');
      last = (await guess(`Bearer ${secret}`)).status;
    }
    expect(last).toBe(429);
    const throttled = await guess('Bearer nonsense');
    expect(throttled.headers.get('retry-after')).toBe('60');
    expect(throttled.headers.get('content-type')).toBe('application/problem+json');
    expect((await guess(`Bearer ${owner.key}`)).status).toBe(200);
    expect((await guess(`bearer   ${owner.key} `)).status).toBe(200);
    for (const nothing of ['', `Basic ${owner.key}`, owner.key, 'Bearer', 'Bearer a b']) {
      const refused = await guess(nothing);
      expect([nothing, refused.status, refused.headers.get('www-authenticate')]).toEqual([
        nothing,
        401,
        'Bearer realm="Dogear"',
      ]);
    }
  });

  it('no secret is in the log', () => {
    const log = server.logLines.join('\n');
    expect(log).not.toMatch(/geheim|mine now|[a-hjkmnp-z2-9]{24}/);
  });
});
