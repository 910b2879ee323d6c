import { type Dialect, MysqlDialect } from 'kysely';
import { createPool, format, type SqlValue } from 'mysql2';
import type { DatabaseLocation } from '../../../config/database-url.js';
import { ClusterMysqlAdapter } from './mysql-adapter.js';
import { mysqlPool } from './mysql-pool.js';
import { sessionStatements } from './mysql-session.js';

/** A server that accepts no connection within this time counts as unavailable. Clients wait two seconds for an answer. */
const CONNECT_TIMEOUT_MS = 1500;

/**
 * An idle connection is closed after this time, which must be shorter than the session's own timeout
 * (WAIT_TIMEOUT_SECONDS in mysql-session.ts).
 */
const IDLE_TIMEOUT_MS = 30_000;

export interface MysqlOptions {
  readonly connections: number;
  /** A statement that takes longer fails, and its connection is closed. `undefined`: no limit. */
  readonly statementTimeoutMs: number | undefined;
  /** Called with the error of each statement that failed, and of each connection that could not be had. */
  readonly onFailure?: (error: unknown) => void;
}

/** A Kysely dialect with a pool of connections, which are opened when statements need them. */
export function openMysql(
  location: Extract<DatabaseLocation, { dialect: 'mysql' }>,
  { connections, statementTimeoutMs, onFailure }: MysqlOptions,
): Dialect {
  const { host, port, user, password, database, socketPath } = location;
  const pool = createPool({
    ...(socketPath === undefined ? { host, port } : { socketPath }),
    ...(location.tls ? { ssl: { rejectUnauthorized: true } } : {}),
    user,
    password,
    database,
    connectionLimit: connections,
    // mysql2 looks for idle connections only where `maxIdle` is below the limit.
    maxIdle: connections - 1,
    idleTimeout: IDLE_TIMEOUT_MS,
    gracefulEnd: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // mysql-pool.ts sends `begin` and the first statement in one message. Safe, because mysql2 escapes all values.
    multipleStatements: true,
    charset: 'utf8mb4',
    queryFormat,
    timezone: TIMEZONE,
    // 64-bit integers that a double cannot hold exactly come back as decimal strings.
    supportBigNumbers: true,
    bigNumberStrings: false,
  });
  return new ClusterMysqlDialect({
    pool: mysqlPool(pool, {
      session: sessionStatements(statementTimeoutMs),
      timeoutMs: statementTimeoutMs,
      ...(onFailure === undefined ? {} : { onFailure }),
    }),
  });
}

/** Without values, mysql2 would search the whole text for a question mark, and texts with many rows are long. */
function queryFormat(text: string, values: SqlValue[]): string {
  return values.length === 0 ? text : format(text, values, false, TIMEZONE);
}

const TIMEZONE = 'Z';

class ClusterMysqlDialect extends MysqlDialect {
  override createAdapter(): ClusterMysqlAdapter {
    return new ClusterMysqlAdapter();
  }
}
