import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { columnTypes } from './column-types.js';

/**
 * Documents that people have linked to books: a file that a reader has and no library. `user_id` is the user for whom the
 * link holds, 0 for all users; `linked_by` is who made it, NULL for the operator at the command line.
 *
 * Every statement may run twice, as in 0001-catalogue.ts.
 */
export async function documentLinks(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const t = columnTypes(dialect);
  const isSqlite = dialect === 'sqlite';
  const clustered = sql.raw(isSqlite ? 'without rowid' : '');
  const inTable = sql.raw(
    isSqlite
      ? ''
      : ', index document_link_book (book_id, user_id), index document_link_user (user_id, document)',
  );
  await sql`
    create table if not exists document_link (
      document ${t.bytes(255)} not null,
      user_id ${t.reference} not null,
      book_id ${t.reference} not null,
      linked_by ${t.reference},
      linked_s ${t.int64} not null,
      primary key (document, user_id)
      ${inTable}
    ) ${clustered} ${t.tableOptions}`.execute(db);
  if (!isSqlite) return;
  await sql`create index if not exists document_link_book on document_link (book_id, user_id)`.execute(db);
  await sql`create index if not exists document_link_user on document_link (user_id, document)`.execute(db);
}
