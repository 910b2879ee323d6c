import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { createIndexOnce } from './index-creation.js';

/**
 * An index that finds the few running scans among all that have ended. Every scrape of metrics looks for them, and every
 * scan when it begins.
 */
export async function runningScanIndex(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  if (dialect === 'sqlite') {
    await sql`create index if not exists scan_state on scan (state, library_id)`.execute(db);
    return;
  }
  await createIndexOnce(
    db,
    { table: 'scan', index: 'scan_state' },
    sql`create index scan_state on scan (state, library_id)`,
  );
}
