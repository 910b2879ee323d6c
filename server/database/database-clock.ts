import { type RawBuilder, sql } from 'kysely';
import type { SqlDialect, Store } from './store.js';
import { toNumber } from './int64.js';

/**
 * An SQL expression for the database's time in milliseconds since 1970. Moments that several machines compare must come
 * from this clock alone, because the machines' own clocks may differ. SQLite has no server, so there it is the machine's
 * clock.
 *
 * UTC is used throughout. `unix_timestamp(now())` would convert through the server's time zone, whose clocks go back
 * once a year.
 */
export function databaseNowMs(dialect: SqlDialect): RawBuilder<number> {
  return dialect === 'sqlite'
    ? sql<number>`${sql.lit(Date.now())}`
    : sql<number>`timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000`;
}

/** The database's time in milliseconds since 1970; see {@link databaseNowMs}. */
export async function readDatabaseNowMs(store: Store): Promise<number> {
  const { rows } = await sql<{
    now_ms: number | string;
  }>`select ${databaseNowMs(store.dialect)} as now_ms`.execute(store.db);
  const [row] = rows;
  return row === undefined ? Date.now() : toNumber(row.now_ms);
}
