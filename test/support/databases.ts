import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Connection, createConnection } from 'mysql2/promise';
import { inject } from 'vitest';
import { temporaryFolder } from './temporary-folder.js';

export interface TestDatabase {
  /** A value of the setting `database.url`. */
  readonly url: string;
  drop(): Promise<void>;
}

export interface TestDatabaseKind {
  readonly name: 'sqlite' | 'mysql';
  /** Creates an empty database for the caller alone. */
  readonly create: () => Promise<TestDatabase>;
}

export const SQLITE: TestDatabaseKind = { name: 'sqlite', create: createSqlite };
export const MYSQL: TestDatabaseKind = { name: 'mysql', create: createMysql };

/** Both kinds of database: `describe.each(testDatabases())('…on $name', ({ create }) => …)`. */
export function testDatabases(): readonly TestDatabaseKind[] {
  return [SQLITE, MYSQL];
}

async function createSqlite(): Promise<TestDatabase> {
  const folder = await temporaryFolder();
  return { url: `sqlite:${join(folder.path, 'test.db')}`, drop: () => folder.remove() };
}

async function createMysql(): Promise<TestDatabase> {
  const name = `dogear_test_${randomBytes(8).toString('hex')}`;
  // With the server's default character set and collation, on which the schema must not depend.
  await asAdministrator((connection) => connection.query(`CREATE DATABASE ${name}`));
  const url = new URL(inject('mysqlUrl'));
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: () => asAdministrator((connection) => connection.query(`DROP DATABASE IF EXISTS ${name}`)),
  };
}

async function asAdministrator(work: (connection: Connection) => Promise<unknown>): Promise<void> {
  const connection = await createConnection({ uri: inject('mysqlUrl') });
  try {
    // Without this limit, a test that left a transaction open would hang here instead of failing.
    await connection.query('SET SESSION lock_wait_timeout = 20');
    await work(connection);
  } finally {
    await connection.end();
  }
}
