import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { columnTypes } from './column-types.js';
import { createIndexOnce } from './index-creation.js';

/**
 * The newest pushes of all users are found by the hour of the push. Most pushes come within an hour of the one before in
 * the same document, so they leave the index as it is. The index of 0009, by arrival, was written by every push: that
 * took a third of the database's time for a push (measured), and no release has had it. Documents that were pushed
 * before are in hour 0, at the end of the list, until they are pushed again; within an hour the arrival decides.
 *
 * Every statement may run twice, as in 0001-catalogue.ts.
 */
export async function pushHours(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const hour = sql.raw('document_progress_hour on document_progress (pushed_hour)');
  const column = sql`alter table document_progress add column pushed_hour ${columnTypes(dialect).int32} not null default 0`;
  if (dialect === 'sqlite') {
    const { rows } = await sql`
      select 1 from pragma_table_info('document_progress') where name = 'pushed_hour'`.execute(db);
    if (rows.length === 0) await column.execute(db);
    await sql`create index if not exists ${hour}`.execute(db);
    await sql`drop index if exists document_progress_newest`.execute(db);
    return;
  }
  // MySQL has no "if exists" for these.
  await runUnless(db, () => hasPushedHour(db), column);
  const table = 'document_progress';
  await createIndexOnce(db, { table, index: 'document_progress_hour' }, sql`create index ${hour}`);
  await runUnless(
    db,
    async () => !(await hasNewestIndex(db)),
    sql`drop index document_progress_newest on document_progress`,
  );
}

async function runUnless(
  db: Kysely<unknown>,
  isDone: () => Promise<boolean>,
  statement: ReturnType<typeof sql>,
): Promise<void> {
  if (await isDone()) return;
  try {
    await statement.execute(db);
  } catch (error) {
    // Another program was first.
    if (!(await isDone())) throw error;
  }
}

async function hasPushedHour(db: Kysely<unknown>): Promise<boolean> {
  const { rows } = await sql`
    select 1 from information_schema.columns
      where table_schema = database() and table_name = 'document_progress' and column_name = 'pushed_hour'`.execute(
    db,
  );
  return rows.length > 0;
}

async function hasNewestIndex(db: Kysely<unknown>): Promise<boolean> {
  const { rows } = await sql`
    select 1 from information_schema.statistics
      where table_schema = database() and table_name = 'document_progress'
        and index_name = 'document_progress_newest'`.execute(db);
  return rows.length > 0;
}
