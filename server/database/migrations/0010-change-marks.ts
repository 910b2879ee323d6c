import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { columnTypes } from './column-types.js';
import { createIndexOnce } from './index-creation.js';

/**
 * What pages that stay open ask every second: whether something has changed. Each change counts up the revision of its
 * topic for the user whom it concerns (server/changes/change-mark-repository.ts). Maxima and counts of the other tables
 * would not do: of a deleted position, a new friendly name or a push they either show nothing, or need an index that
 * every push would have to write.
 *
 * A user has one row for each topic, so the table does not grow with time.
 *
 * The index finds the scans that have ended a moment ago. Every statement may run twice, as in 0001-catalogue.ts.
 */
export async function changeMarks(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const t = columnTypes(dialect);
  const clustered = sql.raw(dialect === 'sqlite' ? 'without rowid' : '');

  await sql`
    create table if not exists change_mark (
      user_id ${t.reference} not null,
      topic ${t.text(16)} not null,
      revision ${t.int64} not null,
      primary key (user_id, topic)
    ) ${clustered} ${t.tableOptions}`.execute(db);

  if (dialect === 'sqlite') {
    await sql`create index if not exists scan_finished on scan (finished_ms)`.execute(db);
    return;
  }
  await createIndexOnce(
    db,
    { table: 'scan', index: 'scan_finished' },
    sql`create index scan_finished on scan (finished_ms)`,
  );
}
