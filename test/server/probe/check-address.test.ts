import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passwordKeyOf } from '../../../server/accounts/passwords/password-key.js';
import { openStore } from '../../../server/database/store.js';
import { checkAddress } from '../../../server/probe/check-address.js';
import { freePort } from '../../support/free-port.js';
import { probedProgram, type ProbedProgram, TLS_FILES } from './probed-program.js';
import { answering, listenInTest, type ProxyChanges, proxyTo } from './small-servers.js';

let dogear: ProbedProgram;
let port: number;

beforeAll(async () => {
  dogear = await probedProgram();
  port = await dogear.serve();
});

afterAll(() => dogear.close());

const addressAt = (at: number, path = '', key = dogear.key): string =>
  `http://127.0.0.1:${String(at)}${path}/koreader/${key}`;

async function faultAt(address: string): Promise<string | undefined> {
  return (await checkAddress(address, undefined)).fault;
}

async function faultBehind(changes: ProxyChanges): Promise<string | undefined> {
  return faultAt(addressAt(await proxyTo(port, changes)));
}

const withoutPath = (text: string): string => text.replace(' /dogear/', ' /');
const HTML = { 'content-type': 'text/html' };
const tls = (options: TlsOptions): TlsOptions => ({
  cert: readFileSync(TLS_FILES.certificate),
  key: readFileSync(TLS_FILES.key),
  ...options,
});

