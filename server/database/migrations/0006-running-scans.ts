import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';

/**
 * An index that finds the few running scans among all that have ended. Every scrape of metrics looks for them, and every
 * scan when it begins.
 */
export async function runningScanIndex(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  if (dialect === 'sqlite') {
    await sql`create index if not exists scan_state on scan (state, library_id)`.execute(db);
    return;
  }
  // MySQL has no "create index if not exists".
  if (await hasIndex(db)) return;
  try {
    await sql`create index scan_state on scan (state, library_id)`.execute(db);
  } catch (error) {
    // Another program was first.
    if (!(await hasIndex(db))) throw error;
  }
}

async function hasIndex(db: Kysely<unknown>): Promise<boolean> {
  const { rows } = await sql`
    select 1 from information_schema.statistics
      where table_schema = database() and table_name = 'scan' and index_name = 'scan_state'`.execute(db);
  return rows.length > 0;
}
