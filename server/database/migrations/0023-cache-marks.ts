import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { columnTypes } from './column-types.js';

/**
 * What servers ask every other second instead of reading again what they have cached: whether something of it has changed.
 * The revisions of a topic are divided among several rows, so that transactions which change the same topic at once seldom
 * wait for each other.
 *
 * A version without this table changes users and books without writing here. It notices the migration within five seconds and
 * answers no more (server/database/schema-watch.ts); until then nobody trusts the marks (server/batching/mark-watch.ts).
 *
 * The statement may run twice, as in 0001-catalogue.ts.
 */
export async function cacheMarks(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const t = columnTypes(dialect);
  const clustered = sql.raw(dialect === 'sqlite' ? 'without rowid' : '');
  await sql`
    create table if not exists cache_mark (
      topic ${t.text(16)} not null,
      part ${t.int32} not null,
      revision ${t.int64} not null,
      primary key (topic, part)
    ) ${clustered} ${t.tableOptions}`.execute(db);
}
