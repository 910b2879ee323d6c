import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { type Connection, createConnection } from 'mysql2/promise';
import { z } from 'zod';
import { startPrivateMysql } from '../test/support/private-mysql.js';

export const DATABASE_KINDS = ['sqlite', 'mysql'] as const;
export type DatabaseKind = (typeof DATABASE_KINDS)[number];

export interface BenchDatabase {
  readonly kind: DatabaseKind;
  /** As the setting `database.url` takes it. */
  readonly url: string;
  drop(): Promise<void>;
}

/** A MySQL-protocol server with durable defaults; to be closed. */
export interface MysqlServer {
  /** Version, and the settings that determine the cost of a commit. */
  readonly description: string;
  /** For its processor time; `undefined` where it runs on another machine, or its process may not be looked at. */
  readonly processId: number | undefined;
  createDatabase(): Promise<BenchDatabase>;
  /**
   * Sets the server's buffer pool to that many bytes while `work` runs, unless it is larger already.
   *
   * @returns `undefined`, without `work`, where the account may not change it
   */
  withBufferPool<Result>(bytes: number, work: () => Promise<Result>): Promise<Result | undefined>;
  close(): Promise<void>;
}

/** A new, empty SQLite file. */
export function createSqlite(folder: string): BenchDatabase {
  const file = join(folder, `${randomBytes(6).toString('hex')}.db`);
  return {
    kind: 'sqlite',
    url: `sqlite:${file}`,
    drop: async () => {
      for (const ending of ['', '-wal', '-shm']) await rm(file + ending, { force: true });
    },
  };
}

/**
 * Starts a server for this run, or takes that of DOGEAR_TEST_MYSQL_URL, where databases are created and dropped.
 *
 * @throws Error that says what to install where no server can be started
 */
export async function startMysql(): Promise<MysqlServer> {
  const givenUrl = process.env['DOGEAR_TEST_MYSQL_URL'];
  const isGiven = givenUrl !== undefined && givenUrl !== '';
  const server = isGiven ? { url: givenUrl, remove: () => Promise.resolve() } : await startPrivateMysql();
  try {
    return {
      description: `${await describe(server.url)}${isGiven ? ', given' : ', started for the run'}`,
      processId: await processIdOf(server.url),
      createDatabase: async () => {
        const name = `dogear_bench_${randomBytes(6).toString('hex')}`;
        await asAdministrator(server.url, (connection) => connection.query(`CREATE DATABASE ${name}`));
        const url = new URL(server.url);
        url.pathname = `/${name}`;
        return {
          kind: 'mysql',
          url: url.href,
          drop: async () => {
            await asAdministrator(server.url, (connection) =>
              connection.query(`DROP DATABASE IF EXISTS ${name}`),
            );
          },
        };
      },
      withBufferPool: (bytes, work) => withBufferPool(server.url, bytes, work),
      close: () => server.remove(),
    };
  } catch (error) {
    await server.remove();
    throw error;
  }
}

const NAMES_OF_SERVERS = /^(?:mariadbd|mysqld)$/m;

/** The process of a database server on this machine; `undefined` where it cannot be seen, as in a container. */
export async function processIdOf(url: string): Promise<number | undefined> {
  const [rows] = await asAdministrator(url, (connection) =>
    connection.query('SELECT @@hostname AS host, @@datadir AS folder, @@pid_file AS file'),
  );
  const [{ host, folder, file }] = z
    .tuple([z.object({ host: z.string(), folder: z.string(), file: z.string() })])
    .parse(rows);
  if (host !== hostname()) return undefined;
  try {
    const processId = Number(readFileSync(resolve(folder, file), 'utf8'));
    // Another machine of the same name has another process of that number.
    return NAMES_OF_SERVERS.test(readFileSync(`/proc/${processId}/comm`, 'utf8')) ? processId : undefined;
  } catch {
    return undefined;
  }
}

const serverFacts = z.tuple([
  z.object({ version: z.string(), flush: z.coerce.string(), buffer_pool_mib: z.coerce.number() }),
]);

async function describe(url: string): Promise<string> {
  const [rows] = await asAdministrator(url, (connection) =>
    connection.query(
      'SELECT version() AS version, @@innodb_flush_log_at_trx_commit AS flush, ' +
        '@@innodb_buffer_pool_size / 1048576 AS buffer_pool_mib',
    ),
  );
  const [{ version, flush, buffer_pool_mib }] = serverFacts.parse(rows);
  return `${version}, innodb_flush_log_at_trx_commit=${flush}, buffer pool ${buffer_pool_mib} MiB`;
}

async function withBufferPool<Result>(
  url: string,
  bytes: number,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  const before = await bufferPoolBytes(url);
  if (before >= bytes) return work();
  try {
    await setBufferPool(url, bytes);
  } catch (error) {
    if (isRefused(error)) return undefined;
    throw error;
  }
  try {
    return await work();
  } finally {
    await setBufferPool(url, before);
  }
}

/** The server resizes the pool in the background. Pages that are read meanwhile are kept, so there is no wait here. */
async function setBufferPool(url: string, bytes: number): Promise<void> {
  await asAdministrator(url, (connection) =>
    connection.query('SET GLOBAL innodb_buffer_pool_size = ?', [bytes]),
  );
}

async function bufferPoolBytes(url: string): Promise<number> {
  const [rows] = await asAdministrator(url, (connection) =>
    connection.query('SELECT @@innodb_buffer_pool_size AS bytes'),
  );
  return z.tuple([z.object({ bytes: z.coerce.number() })]).parse(rows)[0].bytes;
}

/** ER_SPECIFIC_ACCESS_DENIED_ERROR: a privilege is missing. ER_INCORRECT_GLOBAL_LOCAL_VAR: the pool cannot be resized. */
const REFUSALS = new Set<unknown>([1227, 1238]);

function isRefused(error: unknown): boolean {
  return error instanceof Error && 'errno' in error && REFUSALS.has(error.errno);
}

/** Does something with a connection to the server of a URL. */
export async function asAdministrator<Result>(
  uri: string,
  work: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = await createConnection({ uri });
  try {
    return await work(connection);
  } finally {
    await connection.end();
  }
}
