import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SQLITE } from '../../support/databases.js';
import { type ApiServer, type Caller, startApiServer } from './routes/api/api-server.js';
import { Browser, type BrowserRequest } from './routes/api/browser.js';

const PASSWORD = 'first';
const COOKIE_AGE = 'Max-Age=34560000; HttpOnly; SameSite=Strict';

let server: ApiServer;
let owner: Caller;
let count = 0;

beforeAll(async () => {
  server = await startApiServer(SQLITE);
  owner = await server.caller({ isOwner: true });
});

afterAll(() => server.close());

/** A browser in which a new user is signed in. */
async function signedIn(at: ApiServer = server, admin: Caller = owner): Promise<Browser> {
  const name = `reader ${String(++count)}`;
  await admin.expect(201, 'POST', '/users', { name, password: PASSWORD });
  const browser = new Browser(at.url);
  const { status } = await browser.send('POST', '/sessions', { body: { name, password: PASSWORD } });
  expect(status).toBe(201);
  return browser;
}

async function codeOf(browser: Browser, method: string, path: string, request: BrowserRequest = {}) {
  const { status, json } = await browser.send(method, path, request);
  return status < 300 ? status : `${String(status)} ${json.code as string}`;
}

describe('a request that changes something with a cookie', () => {
  it('needs the exact origin of the server', async () => {
    const browser = await signedIn();
    const { port, origin: own } = new URL(server.url);
    const others = [
      undefined,
      '',
      'null',
      'https://evil.example',
      'http://127.0.0.1',
      'http://127.0.0.1:1',
      `http://127.0.0.1:${port}.evil.example`,
      `http://localhost:${port}`,
      `${own}/`,
      `ftp://127.0.0.1:${port}`,
      `http://user@127.0.0.1:${port}`,
    ];
    for (const origin of others) {
      const headers = { origin };
      expect(await codeOf(browser, 'DELETE', '/sessions/999', { headers }), origin).toBe(
        '403 origin-refused',
      );
      expect(await codeOf(browser, 'POST', '/libraries', { headers, body: {} }), origin).toBe(
        '403 origin-refused',
      );
    }
    expect(await codeOf(browser, 'DELETE', '/sessions/999', { headers: { origin: own } })).toBe(
      '404 session-not-found',
    );
  });

  it('needs the type of JSON, also without a body', async () => {
    const browser = await signedIn();
    const types = [
      undefined,
      '',
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/jsonp',
      'text/plain; application/json',
    ];
    for (const type of types) {
      const headers = { 'content-type': type };
      expect(await codeOf(browser, 'DELETE', '/sessions/999', { headers }), type).toBe(
        '415 content-type-refused',
      );
    }
    const headers = { 'content-type': 'Application/JSON; charset=utf-8' };
    expect(await codeOf(browser, 'DELETE', '/sessions/999', { headers })).toBe('404 session-not-found');
  });

  it('signing in and setting up need both as well: no other page signs a browser in', async () => {
    const browser = new Browser(server.url);
    const bodies = [
      ['/sessions', { name: owner.name, password: PASSWORD }],
      ['/sessions', { api_key: owner.key }],
      ['/setup', { token: 'x', name: 'x', password: 'x' }],
      ['/setup/check', { token: 'x' }],
    ] as const;
    for (const [path, body] of bodies) {
      const send = (headers: BrowserRequest['headers']) =>
        codeOf(browser, 'POST', path, { body, headers: headers ?? {} });
      expect(await send({ origin: 'https://evil.example' })).toBe('403 origin-refused');
      expect(await send({ origin: undefined })).toBe('403 origin-refused');
      expect(await send({ 'content-type': 'text/plain' })).toBe('415 content-type-refused');
      expect(await send({ host: 'evil.example', origin: 'http://evil.example' })).toBe('421 host-unknown');
    }
    expect(browser.cookie).toBeUndefined();
  });

  it('reading needs neither, and requests with an API key need neither', async () => {
    const browser = await signedIn();
    const headers = { origin: 'https://evil.example', 'content-type': undefined };
    expect(await codeOf(browser, 'GET', '/me', { headers })).toBe(200);
    const withKey = { ...headers, authorization: `Bearer ${owner.key}`, host: 'evil.example' };
    const name = `reader ${String(++count)}`;
    expect(await codeOf(browser, 'POST', '/users', { body: { name }, headers: withKey })).toBe(201);
    // A page that sends a key and a cookie is the key.
    expect((await browser.send('GET', '/me', { headers: withKey })).json.session_id).toBeNull();
    expect(
      await codeOf(browser, 'GET', '/me', { headers: { ...withKey, authorization: 'Bearer wrong' } }),
    ).toBe('401 unauthorized');
  });
});

