import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { columnTypes } from './column-types.js';
import { createIndexOnce } from './index-creation.js';

/**
 * The history of progress, which is written behind the pushes, and an index that finds the newest pushes of a user.
 * `entry_number` counts the entries of a document, so that those past its bound are known without counting. The index
 * `progress_history_pushed` finds entries that are older than the history is kept.
 *
 * Every statement may run twice, as in 0001-catalogue.ts. Servers of the release before write to `document_progress`
 * meanwhile: InnoDB builds the index beside them.
 */
export async function progressHistory(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const t = columnTypes(dialect);
  const clustered = sql.raw(dialect === 'sqlite' ? 'without rowid' : '');
  const inTable = sql.raw(dialect === 'sqlite' ? '' : ', index progress_history_pushed (pushed_ms)');
  await sql`
    create table if not exists progress_history (
      user_id ${t.reference} not null,
      document ${t.bytes(255)} not null,
      arrival ${t.int64} not null,
      entry_number ${t.int64} not null,
      pushed_ms ${t.int64} not null,
      percentage ${t.float64} not null,
      position ${t.bytes(4096)} not null,
      device_key ${t.bytes(256)} not null,
      device_name ${t.bytes(255)} not null,
      primary key (user_id, document, arrival)
      ${inTable}
    ) ${clustered} ${t.tableOptions}`.execute(db);
  const newest = 'document_progress_newest on document_progress (user_id, arrival, document)';
  if (dialect === 'sqlite') {
    await sql`create index if not exists progress_history_pushed on progress_history (pushed_ms)`.execute(db);
    await sql`create index if not exists ${sql.raw(newest)}`.execute(db);
    return;
  }
  await createIndexOnce(
    db,
    { table: 'document_progress', index: 'document_progress_newest' },
    sql`create index ${sql.raw(newest)}`,
  );
}
