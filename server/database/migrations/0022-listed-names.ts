import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { columnTypes } from './column-types.js';

/**
 * The titles, authors and series of books in the order in which catalogues list them. The next pass over each library fills
 * the table, so it has to look at every book once: the passes so far are forgotten.
 *
 * Every statement may run twice, as in 0001-catalogue.ts.
 */
export async function listedNames(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const t = columnTypes(dialect);
  const isSqlite = dialect === 'sqlite';
  const inTable = sql.raw(isSqlite ? '' : ', index listed_name_book (book_id)');
  const clustered = sql.raw(isSqlite ? 'without rowid' : '');
  await sql`
    create table if not exists listed_name (
      library_id ${t.reference} not null,
      kind ${t.int32} not null,
      sort_key ${t.bytes(96)} not null,
      place ${t.float64} not null,
      book_id ${t.reference} not null,
      name ${t.text(255)},
      primary key (library_id, kind, sort_key, place, book_id)
      ${inTable}
    ) ${clustered} ${t.tableOptions}`.execute(db);
  if (isSqlite) await sql`create index if not exists listed_name_book on listed_name (book_id)`.execute(db);
  await sql`delete from metadata_pass`.execute(db);
}
