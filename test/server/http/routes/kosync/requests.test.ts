import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabases } from '../../../../support/databases.js';
import { addKey, addUser, startTestServer, type TestServer } from './sync-server.js';

// Part 2 of the protocol: requests as clients send them.
describe.each(testDatabases())('requests on $name', ({ create }) => {
  let database: TestDatabase;
  let server: TestServer;
  let bases: readonly { readonly base: string; readonly headers: Readonly<Record<string, string>> }[];

  beforeAll(async () => {
    database = await create();
    server = await startTestServer(database.url, {
      unknownDocuments: { account: 'store', 'api-key': 'store' },
    });
    const { headers, user } = await addUser(server);
    const { text } = await addKey(server, user.id);
    bases = [
      { base: '', headers },
      { base: `/koreader/${text}`, headers: {} },
    ];
  });

  afterAll(async () => {
    await server.close();
    await database.drop();
  });

  const push = {
    document: '0123456789abcdef0123456789abcdef',
    progress: '/body/DocFragment[20]/body/p[22]/img.0',
    percentage: 0.3187,
    device: 'Kobo_nova',
    device_id: 'ABCDEF12',
  };

  const put = (i: number, body: object | string | Buffer, headers: Readonly<Record<string, string>> = {}) => {
    const at = bases[i % 2];
    return server.send('PUT', `${at?.base ?? ''}/syncs/progress`, {
      headers: { ...at?.headers, ...headers },
      body,
    });
  };

  const get = async (i: number, document: string) => {
    const at = bases[i % 2];
    const path = `${at?.base ?? ''}/syncs/progress/${encodeURIComponent(document)}`;
    return (await server.send('GET', path, at === undefined ? {} : { headers: at.headers })).json;
  };

  it.each([
    { accept: 'application/vnd.koreader.v1+json' },
    { accept: '*/*' },
    { accept: 'text/html' },
    { 'content-type': 'application/json' },
    { 'content-type': 'application/json; charset=utf-8' },
    { 'content-type': 'application/x-www-form-urlencoded' },
    { 'content-type': 'text/plain' },
    { 'content-type': 'nonsense' },
  ])('ignores Accept and Content-Type: %j', async (headers) => {
    for (const i of [0, 1]) expect((await put(i, push, headers)).status).toBe(200);
  });

  it('accepts a push without device_id and returns none', async () => {
    const { device_id: _left, ...without } = push;
    for (const i of [0, 1]) {
      const document = `without-${String(i)}`;
      expect((await put(i, { ...without, document })).status).toBe(200);
      const record = await get(i, document);
      expect(record).toMatchObject({ ...without, document });
      expect(record).not.toHaveProperty('device_id');
      expect((await put(i, { ...push, document, device_id: null })).status).toBe(200);
      expect(await get(i, document)).not.toHaveProperty('device_id');
      expect((await put(i, { ...push, document, device_id: '' })).status).toBe(200);
      expect(await get(i, document)).toMatchObject({ device_id: '' });
    }
  });

  it('stores metadata, but not metadata that is too large', async () => {
    const metadata = { filename: 'b.epub', title: 'Über "alles"', authors: 'A\nB' };
    expect((await put(0, { ...push, document: 'metadata', metadata })).status).toBe(200);
    expect((await put(0, { ...push, document: 'no-metadata', metadata: [] })).status).toBe(200);
    const large = { ...metadata, title: 'x'.repeat(5000) };
    expect((await put(0, { ...push, document: 'large-metadata', metadata: large })).status).toBe(200);
    const rows = await server.store.db.selectFrom('document_metadata').selectAll().execute();
    const kept = new Map(rows.map((row) => [row.document.toString(), row.metadata.toString()]));
    expect(JSON.parse(kept.get('metadata') ?? '')).toEqual(metadata);
    expect(kept.get('no-metadata')).toBeUndefined();
    expect(kept.get('large-metadata')).toBeUndefined();
  });

  // What lua-resty-redis and LuaJIT's tostring make of these numbers, which koreader-sync-server stores.
  it.each([
    ['3', '3'],
    ['0', '0'],
    ['3.5', '3.5'],
    ['3.0', '3'],
    ['-5', '-5'],
    ['1E2', '100'],
    ['0.00012', '0.00012'],
    ['0.00001', '1e-05'],
    ['0.30000000000000004', '0.3'],
    ['12345678901234', '12345678901234'],
    ['123456789012345', '123456789012345'],
    ['9223372036854775807', '9223372036854775808'],
    ['123456789012345.5', '1.2345678901235e+14'],
    ['1e20', '1e+20'],
    ['1.5e300', '1.5e+300'],
  ])('stores the number %s as progress as the text %s', async (number, text) => {
    for (const i of [0, 1]) {
      const body = JSON.stringify({ ...push, document: 'number' }).replace(
        JSON.stringify(push.progress),
        number,
      );
      expect((await put(i, body)).status).toBe(200);
      expect(await get(i, 'number')).toMatchObject({ progress: text });
    }
  });

  it('stores a device and its id that are numbers as text, and a percentage that is text as a number', async () => {
    const body = { ...push, document: 'types', device: 7, device_id: 12, percentage: '0.25' };
    expect((await put(0, body)).status).toBe(200);
    expect(await get(0, 'types')).toMatchObject({ device: '7', device_id: '12', percentage: 0.25 });
  });

  it.each([
    ['0', 0],
    ['1', 1],
    ['.5', 0.5],
    ['00.50', 0.5],
    ['25E-2', 0.25],
    ['.5e+0', 0.5],
    [`0.${'1'.repeat(62)}`, 1 / 9],
  ])('takes the percentage "%s"', async (percentage, number) => {
    expect((await put(0, { ...push, document: percentage, percentage })).status).toBe(200);
    expect(await get(0, percentage)).toMatchObject({ percentage: number });
  });

  it.each([
    ['metadata', 'text'],
    ['metadata', 5],
    ['metadata', true],
    ['metadata', [1]],
    ['device_id', { a: 1 }],
    ['device_id', ['A']],
    ['device_id', false],
  ])('stores a push whose %s is %j without it', async (field, value) => {
    for (const i of [0, 1]) {
      const document = `${field} ${String(i)}`;
      expect((await put(i, { ...push, document, [field]: value })).status).toBe(200);
      expect(await get(i, document)).toMatchObject({ document, progress: push.progress });
    }
  });

  it('ignores unknown fields', async () => {
    const body = `{"__proto__":{"document":"evil"},"constructor":1,"timestamp":1,"extra":[{}],"toString":"x",${JSON.stringify({ ...push, document: 'unknown-fields' }).slice(1)}`;
    expect((await put(0, body)).json).toMatchObject({ document: 'unknown-fields' });
    const inherited = `{"__proto__":${JSON.stringify(push)}}`;
    expect((await put(0, inherited)).json).toMatchObject({ code: 2004 });
  });

  const documents = [
    'a-b.c_d~e',
    '-',
    '.',
    '..',
    'two words',
    'plus+and%20percent',
    '%',
    'ä/ö?ü#ß&=',
    '/leading',
    'trailing/',
    'a//b',
    '日本語の本',
    '🙂',
    'e\u0301 and \u00e9',
    'tab\tline\nNUL\u0000end',
    'quote\'"\\back',
    'A'.repeat(255),
    'é'.repeat(127),
    'Case',
    'case',
    'space behind ',
    'space behind',
  ];

  it('finds by GET every document that PUT accepted, and confuses no two of them', async () => {
    for (const [i, document] of documents.entries()) {
      const reply = await put(i, { ...push, document, progress: `at ${String(i)}` });
      expect([reply.status, reply.json]).toMatchObject([200, { document }]);
    }
    for (const [i, document] of documents.entries()) {
      expect(await get(i, document)).toMatchObject({ document, progress: `at ${String(i)}` });
    }
  });

  it('finds documents in paths that are escaped in other ways', async () => {
    const { base = '', headers = {} } = bases[0] ?? {};
    await put(0, { ...push, document: 'a-b.c_d~e' });
    await put(0, { ...push, document: 'a//b' });
    await put(0, { ...push, document: '日本語の本' });
    for (const [path, document] of [
      ['%61-b.c_d%7Ee', 'a-b.c_d~e'],
      ['%61-b.c_d%7ee', 'a-b.c_d~e'],
      ['a//b', 'a//b'],
      ['a%2F%2fb', 'a//b'],
      ['a-b.c_d~e?query=1', 'a-b.c_d~e'],
    ]) {
      const reply = await server.send('GET', `${base}/syncs/progress/${path ?? ''}`, { headers });
      expect(reply.json, path).toMatchObject({ document });
    }
  });

  it.each(['%', '%2', '%zz', '%ff', '%c3%28', 'a%', '%ed%a0%80'])(
    'answers the path %s with 400',
    async (path) => {
      for (const { base, headers } of bases) {
        const reply = await server.send('GET', `${base}/syncs/progress/${path}`, { headers });
        expect(reply.status).toBe(400);
        expect(reply.headers['content-type']).toBe('application/json');
        expect(reply.json).toEqual({ code: expect.any(Number), message: expect.any(String) });
      }
    },
  );

  it('says clearly that a document is longer than 255 bytes', async () => {
    for (const document of ['A'.repeat(256), 'é'.repeat(128)]) {
      for (const [i, status] of [403, 400].entries()) {
        const reply = await put(i, { ...push, document });
        expect([reply.status, reply.json]).toEqual([
          status,
          { code: 2004, message: expect.stringContaining('255 bytes') },
        ]);
        const pull = await server.send(
          'GET',
          `${bases[i]?.base ?? ''}/syncs/progress/${encodeURIComponent(document)}`,
          { headers: bases[i]?.headers ?? {} },
        );
        expect([pull.status, pull.json]).toMatchObject([status, { code: 2004 }]);
      }
    }
  });

  it('refuses a document that is not valid text, instead of confusing it with another', async () => {
    const body = Buffer.concat([
      Buffer.from('{"document":"a'),
      Buffer.from([0xff]),
      Buffer.from(`b",${JSON.stringify(push).slice(JSON.stringify(push).indexOf('"progress"'))}`),
    ]);
    expect((await put(0, body)).json).toMatchObject({ code: 2004 });
    expect(
      (await put(0, JSON.stringify({ ...push, document: 'x' }).replace('"x"', '"\\ud800"'))).json,
    ).toMatchObject({
      code: 2004,
    });
  });

  it('stores a position although its title is not UTF-8', async () => {
    const document = 'latin1';
    const text = JSON.stringify({ ...push, document, metadata: { title: 'caf?' } });
    const body = Buffer.from(text.replace('?', '\u00e9'), 'latin1');
    expect((await put(0, body)).status).toBe(200);
    expect(await get(0, document)).toMatchObject({ progress: push.progress });
  });
});
