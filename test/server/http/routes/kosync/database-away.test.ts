import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConnection } from 'mysql2/promise';
import { type PrivateMysql, startPrivateMysql } from '../../../../support/private-mysql.js';
import { addKey, addUser, startTestServer, type TestServer } from './sync-server.js';

// A reader waits two seconds; a 503 before that makes it keep the position and send it again.
const READER_TIMEOUT_MS = 2000;

describe('while the database is away', () => {
  let mysql: PrivateMysql;
  let server: TestServer;
  let path: string;

  beforeAll(async () => {
    mysql = await startPrivateMysql();
    const connection = await createConnection({ uri: mysql.url });
    await connection.query('create database dogear');
    await connection.end();
    server = await startTestServer(`${mysql.url}/dogear`, {
      unknownDocuments: { account: 'store', 'api-key': 'store' },
    });
    const { user } = await addUser(server);
    path = `/koreader/${(await addKey(server, user.id)).text}/syncs/progress`;
  });

  afterAll(async () => {
    await server.close();
    await mysql.remove();
  });

  const acknowledged = new Map<string, number>();
  let pushes = 0;

  /** 20 readers, each with a document of its own, push one request after the other until they are stopped. */
  function startReaders() {
    const outcomes: { readonly status: number; readonly elapsedMs: number }[] = [];
    const stopping = new AbortController();
    const readers = Array.from({ length: 20 }, async (_, reader) => {
      while (!stopping.signal.aborted) {
        const document = `reader-${String(reader)}`;
        const position = ++pushes;
        const startedMs = performance.now();
        const body = {
          document,
          progress: String(position),
          percentage: 0.5,
          device: 'Kobo',
          device_id: 'A',
        };
        const { status } = await server.send('PUT', path, { body });
        outcomes.push({ status, elapsedMs: performance.now() - startedMs });
        if (status === 200) acknowledged.set(document, position);
      }
    });
    return {
      outcomes,
      stop: async () => {
        stopping.abort();
        await Promise.all(readers);
      },
    };
  }

  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  async function until(condition: () => boolean): Promise<void> {
    const deadline = performance.now() + 30_000;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error('it never came to that');
      await sleep(20);
    }
  }

  /** Takes the database away under load and brings it back. */
  async function outage(take: () => Promise<void>, bringBack: () => Promise<void>): Promise<void> {
    const readers = startReaders();
    await until(() => readers.outcomes.length > 100);
    await take();
    const before = readers.outcomes.length;
    await until(() => readers.outcomes.length > before + 60);
    const during = readers.outcomes.slice(before + 20);
    await bringBack();
    const back = readers.outcomes.length;
    await until(() => readers.outcomes.slice(back).filter(({ status }) => status === 200).length > 100);
    await readers.stop();
    expect(new Set(during.map(({ status }) => status))).toEqual(new Set([503]));
    expect(new Set(readers.outcomes.map(({ status }) => status))).toEqual(new Set([200, 503]));
    expect(Math.max(...readers.outcomes.map(({ elapsedMs }) => elapsedMs))).toBeLessThan(READER_TIMEOUT_MS);
    for (const [document, position] of acknowledged) {
      const { json } = await server.send('GET', `${path}/${document}`);
      // A push that was answered 503 may have been written. An acknowledged push is never lost.
      expect(Number(Object(json).progress)).toBeGreaterThanOrEqual(position);
    }
  }

  it('stopped: answers 503 in time, loses no acknowledged push, and recovers by itself', () =>
    outage(
      () => mysql.stop(),
      () => mysql.start(),
    ));

  it('frozen: answers 503 in time, loses no acknowledged push, and recovers by itself', () =>
    outage(
      () => Promise.resolve(void process.kill(mysql.processId, 'SIGSTOP')),
      () => Promise.resolve(void process.kill(mysql.processId, 'SIGCONT')),
    ));

  it('killed: answers a request to delete an account with 503, and carries it out when the database is back', async () => {
    const { headers } = await addUser(server);
    expect((await server.send('GET', '/users/auth', { headers })).status).toBe(200);
    process.kill(mysql.processId, 'SIGKILL');
    const reply = await server.send('DELETE', '/users/me', { headers });
    await mysql.stop();
    await mysql.start();
    expect([reply.status, reply.json]).toMatchObject([503, { code: 2014 }]);
    expect((await server.send('DELETE', '/users/me', { headers })).status).toBe(200);
    expect((await server.send('GET', '/users/auth', { headers })).status).toBe(401);
  });

  it('answers logins and pulls with 503 as well, never with 401', async () => {
    const { headers } = await addUser(server);
    const key = path.replace('/syncs/progress', '');
    await mysql.stop();
    try {
      await sleep(4500);
      for (const [method, at, options] of [
        ['GET', '/users/auth', { headers }],
        ['GET', `${key}/users/auth`, {}],
        ['GET', `${path}/reader-1`, {}],
      ] as const) {
        const startedMs = performance.now();
        const reply = await server.send(method, at, options);
        expect([reply.status, reply.json]).toMatchObject([503, { code: expect.any(Number) }]);
        expect(reply.headers['content-type']).toBe('application/json');
        expect(reply.headers['retry-after']).toBeDefined();
        expect(performance.now() - startedMs).toBeLessThan(READER_TIMEOUT_MS);
      }
      expect((await server.send('GET', '/healthcheck')).status).toBe(200);
    } finally {
      await mysql.start();
    }
    const reply = await server.send('GET', '/users/auth', { headers });
    expect(reply.status).toBe(200);
  });
});
