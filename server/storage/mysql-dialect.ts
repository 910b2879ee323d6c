import { type Dialect, MysqlDialect } from 'kysely';
import { createPool } from 'mysql2';
import type { DatabaseLocation } from './database-url.js';

/** A server that does not take a connection in this time is away, for a client that waits two seconds. */
const CONNECT_TIMEOUT_MS = 1500;

export function openMysql(
  location: Extract<DatabaseLocation, { dialect: 'mysql' }>,
  connections: number,
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
  return new MysqlDialect({ pool });
}
