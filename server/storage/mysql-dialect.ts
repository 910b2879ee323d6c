import { CompiledQuery, type Dialect, MysqlDialect } from 'kysely';
import { createPool } from 'mysql2';
import type { DatabaseLocation } from './database-url.js';
import { timedPool } from './timed-pool.js';

/** A server that does not take a connection in this time is away, for a client that waits two seconds. */
const CONNECT_TIMEOUT_MS = 1500;

/** What every statement may rely on, whatever the server's administrator prefers. One statement a setting. */
const SESSION = [
  // No gap locks: pushes of neighbouring documents must not wait for each other, or deadlock.
  'set session transaction isolation level read committed',
  // What does not fit is refused, never cut short. Not NO_BACKSLASH_ESCAPES: mysql2 escapes with backslashes.
  "set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
];

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
    connectTimeout: CONNECT_TIMEOUT_MS,
    charset: 'utf8mb4',
    timezone: 'Z',
    // 64-bit integers that a double cannot hold come back as decimal strings.
    supportBigNumbers: true,
    bigNumberStrings: false,
  });
  return new MysqlDialect({
    pool: statementTimeoutMs === undefined ? pool : timedPool(pool, statementTimeoutMs),
    onCreateConnection: async (connection) => {
      for (const statement of SESSION) await connection.executeQuery(CompiledQuery.raw(statement));
    },
  });
}
