import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Connection, createConnection } from 'mysql2/promise';
import { inject } from 'vitest';
import { temporaryFolder } from './temporary-folder.js';

export interface TestDatabase {
  /** As the setting `database.url` takes it. */
  readonly url: string;
  drop(): Promise<void>;
}

export interface TestDatabaseKind {
  readonly name: 'sqlite' | 'mysql';
  /** A fresh, empty database that no other test sees. */
  readonly create: () => Promise<TestDatabase>;
}

/** Both kinds of database: `describe.each(testDatabases())('…on $name', ({ create }) => …)`. */
export function testDatabases(): readonly TestDatabaseKind[] {
  return [
    { name: 'sqlite', create: createSqlite },
    { name: 'mysql', create: createMysql },
  ];
}

async function createSqlite(): Promise<TestDatabase> {
  const folder = await temporaryFolder();
  return { url: `sqlite:${join(folder.path, 'test.db')}`, drop: () => folder.remove() };
}

async function createMysql(): Promise<TestDatabase> {
  const name = `dogear_test_${randomBytes(8).toString('hex')}`;
  // With the server's own default character set and collation: the schema must not depend on them.
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
    // A test that left a transaction open gets an error with a name instead of a test that hangs.
    await connection.query('SET SESSION lock_wait_timeout = 20');
    await work(connection);
  } finally {
    await connection.end();
  }
}
