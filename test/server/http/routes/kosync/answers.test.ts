import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabases } from '../../../../support/databases.js';
import { addKey, addUser, startTestServer, type TestServer, type TestUser } from './sync-server.js';
import { storedPositions } from '../../../../support/stored-positions.js';

// Part 3 of the protocol: what clients do with answers.
describe.each(testDatabases())('answers on $name', ({ create }) => {
  let database: TestDatabase;
  let server: TestServer;
  let user: TestUser;
  let key: string;

  beforeAll(async () => {
    database = await create();
    server = await startTestServer(database.url, {
      unknownDocuments: { account: 'store', 'api-key': 'store' },
    });
    user = await addUser(server);
    key = (await addKey(server, user.user.id)).text;
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

  const put = (body: object) => server.send('PUT', `/koreader/${key}/syncs/progress`, { body });
  const get = async (document: string) =>
    (await server.send('GET', `/koreader/${key}/syncs/progress/${document}`)).json;

  it('answers each push of a burst of 200 on one connection with 200', async () => {
    for (let i = 0; i < 200; i++) {
      expect((await put({ ...push, document: `burst-${String(i)}`, percentage: i / 200 })).status).toBe(200);
    }
    for (let i = 0; i < 200; i++)
      expect(await get(`burst-${String(i)}`)).toMatchObject({ percentage: i / 200 });
  });

  it('answers GET of an unknown document with 200 and without percentage', async () => {
    const account = await server.send('GET', '/syncs/progress/nowhere', { headers: user.headers });
    expect([account.status, account.text]).toEqual([200, '{}']);
    const apiKey = await server.send('GET', `/koreader/${key}/syncs/progress/nowhere`);
    expect([apiKey.status, apiKey.text]).toEqual([200, '{"document":"nowhere"}']);
  });

  it('sends the time of the push in whole seconds, the same on PUT and GET', async () => {
    const before = Math.floor(Date.now() / 1000);
    const { json } = await put(push);
    const after = Math.floor(Date.now() / 1000);
    const record = await get(push.document);
    expect(json).toEqual({ document: push.document, timestamp: expect.any(Number) });
    const { timestamp } = Object(record);
    expect(json).toMatchObject({ timestamp });
    expect(Number.isInteger(timestamp)).toBe(true);
    expect(timestamp).toBeGreaterThanOrEqual(before);
    expect(timestamp).toBeLessThanOrEqual(after);
  });

  it('returns exactly the double that was sent, 10,000 times', async () => {
    const bits = new DataView(new ArrayBuffer(8));
    const doubles = [0, 1, 5e-324, 2.2250738585072014e-308, 1 - 2 ** -53, 0.1 + 0.2, 1e-7, 1e-21];
    while (doubles.length < 10_000) {
      if (doubles.length % 2 === 0) {
        doubles.push(Math.random());
      } else {
        // Any mantissa, and any exponent that keeps the number below 1.
        bits.setUint32(0, Math.floor(Math.random() * 0x3ff00000));
        bits.setUint32(4, Math.floor(Math.random() * 2 ** 32));
        doubles.push(bits.getFloat64(0));
      }
    }
    const LANES = 50;
    await Promise.all(
      Array.from({ length: LANES }, async (_, lane) => {
        for (let i = lane; i < doubles.length; i += LANES) {
          const document = `double-${String(lane)}`;
          const percentage = doubles[i];
          expect((await put({ ...push, document, percentage })).status).toBe(200);
          const record = await get(document);
          expect(Object(record).percentage, String(percentage)).toBe(percentage);
        }
      }),
    );
  });

  it.each([
    ['an x-pointer', '/body/DocFragment[20]/body/p[22]/img.0'],
    ['a page', '17'],
    ['a CFI', 'epubcfi(/6/4[chap01ref]!/4[body01]/10[para05]/3:10[ ;s=b])'],
    ['nothing', ''],
    ['quotes and backslashes', `"'\\%_\\'; drop table progress; --`],
    ['signs of control', '\u0000\u0001\t\r\n\u007f'],
    ['every plane', 'é ñ 日本 🙂 \u{10FFFF}'],
    ['spaces at both ends', '  x  '],
    ['4,096 bytes', 'x'.repeat(4096)],
  ])('echoes position, device and device_id byte for byte: %s', async (_case, text) => {
    const short = text.slice(0, 255);
    const body = { ...push, document: 'echo', progress: text, device: short, device_id: short };
    expect((await put(body)).status).toBe(200);
    expect(await get('echo')).toEqual({ ...body, timestamp: expect.any(Number) });
  });

  it('never sends a percentage without a position', async () => {
    const fields = Object.keys(Object(await get('echo')));
    expect(fields.includes('percentage')).toBe(true);
    expect(fields.includes('progress')).toBe(true);
  });

  it('sends exactly application/json on every answer', async () => {
    const { headers } = user;
    const replies = [
      await server.send('GET', '/users/auth', { headers }),
      await server.send('GET', '/users/auth'),
      await server.send('POST', '/users/create', { body: { username: 'someone', password: 'x' } }),
      await server.send('POST', '/users/create', { body: '{' }),
      await put(push),
      await put({}),
      await server.send('PUT', '/syncs/progress', { headers, body: 'x'.repeat(100_000) }),
      await server.send('GET', '/syncs/progress/echo', { headers }),
      await server.send('GET', '/syncs/progress/nowhere', { headers }),
      await server.send('GET', '/healthcheck'),
      await server.send('GET', '/nothing/here'),
      await server.send('DELETE', '/healthcheck'),
    ];
    expect(replies.map((reply) => reply.status)).toEqual([
      200, 401, 201, 400, 200, 400, 413, 200, 200, 200, 404, 405,
    ]);
    for (const reply of replies) expect(reply.headers['content-type']).toBe('application/json');
  });

  it('returns the last push, even one further back in the book, from any device', async () => {
    const document = 'last-wins';
    for (const [device_id, percentage] of [
      ['A', 0.9],
      ['B', 0.1],
      ['A', 0.2],
      ['B', 0.05],
      ['A', 0],
    ] as const) {
      await put({ ...push, document, device_id, percentage });
      expect(await get(document)).toMatchObject({ device_id, percentage });
    }
  });

  it('keeps the last position of every device', async () => {
    const document = 'devices';
    for (const [device, device_id, progress] of [
      ['Kobo', 'A', 'a1'],
      ['Kobo', 'B', 'b1'],
      ['Kobo', undefined, 'n1'],
      ['Kobo', 'A', 'a2'],
    ] as const) {
      await put({ ...push, document, device, device_id, progress });
    }
    const positions = (await storedPositions(server.store)).filter((row) => row.document === document);
    expect(new Map(positions.map(({ deviceKey, position }) => [deviceKey, position]))).toEqual(
      new Map([
        ['iA', 'a2'],
        ['iB', 'b1'],
        ['nKobo', 'n1'],
      ]),
    );
  });

  it('registers devices from pushes, and two of the same model as two', async () => {
    const other = await addUser(server);
    const own = (await addKey(server, other.user.id)).text;
    for (const device_id of ['1', '2', '1']) {
      await server.send('PUT', `/koreader/${own}/syncs/progress`, { body: { ...push, device_id } });
    }
    const devices = await server.store.db.selectFrom('device').selectAll().execute();
    const mine = devices.filter((row) => row.user_id === other.user.id);
    expect(mine.map((row) => `${row.device_key.toString()} ${row.name.toString()}`).toSorted()).toEqual([
      'i1 Kobo_nova',
      'i2 Kobo_nova',
    ]);
    for (const row of mine) expect(Number(row.last_seen_s)).toBeGreaterThanOrEqual(Number(row.first_seen_s));
    await server.send('PUT', `/koreader/${own}/syncs/progress`, {
      body: { ...push, device_id: '1', device: 'Renamed' },
    });
    const [renamed] = await server.store.db
      .selectFrom('device')
      .selectAll()
      .where('user_id', '=', other.user.id)
      .execute();
    expect(renamed?.name.toString()).toBe('Renamed');
  });

  it('orders pushes of two servers on one database by arrival', async () => {
    const second = await startTestServer(database.url, {
      unknownDocuments: { account: 'store', 'api-key': 'store' },
    });
    try {
      const document = 'two-servers';
      for (let i = 0; i < 200; i++) {
        const at = i % 2 === 0 ? server : second;
        const reader = i % 2 === 0 ? second : server;
        // Each is sent after the one before was acknowledged, often within the same millisecond.
        const body = { ...push, document, device_id: `device ${String(i % 3)}`, progress: String(i) };
        expect((await at.send('PUT', `/koreader/${key}/syncs/progress`, { body })).status).toBe(200);
        const { json } = await reader.send('GET', `/koreader/${key}/syncs/progress/${document}`);
        expect(json).toMatchObject({ progress: String(i), device_id: `device ${String(i % 3)}` });
      }
    } finally {
      await second.close();
    }
  });
});