it('a password that a proxy asks for does not get in the way of the cookie', async () => {
  const browser = await signedIn();
  const headers = { authorization: `Basic ${Buffer.from('anna:pw').toString('base64')}` };
  expect(await codeOf(browser, 'GET', '/me', { headers })).toBe(200);
  const foreign = { ...headers, origin: 'https://evil.example' };
  expect(await codeOf(browser, 'DELETE', '/sessions/999', { headers: foreign })).toBe('403 origin-refused');
  expect(await codeOf(browser, 'GET', '/me', { headers: { authorization: 'Bearer' } })).toBe(
    '401 unauthorized',
  );
});

describe('the host of a request with a cookie', () => {
  it('is a name that no page of the internet can take', async () => {
    const browser = await signedIn();
    const known = [
      '127.0.0.1',
      '192.168.1.5:8364',
      '[::1]:8364',
      '[fe80::1]',
      'localhost',
      'LOCALHOST.',
      'reader.localhost:1',
      'nas',
      'nas:8364',
      'nas.local',
      'nas.home.arpa:80',
      'nas.internal',
      hostname(),
      'known.example.org:8364',
      'KNOWN.example.org.',
    ];
    const secret = browser.cookie?.split('=')[1] ?? '';
    const cookieAt = (host: string): string => {
      const port = /:(\d+)$/.exec(host)?.[1];
      return `dogear_session${port === undefined ? '' : `_${port}`}=${secret}`;
    };
    for (const host of known) {
      const cookie = cookieAt(host);
      expect(await codeOf(browser, 'GET', '/me', { headers: { host, cookie } }), host).toBe(200);
      const headers = { host, cookie, origin: `http://${host.toLowerCase()}` };
      expect(await codeOf(browser, 'DELETE', '/sessions/999', { headers }), host).toBe(
        '404 session-not-found',
      );
    }
    const unknown = [
      'evil.example',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      'known.example.org.evil.example',
      'evil.known.example.org',
      'evil.local.example',
      'evil.example:8364',
      'nas.local@evil.example',
      'nas.lan',
      '..',
      '[evil.example]',
    ];
    for (const host of unknown) {
      const answer = await browser.send('GET', '/me', { headers: { host, cookie: cookieAt(host) } });
      expect(answer, host).toMatchObject({ status: 421, json: { code: 'host-unknown' } });
      expect(answer.json.detail).toContain('server.hosts');
    }
    // It says which name, if it is one, and repeats nothing else.
    const headers = { host: 'evil.example', cookie: cookieAt('evil.example') };
    const { json } = await browser.send('GET', '/me', { headers });
    expect(json.detail).toContain('"evil.example"');
  });
});

