import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { columnTypes } from './column-types.js';

/**
 * The files and folders that a scan could not read: how many for each reason, and the first of each reason by name
 * (server/scan/scan-failure-repository.ts). Both go with their scan, of which a library keeps a hundred.
 *
 * Every statement may run twice, as in 0001-catalogue.ts.
 */
export async function scanFailures(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const t = columnTypes(dialect);
  const clustered = sql.raw(dialect === 'sqlite' ? 'without rowid' : '');

  await sql`
    create table if not exists scan_failure_count (
      scan_id ${t.reference} not null,
      reason ${t.text(32)} not null,
      failures ${t.int64} not null,
      kept ${t.int32} not null,
      primary key (scan_id, reason)
    ) ${clustered} ${t.tableOptions}`.execute(db);

  await sql`
    create table if not exists scan_failure (
      scan_id ${t.reference} not null,
      reason ${t.text(32)} not null,
      number ${t.int32} not null,
      path ${t.bytes(4096)} not null,
      message ${t.text(255)} not null,
      primary key (scan_id, reason, number)
    ) ${clustered} ${t.tableOptions}`.execute(db);
}
