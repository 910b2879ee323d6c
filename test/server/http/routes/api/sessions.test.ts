import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabases } from '../../../../support/databases.js';
import { addUser, type TestUserOptions } from '../kosync/sync-server.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';
import { Browser } from './browser.js';

/** More than 30 days. */
const LONG_AGO_SECONDS = 31 * 24 * 60 * 60;

describe.each(testDatabases())('sessions on $name', (kind) => {
  let server: ApiServer;
  let owner: Caller;
  let count = 0;

  beforeAll(async () => {
    server = await startApiServer(kind);
    owner = await server.caller({ isOwner: true });
  });

  afterAll(() => server.close());

  /** Another user with a password, and a browser in which the user is signed in. */
  async function signedIn(
    options: TestUserOptions = {},
  ): Promise<{ name: string; id: number; browser: Browser }> {
    const name = `reader ${String(++count)}`;
    const { user } = await addUser(server, { name, password: 'first', ...options });
    const browser = new Browser(server.url);
    const { status } = await browser.send('POST', '/sessions', { body: { name, password: 'first' } });
    expect(status).toBe(201);
    return { name, id: user.id, browser };
  }

  const statusOf = async (browser: Browser) => (await browser.send('GET', '/me')).status;

  it('a name and a password begin a session, which the cookie stands for until the user signs out', async () => {
    const { name, id, browser } = await signedIn();
    const me = await browser.send('GET', '/me');
    expect(me).toMatchObject({
      status: 200,
      json: {
        user_id: id,
        name,
        owner: false,
        permissions: ['feature:koreader_sync'],
        api_key_id: null,
        session_id: expect.any(Number) as number,
        has_password: true,
      },
    });
    const list = await browser.send('GET', '/sessions');
    expect(list.json.items).toEqual([
      {
        id: me.json.session_id as number,
        via: 'password',
        browser: 'Firefox 140 on Linux',
        current: true,
        created_at: expect.stringMatching(/Z$/) as string,
        last_used_at: expect.stringMatching(/Z$/) as string,
      },
    ]);
    const { cookie } = browser;
    const out = await browser.send('DELETE', '/sessions/current');
    expect(out.status).toBe(204);
    expect(out.setCookie).toMatch(/^dogear_session_\d+=; .*Max-Age=0/);
    expect(browser.cookie).toBeUndefined();
    // Whoever kept the cookie is signed out as well.
    browser.cookie = cookie;
    expect(await browser.send('GET', '/me')).toMatchObject({
      status: 401,
      json: { code: 'unauthorized', detail: 'The session has ended. Sign in again.' },
    });
  });

  it('every route of the API takes the cookie, and asks for the permissions of its user', async () => {
    const { browser } = await signedIn({ permissions: ['library:manage'] });
    expect((await browser.send('GET', '/libraries')).status).toBe(200);
    expect((await browser.send('GET', '/scans')).status).toBe(200);
    expect(await browser.send('GET', '/users')).toMatchObject({ status: 403, json: { code: 'forbidden' } });
  });

  it('wrong passwords, unknown and disabled users are refused alike', async () => {
    const { name, id } = await signedIn();
    const code = async (body: object) => {
      const { status, json, setCookie } = await new Browser(server.url).send('POST', '/sessions', { body });
      expect(setCookie).toBeUndefined();
      return `${String(status)} ${json.code as string} ${json.detail as string}`;
    };
    const refused = '401 unauthorized These credentials are not valid.';
    expect(await code({ name, password: 'wrong' })).toBe(refused);
    expect(await code({ name: 'nobody', password: 'first' })).toBe(refused);
    await owner.expect(200, 'PATCH', `/users/${String(id)}`, { disabled: true });
    expect(await code({ name, password: 'first' })).toBe(refused);
    expect(await code({ name: '👩‍🚀'.repeat(16), password: 'first' })).toBe(refused);
    expect(await code({ name: '📚'.repeat(64), password: 'first' })).toBe(refused);
    expect(await code({ name: `${name}\u0000`, password: 'first' })).toBe(refused);
    expect(await code({ name, password: '' })).toBe(refused);
    expect(await code({ api_key: 'x' })).toBe(refused);
    expect(await code({ token: 'x' })).toMatch(/^403 link-invalid /);
    expect(await code({ name, password: 'x'.repeat(1001) })).toMatch(/^422 body-invalid /);
    expect(await code({ name })).toMatch(/^422 body-invalid /);
    expect(await code({ name, password: 'first', api_key: 'x' })).toMatch(/^422 body-invalid /);
  });

  it('a user whose name has 64 emoji signs in', async () => {
    const name = '📚'.repeat(64);
    await owner.expect(201, 'POST', '/users', { name, password: 'first' });
    const browser = new Browser(server.url);
    expect((await browser.send('POST', '/sessions', { body: { name, password: 'first' } })).status).toBe(201);
    expect((await browser.send('GET', '/me')).json.name).toBe(name);
  });

  it('forged cookies are refused', async () => {
    const browser = new Browser(server.url);
    for (const value of ['', 'x', 'A'.repeat(43), "' or 1=1; --", 'a'.repeat(2000), '%00', '"quoted"']) {
      browser.cookie = `dogear_session_${new URL(server.url).port}=${value}`;
      expect(await statusOf(browser), value).toBe(401);
    }
    browser.cookie = 'other=1; dogear_session; =; ;;';
    expect(await statusOf(browser)).toBe(401);
  });

  it('the cookie is nothing to the routes of KOReader and of monitoring', async () => {
    const { browser, name } = await signedIn();
    const { cookie = '' } = browser;
    for (const path of ['/users/auth', '/syncs/progress/abc']) {
      expect((await fetch(`${server.url}${path}`, { headers: { cookie } })).status, path).toBe(401);
      // They do not look at the host and the origin either.
      const headers = { cookie, origin: 'https://evil.example', 'x-auth-user': name, 'x-auth-key': 'wrong' };
      expect((await fetch(`${server.url}${path}`, { headers })).status, path).toBe(401);
    }
  });

  it('with an API key: what the key permits at most, until the key is revoked', async () => {
    const { browser: other, id } = await signedIn({ permissions: ['library:scan', 'library:manage'] });
    const added = await owner.expect(201, 'POST', '/api-keys', {
      name: 'k',
      user_id: id,
      permissions: ['library:scan'],
    });
    const key = { id: added.id as number, text: added.key as string };
    const browser = new Browser(server.url);
    expect((await browser.send('POST', '/sessions', { body: { api_key: key.text } })).status).toBe(201);
    const me = await browser.send('GET', '/me');
    expect(me.json).toMatchObject({ user_id: id, api_key_id: key.id, permissions: ['library:scan'] });
    // It neither sees nor ends what the key has nothing to do with.
    const list = await browser.send('GET', '/sessions');
    expect((list.json.items as Json[]).map(({ via }) => via as string)).toEqual(['api-key']);
    const others = await other.send('GET', '/sessions');
    const [password] = others.json.items as Json[];
    expect(others.json.items).toHaveLength(2);
    const ended = await browser.send('DELETE', `/sessions/${String(password.id)}`);
    expect(ended).toMatchObject({ status: 404, json: { code: 'session-not-found' } });
    await owner.call('DELETE', `/api-keys/${String(key.id)}`);
    await expect.poll(() => statusOf(browser), { timeout: 5000 }).toBe(401);
    expect((await other.send('GET', '/sessions')).json.items).toHaveLength(1);
  });

  it('a session ends with a new password, with being disabled, and with its user', async () => {
    const { browser, id, name } = await signedIn();
    const path = `/users/${String(id)}`;
    await owner.call('PUT', `${path}/password`, { password: 'second' });
    expect(await statusOf(browser)).toBe(401);
    const again = await browser.send('POST', '/sessions', { body: { name, password: 'second' } });
    expect(again.status).toBe(201);
    expect((await browser.send('GET', '/sessions')).json.items).toHaveLength(1);
    await owner.expect(200, 'PATCH', path, { disabled: true });
    expect(await statusOf(browser)).toBe(401);
    await owner.expect(200, 'PATCH', path, { disabled: false });
    await owner.call('PUT', `${path}/password`, { password: null });
    expect(await statusOf(browser)).toBe(401);

    const removed = await signedIn();
    expect((await owner.call('DELETE', `/users/${String(removed.id)}`)).status).toBe(204);
    expect(await statusOf(removed.browser)).toBe(401);
    const rows = await server.store.db.selectFrom('session').select('user_id').execute();
    expect(rows.map((row) => Number(row.user_id))).not.toContain(removed.id);
  });

  it('a session ends when a reader changes the password', async () => {
    const { browser, name } = await signedIn();
    const { passwordKeyOf } = await import('../../../../../server/accounts/passwords/password-key.js');
    const response = await fetch(`${server.url}/users/password`, {
      method: 'PUT',
      headers: { 'x-auth-user': name, 'x-auth-key': passwordKeyOf('first') },
      body: JSON.stringify({ password: passwordKeyOf('second') }),
    });
    expect(response.status).toBe(200);
    expect(await statusOf(browser)).toBe(401);
  });

  it('a session that nobody has used for 30 days has ended, and the next sign-in deletes it', async () => {
    const { browser, name } = await signedIn();
    const sessionId = (await browser.send('GET', '/me')).json.session_id as number;
    const nowSeconds = Math.floor(Date.now() / 1000);
    await server.store.db
      .updateTable('session')
      .set({ last_used_s: nowSeconds - LONG_AGO_SECONDS })
      .where('id', '=', sessionId as never)
      .execute();
    await expect.poll(() => statusOf(browser), { timeout: 5000 }).toBe(401);
    await browser.send('POST', '/sessions', { body: { name, password: 'first' } });
    const rows = await server.store.db
      .selectFrom('session')
      .select('id')
      .where('id', '=', sessionId as never)
      .execute();
    expect(rows).toEqual([]);
  });

  it('a user has fifty sessions; one more ends the one that was not used for the longest time', async () => {
    const { browser: first, name, id } = await signedIn();
    const oldest = (await first.send('GET', '/me')).json.session_id as number;
    await server.store.db
      .updateTable('session')
      .set({ last_used_s: Math.floor(Date.now() / 1000) - 3600 })
      .where('user_id', '=', id as never)
      .execute();
    let last = new Browser(server.url);
    for (let i = 0; i < 50; i++) {
      last = new Browser(server.url);
      await last.send('POST', '/sessions', { body: { name, password: 'first' } });
    }
    const { items } = (await last.send('GET', '/sessions?limit=200')).json as { items: readonly Json[] };
    expect(items).toHaveLength(50);
    expect(items.map((item) => item.id as number)).not.toContain(oldest);
    await expect.poll(() => statusOf(first), { timeout: 5000 }).toBe(401);
    expect(await statusOf(last)).toBe(200);
  });

  it('whoever found the key of a reader ends no session of its user', async () => {
    const { browser, id } = await signedIn();
    const added = await owner.expect(201, 'POST', '/api-keys', {
      name: 'k',
      user_id: id,
      permissions: ['feature:koreader_sync'],
    });
    let last = new Browser(server.url);
    for (let i = 0; i < 52; i++) {
      last = new Browser(server.url);
      await last.send('POST', '/sessions', { body: { api_key: added.key as string } });
    }
    // Those of the key are bounded by themselves.
    const { items } = (await last.send('GET', '/sessions?limit=200')).json as { items: readonly Json[] };
    expect(items).toHaveLength(10);
    expect(await statusOf(browser)).toBe(200);
  });

  it('signing out succeeds when the session was ended elsewhere a moment before', async () => {
    const { browser, id } = await signedIn();
    expect(await statusOf(browser)).toBe(200);
    await server.store.db
      .deleteFrom('session')
      .where('user_id', '=', id as never)
      .execute();
    expect((await browser.send('DELETE', '/sessions/current')).status).toBe(204);
  });

  it('a user signs out elsewhere, and everywhere, but cannot end sessions of others', async () => {
    const { browser: here, name } = await signedIn();
    const { browser: stranger } = await signedIn();
    const there = new Browser(server.url);
    const begun = await there.send('POST', '/sessions', { body: { name, password: 'first' } });
    const path = `/sessions/${String(begun.json.id)}`;
    expect(await stranger.send('DELETE', path)).toMatchObject({
      status: 404,
      json: { code: 'session-not-found' },
    });
    expect(await statusOf(there)).toBe(200);
    expect((await here.send('DELETE', path)).status).toBe(204);
    expect(await statusOf(there)).toBe(401);
    await there.send('POST', '/sessions', { body: { name, password: 'first' } });
    const { cookie } = here;
    expect((await there.send('DELETE', '/sessions')).status).toBe(204);
    here.cookie = cookie;
    expect(await statusOf(here)).toBe(401);
    expect(await statusOf(stranger)).toBe(200);
  });

  it('a stream of events ends with its session', async () => {
    const { browser } = await signedIn();
    const { cookie = '' } = browser;
    const stream = await fetch(`${server.url}/api/v1/changes`, { headers: { cookie } });
    expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    await browser.send('DELETE', '/sessions/current');
    // The connection is closed in the middle of the answer, so that the browser asks again and hears why.
    await expect(stream.text()).rejects.toThrow('terminated');
    expect((await fetch(`${server.url}/api/v1/changes`, { headers: { cookie } })).status).toBe(401);
  });

  it('failed logins are throttled together with those of readers', async () => {
    const { name } = await signedIn();
    const from = (address: string) => ({ 'x-forwarded-for': address });
    const attempt = async (password: string, address: string) =>
      new Browser(server.url).send('POST', '/sessions', { body: { name, password }, headers: from(address) });
    // The name is familiar at the address that signed in above, so the guesses come from another one.
    for (let guess = 0; guess < 50; guess++) {
      const headers = {
        ...from('198.51.100.7'),
        'x-auth-user': name,
        'x-auth-key': `guess ${String(guess)}`,
      };
      await fetch(`${server.url}/users/auth`, { headers });
    }
    expect(await attempt('guess', '198.51.100.7')).toMatchObject({
      status: 429,
      json: { code: 'throttled' },
    });
  });
});
