import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Kysely, sql } from 'kysely';
import { parseDatabaseUrl } from './database-url.js';
import { openMysql } from './mysql/mysql-dialect.js';
import type { Schema } from './schema.js';
import { openSqlite } from './sqlite/sqlite-dialect.js';
import { errorMessage } from '../domain/error-text.js';
import { StorageError } from './database-error.js';

export type SqlDialect = 'sqlite' | 'mysql';

/** An open database, or a transaction of it (see transaction.ts). Repositories are functions that take one. */
export interface Store {
  readonly db: Kysely<Schema>;
  readonly dialect: SqlDialect;
}

export interface OpenStore extends Store {
  /** Closes all connections. Takes a second at most for MySQL, even when the server does not answer. */
  close(): Promise<void>;
}

export interface StoreOptions {
  /** Most connections of the pool. Ignored for SQLite, which always has two: one for reads, one for writes. */
  readonly connections?: number;
  /**
   * A statement that takes longer fails, and its connection is closed, so that a server that stopped answering does not
   * hold requests for ever. Default: no limit. Ignored for SQLite.
   */
  readonly statementTimeoutMs?: number;
}

const DEFAULT_CONNECTIONS = 10;

/**
 * Opens the database and checks that it answers. Creates the SQLite file and its folder, but no tables: see migrate.ts.
 *
 * @param url as parseDatabaseUrl takes it
 * @throws StorageError `bad-database-url`, `database-unreachable`
 */
export async function openStore(url: string, options: StoreOptions = {}): Promise<OpenStore> {
  const location = parseDatabaseUrl(url);
  if (location.dialect === 'sqlite')
    mkdirSync(path.dirname(path.resolve(location.file)), { recursive: true });
  const db = new Kysely<Schema>({
    dialect:
      location.dialect === 'sqlite'
        ? openSqlite(location.file)
        : openMysql(location, {
            connections: options.connections ?? DEFAULT_CONNECTIONS,
            statementTimeoutMs: options.statementTimeoutMs,
          }),
  });
  const where =
    location.dialect === 'sqlite'
      ? location.file
      : `${location.host}:${String(location.port)}/${location.database}`;
  try {
    await sql`select 1`.execute(db);
  } catch (cause) {
    await db.destroy().catch(() => undefined);
    throw new StorageError(
      'database-unreachable',
      `The database at ${where} does not answer: ${errorMessage(cause)}`,
      cause,
    );
  }
  return { db, dialect: location.dialect, close: () => db.destroy() };
}
