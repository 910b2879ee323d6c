import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Kysely, sql } from 'kysely';
import { parseDatabaseUrl } from './database-url.js';
import { openMysql } from './mysql/mysql-dialect.js';
import type { Schema } from './schema.js';
import { openSqlite } from './sqlite/sqlite-dialect.js';
import { StorageError } from './database-error.js';

export type SqlDialect = 'sqlite' | 'mysql';

/** An open database. Repositories are functions that take it, or a transaction of it (see transaction.ts). */
export interface Store {
  readonly db: Kysely<Schema>;
  readonly dialect: SqlDialect;
}

export interface OpenStore extends Store {
  close(): Promise<void>;
}

export interface StoreOptions {
  /** Connections of the pool; SQLite has one. */
  readonly connections?: number;
  /**
   * A statement that takes longer fails and costs its connection: a server that stopped answering must not hold
   * requests for ever. Default: none. SQLite has no use for it.
   */
  readonly statementTimeoutMs?: number;
}

const DEFAULT_CONNECTIONS = 10;

/**
 * Opens the database and makes sure that it answers. Makes no tables: see migrate.ts.
 *
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
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StorageError(
      'database-unreachable',
      `The database at ${where} does not answer: ${reason}`,
      cause,
    );
  }
  return { db, dialect: location.dialect, close: () => db.destroy() };
}
