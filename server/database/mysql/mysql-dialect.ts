import { type Dialect, MysqlDialect } from 'kysely';
import { type ConnectionOptions, createPool, format, type PoolOptions, type SqlValue } from 'mysql2';
import type { DatabaseLocation } from '../../../config/database-url.js';
import { ClusterPool, type OnMoved } from './cluster-pool.js';
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
  /** Called when another server of several is used from now on. */
  readonly onMoved?: OnMoved;
}

/** A Kysely dialect with a pool of connections, which are opened when statements need them. */
export function openMysql(
  location: Extract<DatabaseLocation, { dialect: 'mysql' }>,
  { connections, statementTimeoutMs, onFailure, onMoved }: MysqlOptions,
): Dialect {
  const { servers, user, password, database, socketPath } = location;
  const limits: PoolOptions = {
    connectionLimit: connections,
    // mysql2 looks for idle connections only where `maxIdle` is below the limit.
    maxIdle: connections - 1,
    idleTimeout: IDLE_TIMEOUT_MS,
    gracefulEnd: true,
  };
  const connection: ConnectionOptions = {
    ...(location.tls ? { ssl: { rejectUnauthorized: true } } : {}),
    user,
    password,
    database,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // mysql-pool.ts sends `begin` and the first statement in one message. Safe, because mysql2 escapes all values.
    multipleStatements: true,
    charset: 'utf8mb4',
    queryFormat,
    timezone: TIMEZONE,
    // 64-bit integers that a double cannot hold exactly come back as decimal strings.
    supportBigNumbers: true,
    bigNumberStrings: false,
  };
  const session = sessionStatements(statementTimeoutMs);
  if (servers.length > 1 && socketPath === undefined) {
    const cluster = new ClusterPool(servers, connection, limits, (move) => onMoved?.(move));
    const noted = (error: unknown): void => {
      cluster.note(error);
      onFailure?.(error);
    };
    return new ClusterMysqlDialect({
      pool: mysqlPool(cluster, { session, timeoutMs: statementTimeoutMs, onFailure: noted }),
    });
  }
  const [{ host, port }] = servers;
  const pool = createPool({
    ...connection,
    ...limits,
    ...(socketPath === undefined ? { host, port } : { socketPath }),
  });
  return new ClusterMysqlDialect({
    pool: mysqlPool(pool, {
      session,
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
