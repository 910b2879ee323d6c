import { type RawBuilder, sql } from 'kysely';
import type { SqlDialect, Store } from './store.js';
import { toNumber } from './int64.js';

/**
 * Milliseconds since 1970 by the clock of the database, an SQL expression. Leases are compared by it alone:
 * the clocks of machines that share a database may differ. SQLite has no server, so the machine's clock is it.
 * UTC on the whole way: `unix_timestamp(now())` passes through the time zone of the server, whose clocks may go back.
 */
export function databaseNowMs(dialect: SqlDialect): RawBuilder<number> {
  return dialect === 'sqlite'
    ? sql<number>`${sql.lit(Date.now())}`
    : sql<number>`timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000`;
}

export async function readDatabaseNowMs(store: Store): Promise<number> {
  const { rows } = await sql<{
    now_ms: number | string;
  }>`select ${databaseNowMs(store.dialect)} as now_ms`.execute(store.db);
  const [row] = rows;
  return row === undefined ? Date.now() : toNumber(row.now_ms);
}
