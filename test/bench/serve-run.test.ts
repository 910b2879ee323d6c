import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, it, onTestFinished } from 'vitest';
import { processIdOf } from '../../bench/bench-databases.js';
import { runChild } from '../../bench/child-process.js';
import { runRecord } from '../../bench/record/run-record.js';
import { checkIsOwn, parseAgainst } from '../../bench/sync/against-server.js';
import { repositoryRoot } from '../support/repository-root.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const RUN_DEADLINE_MS = 300_000;
/** What they measure is the processor time of the database, among other things. */
const isDatabaseSeen = (await processIdOf(inject('mysqlUrl'))) !== undefined;

interface Answer {
  readonly status: number;
  readonly body: object;
}

/** Speaks the routes of koreader-sync-server that the bench uses, with its statuses; counts what comes. */
class SmallSyncServer {
  readonly keys = new Map<string, string>();
  readonly places = new Map<string, object>();
  readonly requests = { create: 0, push: 0, pull: 0, refused: 0 };
  readonly #server = createServer((request, response) => void this.#take(request, response));

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const { status, body } = this.#answer(request, Buffer.concat(chunks).toString('utf8'));
    const text = JSON.stringify(body);
    response
      .writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': text.length })
      .end(text);
  }

  #answer({ method, url = '', headers }: IncomingMessage, body: string): Answer {
    if (!url.startsWith('/kosync/')) return { status: 404, body: {} };
    const path = url.slice('/kosync'.length);
    if (method === 'POST' && path === '/users/create') {
      this.requests.create += 1;
      const { username, password } = JSON.parse(body);
      if (this.keys.has(username)) return { status: 402, body: { code: 2002 } };
      this.keys.set(username, password);
      return { status: 201, body: { username } };
    }
    const user = String(headers['x-auth-user']);
    if (this.keys.get(user) !== headers['x-auth-key']) {
      this.requests.refused += 1;
      return { status: 401, body: { code: 2001 } };
    }
    if (path === '/users/auth') return { status: 200, body: { authorized: 'OK' } };
    if (method === 'PUT' && path === '/syncs/progress') {
      this.requests.push += 1;
      const place = JSON.parse(body);
      this.places.set(`${user}:${place.document}`, place);
      return { status: 200, body: { document: place.document, timestamp: 1 } };
    }
    this.requests.pull += 1;
    return { status: 200, body: this.places.get(`${user}:${path.split('/').at(-1)}`) ?? {} };
  }
}

it.runIf(isDatabaseSeen)(
  'a quick run of the serve suite measures both databases, a bare server and another sync server in turn',
  async () => {
    const { path } = await temporaryFolder();
    const other = new SmallSyncServer();
    onTestFinished(() => other.close());
    const port = await other.listen();
    const main = join(repositoryRoot, 'dist/bench/main.js');
    const folders = ['--cache', join(path, 'cache'), '--runs', join(path, 'runs')];
    const against = ['--against', `http://127.0.0.1:${port}/kosync`, '--against-pids', String(process.pid)];
    await runChild(process.execPath, [main, 'serve', '--quick', ...folders, ...against], {
      env: { ...process.env, DOGEAR_TEST_MYSQL_URL: inject('mysqlUrl') },
    });
    const [run = ''] = readdirSync(join(path, 'runs'));
    const record = runRecord.parse(JSON.parse(readFileSync(join(path, 'runs', run, 'record.json'), 'utf8')));
    expect(record.targets.filter(({ state }) => state === 'not measured')).toEqual([]);
    for (const { samples } of record.targets) expect(samples.every((sample) => sample > 0)).toBe(true);
    const names = record.series.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'pushes, 16 connections: MySQL/MariaDB, processor of the database',
        'pulls, 16 connections: SQLite',
        'pulls, 16 connections: koreader-sync-server',
        'memory at rest: SQLite',
        'pulls, 256 connections, full database',
      ]),
    );
    expect(record.facts['bytes of an answer']).toMatchObject({ push: expect.any(Number) });
    expect(other.requests).toMatchObject({ create: 5, refused: 0 });
    expect(other.requests.push).toBeGreaterThan(0);
    expect(other.requests.pull).toBeGreaterThan(0);
    expect([...other.keys.keys()]).toContain('dogear-bench-1');
    expect(other.places.size).toBeLessThanOrEqual(5 * 50);
  },
  RUN_DEADLINE_MS,
);

it('an address of another server is taken apart', () => {
  expect(parseAgainst('http://sync.home:17200/')).toEqual({ host: 'sync.home', port: 17_200, prefix: '' });
  expect(parseAgainst('http://10.0.0.1/kosync/')).toEqual({ host: '10.0.0.1', port: 80, prefix: '/kosync' });
  expect(() => parseAgainst('sync.home')).toThrow('takes an address');
  expect(() => parseAgainst('https://sync.home')).toThrow('http: addresses only');
  expect(() => parseAgainst('http://me:secret@sync.home')).toThrow('without user');
});

it.each([
  ['http://127.0.0.1:1', true],
  ['http://192.168.1.9', true],
  ['http://[::1]:1', true],
  ['http://[fd00::1]', true],
  ['http://8.8.8.8', false],
  ['http://172.32.0.1', false],
  ['http://[2001:4860:4860::8888]', false],
])('no load is put on servers that others use: %s', async (url, isOwn) => {
  const check = checkIsOwn(parseAgainst(url));
  await (isOwn ? expect(check).resolves.toBeUndefined() : expect(check).rejects.toThrow('private network'));
});
