import { type Dialect, MysqlDialect } from 'kysely';
import { createPool, format, type SqlValue } from 'mysql2';
import type { DatabaseLocation } from '../../../config/database-url.js';
import { ClusterMysqlAdapter } from './mysql-adapter.js';
import { mysqlPool } from './mysql-pool.js';
import { sessionStatements } from './mysql-session.js';

/** A server that does not take a connection in this time is away, for a client that waits two seconds. */
const CONNECT_TIMEOUT_MS = 1500;

/**
 * A connection that was not needed for this long is closed; shorter than the database would wait (mysql-session.ts).
 * One of them is kept by mysql2 only as long as it is not the last (`maxIdle`).
 */
const IDLE_TIMEOUT_MS = 30_000;

export interface MysqlOptions {
  readonly connections: number;
  /** A statement that takes longer has lost its connection, or will; `undefined`: it may take any time. */
  readonly statementTimeoutMs: number | undefined;
}

export function openMysql(
  location: Extract<DatabaseLocation, { dialect: 'mysql' }>,
  { connections, statementTimeoutMs }: MysqlOptions,
): Dialect {
  const { host, port, user, password, database, socketPath } = location;
  const pool = createPool({
    ...(socketPath === undefined ? { host, port } : { socketPath }),
    ...(location.tls ? { ssl: { rejectUnauthorized: true } } : {}),
    user,
    password,
    database,
    connectionLimit: connections,
    // Fewer than the limit, or nothing idle is ever closed.
    maxIdle: connections - 1,
    idleTimeout: IDLE_TIMEOUT_MS,
    gracefulEnd: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // For `begin` with the statement after it (mysql-pool.ts); every value is escaped, none is part of a text.
    multipleStatements: true,
    charset: 'utf8mb4',
    queryFormat,
    timezone: TIMEZONE,
    // 64-bit integers that a double cannot hold come back as decimal strings.
    supportBigNumbers: true,
    bigNumberStrings: false,
  });
  return new ClusterMysqlDialect({
    pool: mysqlPool(pool, {
      session: sessionStatements(statementTimeoutMs),
      timeoutMs: statementTimeoutMs,
    }),
  });
}

/** Without values mysql2 would search the whole text of a batch of pushes for the first question mark. */
function queryFormat(text: string, values: SqlValue[]): string {
  return values.length === 0 ? text : format(text, values, false, TIMEZONE);
}

const TIMEZONE = 'Z';

class ClusterMysqlDialect extends MysqlDialect {
  override createAdapter(): ClusterMysqlAdapter {
    return new ClusterMysqlAdapter();
  }
}