describe('an address where KOReader can sync', () => {
  it('has no fault, with an API key, with a password and without both', async () => {
    const sound = { fault: undefined, notes: [] };
    expect(await checkAddress(addressAt(port), undefined)).toEqual({
      ...sound,
      shownAddress: expect.stringMatching(/\/koreader\/\w*\*\*\*$/),
      isLoginTried: true,
    });
    const server = `http://127.0.0.1:${String(port)}`;
    const anna = { name: 'anna', key: passwordKeyOf('secret') };
    expect(await checkAddress(`${server}/`, anna)).toMatchObject({ ...sound, isLoginTried: true });
    expect(await checkAddress(server, undefined)).toMatchObject({ ...sound, isLoginTried: false });
  });

  it('keeps no trace of the check but when the key was last used', async () => {
    const before = await tablesOfDogear();
    await checkAddress(addressAt(port), undefined);
    await checkAddress(`http://127.0.0.1:${String(port)}`, { name: 'anna', key: passwordKeyOf('secret') });
    expect(await tablesOfDogear()).toEqual(before);
  });

  it('has a fault when the key is wrong, revoked or may not sync', async () => {
    const last = dogear.key.at(-1) === '2' ? '3' : '2';
    expect(await faultAt(addressAt(port, '', `${dogear.key.slice(0, -1)}${last}`))).toMatch(
      /does not know this API key, or it is revoked/,
    );
    expect(await faultAt(addressAt(port, '', dogear.key.slice(1)))).toMatch(
      /24 characters, and this has 23\./,
    );
    expect(await faultAt(addressAt(port, '', dogear.key.replace(/^./, 'A')))).toMatch(/lowercase letters/);
    const older = 'dogear_abcdef_abcdefghjkmnpqrstuvwxyz234';
    expect(await faultAt(addressAt(port, '', older))).toMatch(/does not know this API key/);
    expect(await faultAt(addressAt(port, '', older.slice(0, -1)))).toMatch(
      /40 characters, and this has 39\./,
    );
    const managing = (
      await dogear.run('key', 'add', 'anna', 'scans', '--permissions', 'feature:api_keys')
    ).trim();
    expect(await faultAt(addressAt(port, '', managing))).toMatch(/permission feature:koreader_sync/);
    const stranger = { name: 'anna', key: passwordKeyOf('wrong') };
    expect(await checkAddress(`http://127.0.0.1:${String(port)}`, stranger)).toMatchObject({
      fault: expect.stringContaining('the password is wrong'),
    });
  });

  it('has a fault when it ends before the API key, but not where the server itself is at such a path', async () => {
    const server = `http://127.0.0.1:${String(port)}`;
    for (const address of [`${server}/koreader`, `${server}/koreader/`])
      expect(await faultAt(address), address).toMatch(/ends before the API key/);
    const anna = { name: 'anna', key: passwordKeyOf('secret') };
    expect((await checkAddress(`${server}/koreader`, anna)).fault).toMatch(
      /without \/koreader: leave it out/,
    );
    const based = await dogear.serve('server.base_url=/koreader');
    const sound = { fault: undefined, notes: [] };
    const address = `http://127.0.0.1:${String(based)}/koreader`;
    expect(await checkAddress(address, anna)).toMatchObject({ ...sound, isLoginTried: true });
    expect(await checkAddress(address, undefined)).toMatchObject({ ...sound, isLoginTried: false });
    expect(await checkAddress(addressAt(based, '/koreader'), undefined)).toMatchObject(sound);
    expect(await faultAt(`${address}/koreader`)).toMatch(/ends before the API key/);
  });

  it('has a fault when syncing is off', async () => {
    const off = await dogear.serve('enable_koreader_sync=false');
    expect(await faultAt(addressAt(off))).toMatch(/syncing is off: set enable_koreader_sync: true/);
  });

  it('has a note about a certificate that other clients refuse', async () => {
    const sets = [`server.tls.certificate=${TLS_FILES.certificate}`, `server.tls.key=${TLS_FILES.key}`];
    const secure = await dogear.serve(...sets);
    const { fault, notes } = await checkAddress(addressAt(secure).replace('http:', 'https:'), undefined);
    expect([fault, notes]).toEqual([undefined, [expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT')]]);
    expect(await faultAt(addressAt(secure))).toMatch(/speaks HTTPS: begin the address with https:\/\//);
  });
});

/** Every table but for the last use of keys. */
async function tablesOfDogear(): Promise<unknown> {
  const store = await openStore(dogear.databaseUrl, { connections: 1 });
  const tables = [];
  for (const { name: table } of await store.db.introspection.getTables()) {
    // Pages hear of the use of a key.
    if (table === 'change_mark') continue;
    const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(table)}`.execute(store.db);
    tables.push(rows.map(({ last_used_s: _used, ...row }) => row));
  }
  await store.close();
  return tables;
}

describe('an address behind a proxy', () => {
  it('has no fault, when the proxy passes on everything', async () => {
    expect(await faultBehind({})).toBeUndefined();
  });

  it('is told from one whose proxy speaks HTTP/1.0', async () => {
    const fault = await faultBehind({ request: (text) => text.replace(' HTTP/1.1\r\n', ' HTTP/1.0\r\n') });
    expect(fault).toMatch(/speaks HTTP\/1\.0 to Dogear.*"proxy_http_version 1\.1;"/);
  });

  it('is told from one whose proxy passes on a path that Dogear does not expect', async () => {
    const proxy = await proxyTo(port, {});
    expect(await faultAt(addressAt(proxy, '/dogear'))).toMatch(/Dogear is at http:\S+, without \/dogear/);
    const strict = await proxyTo(port, { request: (text) => text.replace(/ \/(?!dogear\/)/, ' /other/') });
    expect(await faultAt(addressAt(strict, '/dogear'))).toMatch(
      /not below \/dogear: set server\.base_url to \/dogear/,
    );
    expect(
      await faultAt(addressAt(await proxyTo(port, { request: withoutPath }), '/dogear')),
    ).toBeUndefined();
  });

  it('is told from one whose proxy removes a path that Dogear expects', async () => {
    const based = await dogear.serve('server.base_url=/dogear');
    expect(await faultAt(addressAt(await proxyTo(based, {}), '/dogear'))).toBeUndefined();
    expect(await faultAt(addressAt(await proxyTo(based, { request: withoutPath }), '/dogear'))).toMatch(
      /removes \/dogear from the path/,
    );
    expect(await faultAt(addressAt(based))).toMatch(/not at this path: add its server\.base_url/);
  });

  it('is told from one whose proxy drops or cuts bodies', async () => {
    const dropped = (text: string): string => text.replace(/content-length: \d+/i, 'content-length: 0');
    expect(
      await faultBehind({ request: (text) => dropped(text).replace(/\r\n\r\n[^]*$/, '\r\n\r\n') }),
    ).toMatch(/body of a push does not arrive whole/);
    const cut = (text: string): string =>
      text.startsWith('PUT')
        ? text.replace(/content-length: \d+/i, 'content-length: 100').replace(/(\r\n\r\n.{100})[^]*$/, '$1')
        : text;
    expect(await faultBehind({ request: cut })).toMatch(/body of a push does not arrive whole/);
  });

  it('is told from one whose proxy lets no PUT pass', async () => {
    const refused = 'HTTP/1.1 405 Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
    const isRefusal = (text: string): boolean => text.includes('"code":2004');
    expect(await faultBehind({ answer: (text) => (isRefusal(text) ? refused : text) })).toMatch(
      /does not let the method PUT pass \(405\)/,
    );
  });

  it('has notes where the proxy rewrites paths and types that KOReader or others care for', async () => {
    const proxy = await proxyTo(port, {
      request: (text) => text.replaceAll('%2F%2F', '/'),
      answer: (text) => text.replace('application/json', 'application/json; charset=utf-8'),
    });
    const { fault, notes } = await checkAddress(addressAt(proxy), undefined);
    expect(fault).toBeUndefined();
    expect(notes).toEqual([
      expect.stringContaining('rewrites percent-encoded paths'),
      expect.stringContaining('to application/json; charset=utf-8'),
    ]);
  });

  it('is told from one whose clock is wrong', async () => {
    const dated = (ms: number) => (text: string) =>
      text.replace(/Date: [^\r]*/, `Date: ${new Date(Date.now() + ms).toUTCString()}`);
    expect(await faultBehind({ answer: dated(30_000) })).toBeUndefined();
    expect(await faultBehind({ answer: dated(2 * 3_600_000) })).toMatch(
      /is 120 min ahead of that of this machine/,
    );
    expect(await faultBehind({ answer: dated(-600_000) })).toMatch(/is 10 min behind that of this machine/);
  });

  it('is told from one that answers too late', async () => {
    expect(await faultBehind({ delayMs: (text) => (text.includes('authorized') ? 2100 : 0) })).toMatch(
      /An answer took 2\.\d s, and KOReader gives up after 2 s/,
    );
  });
});

describe('an address where something else answers', () => {
  const faultOf = async (...answer: Parameters<typeof answering>): Promise<string | undefined> =>
    faultAt(addressAt((await answering(...answer)).port));

  it.each<[number, Record<string, string>, string, RegExp]>([
    [200, HTML, '<html><title>Log in</title>', /Something else than Dogear.*200, an HTML page "Log in"/],
    [200, { 'content-type': 'application/json' }, '{"a":1}', /Something else.*application\/json "\{"a":1\}"/],
    [404, HTML, '<h1>Not found</h1>', /404, an HTML page\): correct the address, or the path/],
    [502, HTML, '<title>502 Bad Gateway</title>', /does not get an answer of Dogear \(502/],
    [401, { 'www-authenticate': 'Basic' }, '', /asks for a password of its own \(401, without a body\)/],
    [403, HTML, '<title>Attention</title>', /refuses the request \(403/],
    [413, HTML, '<title>Too large</title>', /^The proxy refuses.*too large/],
    [413, {}, '{"code":2011,"message":""}', /^Dogear refuses.*: raise server\.body_limit_bytes/],
    [505, {}, '', /speaks HTTP\/1\.0/],
    [400, {}, '<h1>Bad Request</h1><hr><i>uWebSockets/20 Server</i>', /speaks HTTP\/1\.0/],
    [400, HTML, 'The plain HTTP request was sent to HTTPS port', /begin the address with https/],
    [
      301,
      { location: 'https://127.0.0.1/koreader/k/healthcheck' },
      '',
      /redirected to HTTPS.*begin it with https/,
    ],
    [302, { location: 'https://login.example.org/' }, '', /redirected to https:\/\/login\.example\.org\//],
    [
      503,
      {},
      '{"code":2014,"message":"The database is not available."}',
      /cannot sync at the moment: The database/,
    ],
    [200, {}, '{"state":"OK"}', /but it is not Dogear/],
  ])('is told by %j %j %j', async (status, headers, body, fault) => {
    expect(await faultOf(status, headers, body)).toMatch(fault);
  });

  it('never shows the secret of the key', async () => {
    const location = `https://other.example.org/koreader/${dogear.key}/healthcheck`;
    expect(await faultOf(308, { location }, '')).toMatch(/other\.example\.org\/koreader\/\w*\*\*\*/);
  });

  it.each<[string, (key: string) => [number, Record<string, string>, string]]>([
    [
      'percent-encoded as a parameter of a redirect',
      (key) => [
        302,
        { location: `https://h.example/login?next=${encodeURIComponent(`/koreader/${key}`)}` },
        '',
      ],
    ],
    [
      'percent-encoded itself',
      (key) => [302, { location: `https://h.example/${key.replaceAll(/[a-m]/g, encoded)}` }, ''],
    ],
    [
      'encoded twice, in another path',
      (key) => [
        302,
        { location: `https://h.example/x?y=${encodeURIComponent(key.replaceAll(/[a-m]/g, encoded))}` },
        '',
      ],
    ],
    ['in a text that is cut within it', (key) => [404, {}, `no ${'page '.repeat(10)} ${key}`]],
    ['in a title that is cut within it', (key) => [404, HTML, `<title>no ${'page '.repeat(10)} ${key}`]],
  ])('never shows the secret of the key %s', async (_where, answerFor) => {
    const fault = await faultOf(...answerFor(dogear.key));
    expect(fault).toContain(`${dogear.key.slice(0, 4)}***`);
    expect(fault).not.toContain(dogear.key.slice(4, 8));
  });

  it('never shows the secret of a key that is typed percent-encoded', async () => {
    const { port: other } = await answering(404, {}, `no ${dogear.key}`);
    const check = await checkAddress(addressAt(other, '', dogear.key.replace(/^./, encoded)), undefined);
    expect(JSON.stringify(check)).not.toContain(dogear.key.slice(-4));
    expect(check.shownAddress).toMatch(/\/koreader\/\*\*\*$/);
  });

  it('never shows the password of a proxy, of the address or of a redirect', async () => {
    const location = 'https://anna:hidden@h.example/';
    const { port: other } = await answering(302, { location }, '');
    const check = await checkAddress(addressAt(other).replace('//', '//anna:hidden@'), undefined);
    expect(JSON.stringify(check)).not.toMatch(/hidden|anna/);
    expect(check.shownAddress).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/koreader\//);
    expect(check.fault).toContain('redirected to https://h.example/');
  });

  it('is shown whole but for a mistyped key, however short', async () => {
    const check = await checkAddress('http://nowhere.invalid/koreader/k', undefined);
    expect(check.shownAddress).toBe('http://nowhere.invalid/koreader/***');
  });

  it('is read only to the length that says what it is', async () => {
    expect(await faultOf(200, HTML, '<title>Long</title>'.padEnd(10_000_000))).toContain('"Long"');
  });

  it('gets the headers of KOReader', async () => {
    const { port: other, seen } = await answering(200, {}, '{}');
    await checkAddress(addressAt(other), { name: 'José', key: passwordKeyOf('secret') });
    expect(seen[0]).toMatchObject({
      method: 'GET',
      path: `/koreader/${dogear.key}/healthcheck`,
      headers: {
        accept: 'application/vnd.koreader.v1+json',
        connection: 'close, TE',
        te: 'trailers',
        'x-auth-user': Buffer.from('José').toString('latin1'),
        'x-auth-key': passwordKeyOf('secret'),
        'user-agent': expect.stringMatching(/^KOReader\/.* LuaSocket\//),
      },
    });
  });
});

describe('an address where nothing answers HTTP', () => {
  it('is told by how the connection fails', async () => {
    expect(await faultAt(addressAt(await freePort()))).toMatch(/Nothing listens on 127\.0\.0\.1, port \d+/);
    expect(await faultAt('http://nowhere.invalid/koreader/k')).toMatch(/nowhere\.invalid/);
    const closing = await listenInTest(createServer((socket) => socket.destroy()));
    expect(await faultAt(addressAt(closing))).toMatch(/closes the connection without an answer/);
    const mail = await listenInTest(createServer((socket) => socket.end('220 mail.example.org ESMTP\r\n')));
    expect(await faultAt(addressAt(mail))).toMatch(/does not speak HTTP/);
    const silent = await listenInTest(createServer(() => undefined));
    expect(await faultAt(addressAt(silent))).toMatch(/does not answer within five seconds/);
  }, 30_000);

  it('is told by how TLS fails', async () => {
    expect(await faultAt(addressAt(port).replace('http:', 'https:'))).toMatch(/speaks HTTP without TLS/);
    const old = createTlsServer(
      tls({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }),
    );
    const fault = await faultAt(addressAt(await listenInTest(old)).replace('http:', 'https:'));
    expect(fault).toMatch(
      /TLS with 127\.0\.0\.1, port \d+ fails \(.*protocol version\): KOReader needs TLS 1\.2/,
    );
  });
});

describe('a text that is no address of Dogear', () => {
  it.each([
    ['books.example.org', /has to begin with http/],
    ['http://', /is not a URL/],
    ['http://h/?a=b', /must not have \? or #/],
  ])('is told without a request: %s', async (text, fault) => {
    expect(await checkAddress(text, undefined)).toEqual({
      shownAddress: undefined,
      fault: expect.stringMatching(fault),
      isLoginTried: false,
      notes: [],
    });
  });
});

function encoded(character: string): string {
  return `%${(character.codePointAt(0) ?? 0).toString(16)}`;
}