describe('the cookie', () => {
  it('over plain HTTP is for the API alone', async () => {
    const browser = new Browser(server.url);
    const { setCookie } = await browser.send('POST', '/sessions', { body: { api_key: owner.key } });
    expect(setCookie).toMatch(/^dogear_session_\d+=[\w-]{43}; /);
    expect(setCookie?.replace(/^.*?; /, '')).toBe(`Path=/api/v1; ${COOKIE_AGE}`);
  });

  it('of one port does not take the place of that of another: browsers send both to both', async () => {
    const other = await startApiServer(SQLITE);
    try {
      const [one, two] = [await signedIn(), await signedIn(other, await other.caller({ isOwner: true }))];
      const cookie = `${one.cookie ?? ''}; ${two.cookie ?? ''}`;
      for (const browser of [one, two])
        expect(await codeOf(browser, 'GET', '/me', { headers: { cookie } })).toBe(200);
      // At the same host, whatever it is called.
      const headers = { host: `localhost:${new URL(server.url).port}`, cookie };
      expect(await codeOf(one, 'GET', '/me', { headers })).toBe(200);
    } finally {
      await other.close();
    }
  });

  const overHttps = (host: string) => ({ origin: `https://${host}`, host });

  it('over HTTPS is of this host alone, whoever decrypts', async () => {
    const browser = new Browser(server.url);
    for (const more of [{}, { 'x-forwarded-proto': 'https' }]) {
      const headers = { ...overHttps('known.example.org'), ...more };
      const { setCookie } = await browser.send('POST', '/sessions', {
        body: { api_key: owner.key },
        headers,
      });
      expect(setCookie).toMatch(/^__Host-dogear_session=[\w-]{43}; /);
      expect(setCookie?.replace(/^.*?; /, '')).toBe(`Path=/; ${COOKIE_AGE}; Secure`);
      expect(await codeOf(browser, 'GET', '/me', { headers: { host: 'known.example.org', ...more } })).toBe(
        200,
      );
      const { setCookie: forgotten } = await browser.send('DELETE', '/sessions/current', { headers });
      expect(forgotten).toMatch(/^__Host-dogear_session=; Path=\/; Max-Age=0; .*; Secure$/);
    }
  });

  it('without the prefix counts for nothing where the browser speaks HTTPS: a neighbour could have set it', async () => {
    const browser = await signedIn();
    const proxied = { 'x-forwarded-proto': 'https' };
    expect(await codeOf(browser, 'GET', '/me', { headers: proxied })).toBe('401 unauthorized');
    expect(await codeOf(browser, 'GET', '/me')).toBe(200);
    // A page of the same name, but without encryption, is another origin.
    const plain = { ...proxied, cookie: `__Host-${browser.cookie ?? ''}` };
    expect(await codeOf(browser, 'DELETE', '/sessions/999', { headers: plain })).toBe('403 origin-refused');
  });

  it('does not depend on what a proxy says that is not trusted', async () => {
    const alone = await startApiServer(SQLITE, { trustsProxies: false });
    try {
      const browser = await signedIn(alone, await alone.caller({ isOwner: true }));
      const headers = { 'x-forwarded-proto': 'https' };
      expect(await codeOf(browser, 'GET', '/me', { headers })).toBe(200);
      expect(await codeOf(browser, 'DELETE', '/sessions/999', { headers })).toBe('404 session-not-found');
    } finally {
      await alone.close();
    }
  });

  it('with a base path is for this program alone', async () => {
    const below = await startApiServer(SQLITE, {
      basePath: '/sync',
      publicUrl: 'https://books.example.org/sync',
    });
    try {
      const admin = await below.caller({ isOwner: true });
      const browser = await signedIn(below, admin);
      const body = { api_key: admin.key };
      const plain = await browser.send('POST', '/sessions', { body });
      expect(plain.setCookie).toMatch(/^dogear_session_\d+=/);
      expect(plain.setCookie?.replace(/^.*?; /, '')).toBe(`Path=/sync/api/v1; ${COOKIE_AGE}`);
      // As through a proxy that puts its own address into Host.
      const headers = { origin: 'https://books.example.org' };
      const { setCookie } = await browser.send('POST', '/sessions', { body, headers });
      expect(setCookie).toMatch(/^__Secure-dogear_session_\d+=/);
      expect(setCookie?.replace(/^.*?; /, '')).toBe(`Path=/sync/api/v1; ${COOKIE_AGE}; Secure`);
      expect(await codeOf(browser, 'GET', '/me')).toBe(200);
      expect(await codeOf(browser, 'DELETE', '/sessions/999', { headers })).toBe('404 session-not-found');
      const other = { origin: 'http://books.example.org' };
      expect(await codeOf(browser, 'DELETE', '/sessions/999', { headers: other })).toBe('403 origin-refused');
    } finally {
      await below.close();
    }
  });
});

it('without the console there are no sessions, and no cookie is looked at', async () => {
  const off = await startApiServer(SQLITE, { hasConsole: false });
  try {
    const admin = await off.caller({ isOwner: true });
    const browser = new Browser(off.url);
    for (const path of ['/start', '/sessions'])
      expect(await codeOf(browser, 'GET', path)).toBe('404 not-found');
    for (const path of ['/sessions', '/setup', '/setup/check']) {
      expect(await codeOf(browser, 'POST', path, { body: { api_key: admin.key } })).toBe('404 not-found');
    }
    browser.cookie = `dogear_session_${new URL(off.url).port}=${'A'.repeat(43)}`;
    expect(await codeOf(browser, 'GET', '/me', { headers: { host: 'evil.example' } })).toBe(
      '401 unauthorized',
    );
    const described = (await (await fetch(`${off.url}/api/v1/openapi.json`)).json()) as { paths: object };
    expect(Object.keys(described.paths).filter((path) => /^\/(sessions|setup|start)/.test(path))).toEqual([]);
  } finally {
    await off.close();
  }
});
