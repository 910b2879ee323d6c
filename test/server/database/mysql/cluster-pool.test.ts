import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { retrying } from '../../../../server/database/transaction.js';
import { type OpenStore, openStore } from '../../../../server/database/store.js';
import { freePort } from '../../../support/free-port.js';
import { type PrivateMysql, startPrivateMysql } from '../../../support/private-mysql.js';

/** Two servers that do not know each other: which of them answers is told by its port. */
describe('a store on several servers', () => {
  const opened: OpenStore[] = [];
  let first: PrivateMysql;
  let second: PrivateMysql;
  const moves: string[] = [];

  beforeAll(async () => {
    [first, second] = (await Promise.all([0, 1].map(() => startPrivateMysql({ isDurable: false })))) as [
      PrivateMysql,
      PrivateMysql,
    ];
    for (const server of [first, second]) await prepare(server);
  });
  beforeEach(async () => {
    moves.length = 0;
    await Promise.all([first, second].map(start));
  });
  afterAll(async () => {
    await Promise.all(opened.map((store) => store.close()));
    await Promise.all([first, second].map((server) => server.remove()));
  });

  it('uses the first one, and the one named as writer before it', async () => {
    expect(await answering(await open(first, second))).toBe(portOf(first));
    expect(await answering(await open(first, second, `?write=127.0.0.1:${portOf(second)}`))).toBe(
      portOf(second),
    );
    expect(moves).toEqual([]);
  });

  it('starts on the next one when nobody listens at the first address', async () => {
    const url = address(`127.0.0.1:${String(await freePort())},${hostOf(second)}`);
    expect(await answering(await openUrl(url))).toBe(portOf(second));
  });

  it('goes on over the next one when the server is killed, and returns when it has been well for a while', async () => {
    const store = await open(first, second);
    expect(await answering(store)).toBe(portOf(first));
    process.kill(first.processId, 'SIGKILL');
    await first.stop();
    expect(await answering(store)).toBe(portOf(second));
    await first.start();
    await until(store, first);
    expect(moves).toEqual([`${hostOf(first)} > ${hostOf(second)}`, `${hostOf(second)} > ${hostOf(first)}`]);
  });

  it('goes on over the next one when the server is frozen, and repeats what waited for it', async () => {
    const store = await open(first, second);
    expect(await answering(store)).toBe(portOf(first));
    process.kill(first.processId, 'SIGSTOP');
    try {
      expect(await Promise.all([answering(store), answering(store)])).toEqual([
        portOf(second),
        portOf(second),
      ]);
    } finally {
      process.kill(first.processId, 'SIGCONT');
    }
  });

  it('fails statements without a time limit when the server is frozen', async () => {
    const store = await openUrl(address(`${hostOf(first)},${hostOf(second)}`), {});
    expect(await answering(store)).toBe(portOf(first));
    process.kill(first.processId, 'SIGSTOP');
    try {
      expect(await Promise.all([answering(store), answering(store)])).toEqual([
        portOf(second),
        portOf(second),
      ]);
    } finally {
      process.kill(first.processId, 'SIGCONT');
    }
  });

  it('starts on the next one when the first accepts connections and says nothing', async () => {
    process.kill(first.processId, 'SIGSTOP');
    try {
      expect(await answering(await open(first, second))).toBe(portOf(second));
    } finally {
      process.kill(first.processId, 'SIGCONT');
    }
  });

  it('goes on over the next one when the server takes no writes any more', async () => {
    const store = await open(first, second);
    const write = (): Promise<unknown> =>
      retrying(() => sql`insert into written values (@@port)`.execute(store.db));
    await write();
    await run(first, 'set global read_only = on');
    // The account has all privileges, which read_only does not bind.
    await until(store, second);
    await write();
    await run(first, 'set global read_only = off');
  });

  it('stays where it is when no other server is well', async () => {
    const store = await open(first, second);
    expect(await answering(store)).toBe(portOf(first));
    await Promise.all([first, second].map((server) => server.stop()));
    await expect(sql`select 1`.execute(store.db)).rejects.toThrow(/ECONNREFUSED|lost|closed/i);
    await first.start();
    expect(await answering(store)).toBe(portOf(first));
  });

  async function open(...servers: [PrivateMysql, PrivateMysql, string?]): Promise<OpenStore> {
    const [one, other, query = ''] = servers;
    return openUrl(address(`${hostOf(one)},${hostOf(other)}`) + query);
  }

  async function openUrl(
    url: string,
    limit: { readonly statementTimeoutMs?: number } = { statementTimeoutMs: 1500 },
  ): Promise<OpenStore> {
    const store = await openStore(url, {
      connections: 2,
      ...limit,
      onMoved: ({ from, to }) => moves.push(`${from} > ${to}`),
    });
    opened.push(store);
    return store;
  }
});

const PASSWORD = 'the-same-on-both';

function address(hosts: string): string {
  return `mysql://reader:${PASSWORD}@${hosts}/books`;
}

function hostOf({ url }: PrivateMysql): string {
  return new URL(url).host;
}

function portOf({ url }: PrivateMysql): number {
  return Number(new URL(url).port);
}

async function prepare(server: PrivateMysql): Promise<void> {
  await run(server, 'create database books');
  await run(server, 'create table books.written (port int not null)');
  await run(server, `create user reader@'127.0.0.1' identified by '${PASSWORD}'`);
  await run(server, `grant all on *.* to reader@'127.0.0.1'`);
}

async function start(server: PrivateMysql): Promise<void> {
  if (!server.isRunning) await server.start();
}

async function run(server: PrivateMysql, statement: string): Promise<void> {
  const connection = await createConnection(server.url);
  await connection.query(statement);
  await connection.end();
}

async function answering(store: OpenStore): Promise<number> {
  const { rows } = await retrying(() => sql<{ port: number }>`select @@port as port`.execute(store.db));
  return rows[0]?.port ?? 0;
}

/** Fails by the test's own time limit. */
async function until(store: OpenStore, server: PrivateMysql): Promise<void> {
  while ((await answering(store)) !== portOf(server)) await sleep(100);
}
