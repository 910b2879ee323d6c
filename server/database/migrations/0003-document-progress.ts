import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { columnTypes } from './column-types.js';

/**
 * A row for each user and document with the newest progress, so that a pull reads one row however many devices have
 * pushed. What a reader says about a document (file name, title, authors) has a table of its own: it hardly ever changes,
 * and no pull needs it.
 *
 * Every key begins with the user: whoever spreads the tables over several databases spreads them by user. A history of
 * progress belongs into a third table with the key (user_id, document, arrival); neither of these tables grows with time.
 *
 * The tables are filled by 0004-device-progress.ts. Every statement may run twice, as in 0001-catalogue.ts.
 */
export async function documentProgress(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const t = columnTypes(dialect);
  const clustered = sql.raw(dialect === 'sqlite' ? 'without rowid' : '');

  await sql`
    create table if not exists document_progress (
      user_id ${t.reference} not null,
      document ${t.bytes(255)} not null,
      arrival ${t.int64} not null,
      pushed_ms ${t.int64} not null,
      percentage ${t.float64} not null,
      position ${t.bytes(4096)} not null,
      device_key ${t.bytes(256)} not null,
      device_name ${t.bytes(255)} not null,
      primary key (user_id, document)
    ) ${clustered} ${t.tableOptions}`.execute(db);

  await sql`
    create table if not exists document_metadata (
      user_id ${t.reference} not null,
      document ${t.bytes(255)} not null,
      metadata ${t.bytes(4096)} not null,
      primary key (user_id, document)
    ) ${clustered} ${t.tableOptions}`.execute(db);

  if (dialect === 'mysql') await arrivalTickets(db);
}

/** Orders the arrival of pushes in MySQL, as the table `arrival_counter` does in SQLite. 0004 sets where it starts. */
async function arrivalTickets(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table if not exists arrival_ticket (
      id bigint not null auto_increment primary key
    ) engine = InnoDB row_format = dynamic`.execute(db);
}
