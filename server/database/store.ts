import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { Kysely, sql } from 'kysely';
import { serverName } from '../../config/database-url.js';
import { parseDatabaseUrl } from './database-url.js';
import type { OnMoved } from './mysql/cluster-pool.js';
import type { Schema } from './schema.js';
import { fileStamp } from './sqlite/file-stamp.js';
import { fileIdentity } from './sqlite/file-watch.js';
import { openSqlite } from './sqlite/sqlite-dialect.js';
import { errorCode, errorMessage } from '../domain/error-text.js';
import { isRetryable, StorageError } from './database-error.js';
import { faultMessage, noteDatabase } from './database-fault.js';

export type SqlDialect = 'sqlite' | 'mysql';

/** An open database, or a transaction of it (see transaction.ts). Repositories are functions that take one. */
export interface Store {
  readonly db: Kysely<Schema>;
  readonly dialect: SqlDialect;
}

export interface OpenStore extends Store {
  /** A text that differs after each commit, by whichever process; `undefined`: nothing but a statement tells. */
  stamp(this: void): string | undefined;
  /** Closes all connections. Takes a second at most for MySQL, even when the server does not answer. */
  close(): Promise<void>;
}

export interface StoreOptions {
  /**
   * Most connections of the pool. Ignored for SQLite, which always has two: one for reads, one for writes. Default:
   * {@link DEFAULT_CONNECTIONS}.
   */
  readonly connections?: number;
  /**
   * A statement that takes longer fails, and its connection is closed, so that a server that stopped answering does not
   * hold requests for ever. Default: no limit. Ignored for SQLite.
   */
  readonly statementTimeoutMs?: number;
  /** Called with the error of each statement that failed, and of each connection that could not be had. */
  readonly onFailure?: (error: unknown) => void;
  /** Called when another one of several servers is used from now on. */
  readonly onMoved?: OnMoved;
}

/** As of the setting. */
export const DEFAULT_CONNECTIONS = 10;

/**
 * How often the first connection to one of several servers is tried. Leaving servers that do not answer takes up to three
 * seconds (cluster-pool.ts), which is longer than a statement waits for a connection.
 */
const CLUSTER_ATTEMPTS = 3;

/**
 * Opens the database and checks that it answers. Creates the SQLite file and its folder, but no tables: see migrate.ts.
 *
 * @param url as parseDatabaseUrl takes it
 * @throws StorageError `bad-database-url`, `database-unreachable`
 */
export async function openStore(url: string, options: StoreOptions = {}): Promise<OpenStore> {
  const location = parseDatabaseUrl(url);
  const where =
    location.dialect === 'sqlite'
      ? location.file
      : `${location.servers.map(serverName).join(',')}/${location.database}`;
  const onFailure = (error: unknown): void => {
    noteDatabase(error, where);
    options.onFailure?.(error);
  };
  if (location.dialect === 'sqlite') makeFile(location.file);
  const attempts = location.dialect === 'mysql' && location.servers.length > 1 ? CLUSTER_ATTEMPTS : 1;
  const db = new Kysely<Schema>({
    dialect:
      location.dialect === 'sqlite'
        ? openSqlite(location.file, onFailure)
        : (await import('./mysql/mysql-dialect.js')).openMysql(location, {
            connections: options.connections ?? DEFAULT_CONNECTIONS,
            statementTimeoutMs: options.statementTimeoutMs,
            onFailure,
            ...(options.onMoved === undefined ? {} : { onMoved: options.onMoved }),
          }),
  });
  try {
    await connectOnce(db, attempts);
  } catch (cause) {
    await db.destroy().catch(() => undefined);
    throw new StorageError(
      'database-unreachable',
      faultMessage(cause) ?? `The database at ${where} cannot be used: ${errorMessage(cause)}`,
      cause,
    );
  }
  return {
    db,
    dialect: location.dialect,
    stamp: () => (location.dialect === 'sqlite' ? fileStamp(location.file) : undefined),
    close: () => db.destroy(),
  };
}

/** @throws the error of the last attempt */
async function connectOnce(db: Kysely<Schema>, attempts: number): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await sql`select 1`.execute(db);
      return;
    } catch (error) {
      if (attempt >= attempts || !isRetryable(error)) throw error;
    }
  }
}

/**
 * Makes the file of a new database, readable for its owner alone: it holds hashes of passwords. SQLite gives its other
 * files the same mode. A file that exists is not opened: closing it would take SQLite's locks from the whole process.
 */
function makeFile(file: string): void {
  try {
    mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  } catch (cause) {
    throw notMade(file, errorMessage(cause), cause);
  }
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (cause) {
    const isThere = errorCode(cause) === 'EEXIST';
    if (isThere && fileIdentity(file) !== undefined) return;
    throw notMade(file, isThere ? 'it is a link that leads to no file' : errorMessage(cause), cause);
  }
}

function notMade(file: string, reason: string, cause: unknown): StorageError {
  return new StorageError(
    'database-unreachable',
    `The database at ${file} cannot be made: ${reason}. Check the path in database.url, and who may write there.`,
    cause,
  );
}
