import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { markApiKeyRevoked } from '../../../../../server/accounts/keys/api-key-repository.js';
import { hashOfSecret } from '../../../../../server/accounts/keys/api-key-secret.js';
import { loginTextsOf } from '../../../../../server/accounts/login-name.js';
import { updateUser } from '../../../../../server/accounts/user-repository.js';
import { passwordKeyOf } from '../../../../../server/accounts/passwords/password-key.js';
import { hashPasswordKey } from '../../../../../server/accounts/passwords/scrypt-hash.js';
import { type TestDatabase, testDatabases } from '../../../../support/databases.js';
import { addKey, addUser, startTestServer, type TestServer } from './sync-server.js';

/** After which a server that has just started remembers for longer: see MarkWatch. */
const TRUSTED_MS = 11_000;
/** Within which a server notices what another one has changed. */
const NOTICED_MS = 4000;

describe.each(testDatabases())('credentials on $name', ({ create }) => {
  let database: TestDatabase;
  let server: TestServer;

  beforeAll(async () => {
    database = await create();
  });

  afterAll(() => database.drop());

  /** Each test starts with empty counters. */
  async function withServer(work: () => Promise<void>): Promise<void> {
    server = await startTestServer(database.url, {
      trustedProxies: ['127.0.0.1'],
      unknownDocuments: { account: 'store', 'api-key': 'store' },
    });
    try {
      await work();
    } finally {
      await server.close();
    }
  }

  const from = (address: string) => ({ 'x-forwarded-for': address });
  const push = { document: 'd', progress: 'p', percentage: 0.5, device: 'Kobo', device_id: 'A' };

  async function statusesOf(
    times: number,
    request: (i: number) => { readonly path?: string; readonly headers: Readonly<Record<string, string>> },
  ): Promise<number[]> {
    const statuses: number[] = [];
    for (let i = 0; i < times; i++) {
      const { path = '/users/auth', headers } = request(i);
      statuses.push((await server.send('GET', path, { headers })).status);
    }
    return statuses;
  }

  it('throttles an address that guesses API keys, but no valid key from that address', () =>
    withServer(async () => {
      const { user } = await addUser(server);
      const valid = await addKey(server, user.id);
      const guesses = await statusesOf(120, (i) => ({
        path: `/koreader/guess-${String(i)}/users/auth`,
        headers: from('192.0.2.1'),
      }));
      expect(guesses.slice(0, 100)).toEqual(Array<number>(100).fill(401));
      expect(guesses.slice(100)).toEqual(Array<number>(20).fill(429));
      const path = `/koreader/${valid.text}/syncs/progress`;
      const reply = await server.send('PUT', path, { headers: from('192.0.2.1'), body: push });
      expect(reply.status).toBe(200);
      // The client controls the entries before the proxy's; the throttle counts the address that the proxy saw.
      const forged = await statusesOf(1, () => ({
        path: '/koreader/guess/users/auth',
        headers: from('203.0.113.5, 192.0.2.1'),
      }));
      expect(forged).toEqual([429]);
      const elsewhere = await statusesOf(1, () => ({
        path: '/koreader/guess/users/auth',
        headers: from('192.0.2.2'),
      }));
      expect(elsewhere).toEqual([401]);
    }));

  it('throttles logins for a name that many addresses guess at, but no valid login for it', () =>
    withServer(async () => {
      const { headers, user } = await addUser(server);
      const newcomer = await addUser(server);
      const guesses = await statusesOf(55, (i) => ({
        headers: { ...headers, 'x-auth-key': `guess-${String(i)}`, ...from(`198.51.100.${String(i)}`) },
      }));
      expect(guesses.slice(0, 50)).toEqual(Array<number>(50).fill(401));
      expect(guesses.slice(50)).toEqual(Array<number>(5).fill(429));
      // Not cached, so it is checked although the address is throttled.
      const valid = await server.send('PUT', '/syncs/progress', {
        headers: { ...headers, ...from('203.0.113.1') },
        body: push,
      });
      expect(valid.status).toBe(200);
      const burst = await Promise.all(
        Array.from({ length: 50 }, () => server.send('PUT', '/syncs/progress', { headers, body: push })),
      );
      expect(burst.filter((reply) => reply.status === 200)).toHaveLength(50);
      expect((await server.send('GET', '/users/auth', { headers: newcomer.headers })).status).toBe(200);
      const flood = await Promise.all(
        Array.from({ length: 30 }, (_, i) =>
          server.send('GET', '/users/auth', { headers: { ...headers, 'x-auth-key': `flood-${String(i)}` } }),
        ),
      );
      expect(new Set(flood.map((reply) => reply.status))).toEqual(new Set([429]));
      expect(flood[0]?.headers['retry-after']).toBeDefined();
      expect(user.name).not.toBe(newcomer.user.name);
    }));

  it('counts a reader with wrong credentials once, and does not slow down others at its address', () =>
    withServer(async () => {
      const gateway = from('192.0.2.1');
      const outdated = await addUser(server);
      const disabled = await addUser(server);
      await server.store.db
        .updateTable('user')
        .set({ is_disabled: 1 })
        .where('id', '=', disabled.user.id)
        .execute();
      const old = { ...outdated.headers, 'x-auth-key': 'an old password' };
      const statuses = [
        ...(await statusesOf(60, () => ({ headers: { ...old, ...gateway } }))),
        ...(await statusesOf(60, () => ({ headers: { ...disabled.headers, ...gateway } }))),
        ...(await statusesOf(60, () => ({ headers: { ...old, 'x-auth-user': 'nobody', ...gateway } }))),
        ...(await statusesOf(60, () => ({ path: '/koreader/mistyped/users/auth', headers: gateway }))),
      ];
      expect(new Set(statuses)).toEqual(new Set([401]));
      const neighbours = await Promise.all(Array.from({ length: 8 }, () => addUser(server)));
      const pushes = await Promise.all(
        neighbours.map(({ headers }) =>
          server.send('PUT', '/syncs/progress', { headers: { ...headers, ...gateway }, body: push }),
        ),
      );
      expect(pushes.map(({ status }) => status)).toEqual(Array<number>(8).fill(200));
    }));

  it('lets a reader in from an address where it logged in before, while others guess at its name', () =>
    withServer(async () => {
      const { headers, user } = await addUser(server);
      const home = from('192.0.2.1');
      const login = (key: string, address: Readonly<Record<string, string>>) =>
        server.send('GET', '/users/auth', { headers: { ...headers, 'x-auth-key': key, ...address } });
      expect((await server.send('GET', '/users/auth', { headers: { ...headers, ...home } })).status).toBe(
        200,
      );
      await statusesOf(50, (i) => ({
        headers: { ...headers, 'x-auth-key': `guess-${String(i)}`, ...from(`198.51.100.${String(i)}`) },
      }));
      // A new password is not cached, so it has to be checked.
      const key = passwordKeyOf('new password');
      const change = { password_hash: await hashPasswordKey(key) };
      await server.store.db.updateTable('user').set(change).where('id', '=', user.id).execute();
      const guesses = Array.from({ length: 6 }, (_, i) => login(`more-${String(i)}`, from('198.51.100.99')));
      await Promise.race(guesses);
      expect((await login(key, home)).status).toBe(200);
      expect(new Set((await Promise.all(guesses)).map(({ status }) => status))).toEqual(new Set([429]));

      // Guessing from the address of the reader's own gateway is throttled all the same.
      const nearby = await statusesOf(8, (i) => ({
        headers: { ...headers, 'x-auth-key': `near-${String(i)}`, ...home },
      }));
      expect(nearby).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
    }));

  it('throttles registrations by address, but no login from that address', () =>
    withServer(async () => {
      const { headers, user } = await addUser(server);
      const register = async (username: string, address: string) =>
        (
          await server.send('POST', '/users/create', {
            headers: from(address),
            body: { username, password: 'x' },
          })
        ).status;
      for (let i = 0; i < 100; i++) expect(await register(user.name, '192.0.2.1')).toBe(402);
      expect(await register('newcomer', '192.0.2.1')).toBe(429);
      expect(await register('newcomer', '192.0.2.2')).toBe(201);
      const login = await server.send('GET', '/users/auth', {
        headers: { ...headers, ...from('192.0.2.1') },
      });
      expect(login.status).toBe(200);
    }));

  it('does not count requests without credentials', () =>
    withServer(async () => {
      const statuses = await statusesOf(150, () => ({ headers: from('192.0.2.1') }));
      expect(new Set(statuses)).toEqual(new Set([401]));
    }));

  it('notes the last use of a key, at most once a minute', () =>
    withServer(async () => {
      const { user } = await addUser(server);
      const key = await addKey(server, user.id);
      const lastUse = async () => {
        await server.accounts.close();
        const row = await server.store.db
          .selectFrom('api_key')
          .select('last_used_s')
          .where('id', '=', key.id)
          .executeTakeFirst();
        return row?.last_used_s ?? undefined;
      };
      expect(await lastUse()).toBeUndefined();
      const path = `/koreader/${key.text}/users/auth`;
      await server.send('GET', path);
      const first = Number(await lastUse());
      expect(first).toBeGreaterThan(Date.now() / 1000 - 60);
      await server.store.db.updateTable('api_key').set({ last_used_s: 7 }).where('id', '=', key.id).execute();
      await server.send('GET', path);
      expect(Number(await lastUse())).toBe(7);
    }));

  it('writes no secret into the log', () =>
    withServer(async () => {
      const { headers, user, password } = await addUser(server);
      const { text } = await addKey(server, user.id);
      const secret = text.slice(4);
      const older = `dogear_${text.slice(0, 6)}_${secret}234567`;
      const basic = Buffer.from(`${user.name}:${password}`).toString('base64');
      await server.send('GET', `/koreader/${text}/users/auth`);
      await server.send('GET', `/koreader/${text}x/users/auth`);
      await server.send('GET', `/koreader/${text.toUpperCase()}/users/auth`);
      await server.send('GET', `/${text}/users/auth`);
      await server.send('GET', `/koreader/${text.replace(/^./, encoded)}/users/auth?key=${text}`);
      await server.send('GET', `/koreader/${text.slice(0, 12)}/${text.slice(12)}/users/auth`);
      await server.send('GET', `/koreader/${text.slice(1)}/users/auth`);
      await server.send('PUT', `/koreader/${text}`);
      await server.send('GET', `/koreader/${older}/users/auth`);
      await server.send('GET', `/${older}`);
      await server.send('GET', '/users/auth', { headers });
      await server.send('GET', '/users/auth', { headers: { authorization: `Basic ${basic}` } });
      await server.send('POST', '/users/create', { body: { username: 'x', password: 'hidden-password' } });
      await server.send('POST', '/users/create', { body: '{"username":"y","password":"hidden-password"' });
      await server.send('PUT', '/users/password', { headers, body: { password: 'hidden-password' } });
      const log = server.logLines.join('');
      expect(server.logLines.length).toBeGreaterThanOrEqual(15);
      for (const hidden of [
        secret,
        secret.toUpperCase(),
        text.slice(1, 12),
        text.slice(12),
        'dogear_',
        password,
        headers['x-auth-key'] ?? '',
        basic,
        'hidden',
      ]) {
        expect(log.includes(hidden), hidden).toBe(false);
      }
      expect(log).toContain('/koreader/***/users/auth');
    }));

  it('applies changed permissions, disabled users and revoked keys of other servers within five seconds', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    return withServer(async () => {
      const [changed, disabled] = [await addUser(server), await addUser(server)];
      const { text, id } = await addKey(server, changed.user.id);
      const { text: ofDisabled } = await addKey(server, disabled.user.id);
      const requests: readonly [path: string, headers: Readonly<Record<string, string>>][] = [
        ['/users/auth', changed.headers],
        ['/users/auth', disabled.headers],
        [`/koreader/${text}/users/auth`, {}],
        [`/koreader/${ofDisabled}/users/auth`, {}],
      ];
      const statuses = () =>
        Promise.all(
          requests.map(async ([path, headers]) => (await server.send('GET', path, { headers })).status),
        );
      expect(await statuses()).toEqual([200, 200, 200, 200]);
      vi.advanceTimersByTime(TRUSTED_MS);
      // From now on they are trusted for as long as nothing changes: see MarkWatch.
      for (const { user } of [changed, disabled]) {
        for (const login of loginTextsOf(user.name)) await server.accounts.users.readFresh(login);
      }
      for (const key of [text, ofDisabled]) await server.accounts.keys.readFresh(hashOfSecret(key));
      vi.advanceTimersByTime(NOTICED_MS + 1000);
      await expect.poll(() => server.accounts.keys.peek(hashOfSecret(text))).toBeDefined();
      // By what another server does: this one hears of it only through the database.
      await updateUser(server.store, changed.user.id, { permissions: new Set() });
      await updateUser(server.store, disabled.user.id, { isDisabled: true });
      await markApiKeyRevoked(server.store, id);
      const sinceMs = performance.now();
      let now = await statuses();
      while (now.includes(200) && performance.now() - sinceMs < 20_000) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        vi.advanceTimersByTime(20);
        now = await statuses();
      }
      expect(now).toEqual([403, 401, 401, 401]);
      expect(performance.now() - sinceMs).toBeLessThan(5000);
    });
  });
});

function encoded(character: string): string {
  return `%${(character.codePointAt(0) ?? 0).toString(16)}`;
}
