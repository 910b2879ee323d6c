import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFirstKey } from '../../../../../server/accounts/keys/first-key.js';
import {
  type ConsoleLink,
  makeConsoleLink,
  makeSetupLink,
} from '../../../../../server/accounts/sessions/console-link.js';
import { testDatabases } from '../../../../support/databases.js';
import { type ApiServer, startApiServer } from './api-server.js';
import { Browser } from './browser.js';

describe.each(testDatabases())('setting up the owner on $name', (kind) => {
  let server: ApiServer;
  let browser: Browser;

  beforeEach(async () => {
    server = await startApiServer(kind);
    browser = new Browser(server.url);
  });

  afterEach(() => server.close());

  const needsOwner = async () => (await browser.send('GET', '/start')).json.needs_owner as boolean;
  const post = async (path: string, body: object) => {
    const { status, json } = await browser.send('POST', path, { body });
    return status < 300 ? status : `${String(status)} ${json.code as string}`;
  };

  it('the token makes the owner once, and signs in', async () => {
    expect((await browser.send('GET', '/start')).json).toEqual({ needs_owner: true, koreader_sync: true });
    const token = tokenOf(await makeSetupLink(server.store));
    const other = tokenOf(await makeSetupLink(server.store));
    const check = await browser.send('POST', '/setup/check', { body: { token } });
    expect(check).toMatchObject({ status: 200, json: { owner_name: null } });
    const name = '📚'.repeat(64);
    const setup = await browser.send('POST', '/setup', { body: { token, name, password: 'geheim ü' } });
    expect(setup).toMatchObject({ status: 201, json: { via: 'password', current: true } });
    const me = await browser.send('GET', '/me');
    expect(me.json).toMatchObject({
      name,
      owner: true,
      has_password: true,
      session_id: setup.json.id as number,
    });
    expect(await needsOwner()).toBe(false);
    // All links are void, and none is made any more.
    browser.cookie = undefined;
    for (const used of [token, other, 'x']) {
      expect(await post('/setup/check', { token: used })).toBe('409 owner-exists');
      expect(await post('/setup', { token: used, name: 'eve', password: 'x' })).toBe('409 owner-exists');
    }
    expect(await makeSetupLink(server.store)).toBeUndefined();
    expect(await post('/sessions', { name, password: 'geheim ü' })).toBe(201);
  });

  it('the owner that the first start made gets a name and a password, and keeps the key', async () => {
    const key = (await makeFirstKey(server.store)) ?? '';
    const syncs = async () => (await fetch(`${server.url}/koreader/${key}/users/auth`)).status;
    expect(await syncs()).toBe(200);
    // The key of the reader permits syncing alone, so with it nobody can sign in as an owner.
    expect(await post('/sessions', { api_key: key })).toBe(201);
    expect((await browser.send('GET', '/me')).json).toMatchObject({
      owner: true,
      permissions: ['feature:koreader_sync'],
      has_password: false,
    });
    expect(await post('/users', { name: 'eve', owner: true })).toBe('403 forbidden');
    expect(await needsOwner()).toBe(true);
    browser.cookie = undefined;

    const token = tokenOf(await makeSetupLink(server.store));
    const check = await browser.send('POST', '/setup/check', { body: { token } });
    expect(check.json).toEqual({ owner_name: 'owner' });
    expect(await post('/setup', { token, name: 'José', password: 'pw' })).toBe(201);
    const me = await browser.send('GET', '/me');
    expect(me.json).toMatchObject({ user_id: 1, name: 'José', owner: true });
    expect((await browser.send('GET', '/users')).json.items).toHaveLength(1);
    expect(await syncs()).toBe(200);
    // The password works for readers, too, by what arrives of the name in a header.
    const { passwordKeyOf } = await import('../../../../../server/accounts/passwords/password-key.js');
    const headers = { 'x-auth-user': 'Jos', 'x-auth-key': passwordKeyOf('pw') };
    expect((await fetch(`${server.url}/users/auth`, { headers })).status).toBe(200);
  });

  it('what is wrong with the name or the password can be mended with the same token', async () => {
    const admin = await server.caller({ permissions: ['feature:api_keys'] });
    const token = tokenOf(await makeSetupLink(server.store));
    expect(await post('/setup', { token, name: '📚'.repeat(65), password: 'pw' })).toBe('422 user-invalid');
    expect(await post('/setup', { token, name: 'a:b', password: 'pw' })).toBe('422 user-invalid');
    expect(await post('/setup', { token, name: '', password: 'pw' })).toBe('422 user-invalid');
    expect(await post('/setup', { token, name: 'anna', password: '' })).toBe('422 password-invalid');
    expect(await post('/setup', { token, name: 'anna', password: 'a\nb' })).toBe('422 password-invalid');
    expect(await post('/setup', { token, name: admin.name, password: 'pw' })).toBe('409 user-exists');
    expect(await post('/setup', { token, name: 'anna' })).toBe('422 body-invalid');
    expect(await needsOwner()).toBe(true);
    expect(await post('/setup', { token, name: 'anna', password: 'pw' })).toBe(201);
  });

  it('without the token nobody becomes the owner', async () => {
    await makeFirstKey(server.store);
    const token = tokenOf(await makeSetupLink(server.store));
    const signIn = tokenOf(await makeConsoleLink(server.store, 'owner'));
    const changed = `${token.slice(0, -1)}${token.endsWith('A') ? 'E' : 'A'}`;
    for (const wrong of ['', 'x', 'A'.repeat(43), token.slice(1), changed, token.toLowerCase(), signIn]) {
      expect(await post('/setup/check', { token: wrong })).toBe('403 link-invalid');
      expect(await post('/setup', { token: wrong, name: 'eve', password: 'x' })).toBe('403 link-invalid');
    }
    // Nor does the token of the one kind do what the other one does.
    expect(await post('/sessions', { token })).toBe('403 link-invalid');
    expect(await needsOwner()).toBe(true);
  });

  it('guesses are throttled with failed logins; the right token always works', async () => {
    const token = tokenOf(await makeSetupLink(server.store));
    let last: unknown;
    for (let guess = 0; guess < 101; guess++)
      last = await post('/setup/check', { token: `guess ${String(guess)}` });
    expect(last).toBe('429 throttled');
    expect(await post('/setup', { token, name: 'anna', password: 'pw' })).toBe(201);
  });

  it('a link signs the owner in without a password, and counts as having signed in', async () => {
    await makeFirstKey(server.store);
    const token = tokenOf(await makeConsoleLink(server.store, 'owner'));
    expect(await post('/sessions', { token })).toBe(201);
    expect((await browser.send('GET', '/me')).json).toMatchObject({
      name: 'owner',
      owner: true,
      has_password: false,
    });
    expect((await browser.send('GET', '/sessions')).json.items).toMatchObject([{ via: 'link' }]);
    await expect.poll(needsOwner, { timeout: 10_000 }).toBe(false);
    expect(await makeSetupLink(server.store)).toBeUndefined();
    expect(await makeConsoleLink(server.store, undefined)).toMatchObject({ kind: 'sign-in' });
  });

  it('a link of an owner who was disabled meanwhile is void', async () => {
    const owner = await server.caller({ isOwner: true });
    const second = await server.caller({ isOwner: true });
    const token = tokenOf(await makeConsoleLink(server.store, second.name));
    await owner.expect(200, 'PATCH', `/users/${String(second.userId)}`, { disabled: true });
    expect(await post('/sessions', { token })).toBe('403 link-invalid');
    await expect(makeConsoleLink(server.store, second.name)).rejects.toMatchObject({ code: 'owner-needed' });
    await expect(makeConsoleLink(server.store, 'nobody')).rejects.toMatchObject({ code: 'user-not-found' });
  });
});

function tokenOf(link: ConsoleLink | undefined): string {
  if (link === undefined) throw new Error('there is no link');
  return link.token;
}
