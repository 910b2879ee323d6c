import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { columnTypes } from './column-types.js';

/**
 * What EPUBs say of themselves, with the state of the file that was read: a book whose row has another size, time or
 * partial MD5 is read again. A row with a `failure` is of a file that could not be read. `structure_md5` is a digest of the
 * identifier and the spine, by which readers may ask for a book. Of each library, the last pass over its books.
 *
 * Every statement may run twice, as in 0001-catalogue.ts.
 */
export async function bookMetadata(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const t = columnTypes(dialect);
  const isSqlite = dialect === 'sqlite';
  const inTable = sql.raw(isSqlite ? '' : ', index book_metadata_structure (structure_md5)');
  await sql`
    create table if not exists book_metadata (
      book_id ${t.reference} not null,
      size_bytes ${t.int64} not null,
      modified_ns ${t.int64} not null,
      partial_md5 ${t.digest()},
      read_s ${t.int64} not null,
      failure ${t.text(32)},
      identifier ${t.text(255)},
      title ${t.text(500)},
      authors ${t.text(4000)},
      series ${t.text(255)},
      series_index ${t.float64},
      language ${t.text(35)},
      structure_md5 ${t.digest()},
      search_text ${t.text(3000)},
      primary key (book_id)
      ${inTable}
    ) ${t.tableOptions}`.execute(db);
  if (isSqlite) {
    await sql`create index if not exists book_metadata_structure on book_metadata (structure_md5)`.execute(
      db,
    );
  }
  await sql`
    create table if not exists metadata_pass (
      library_id ${t.reference} not null,
      runner ${t.text(64)} not null,
      lease_until_ms ${t.int64} not null,
      started_ms ${t.int64} not null,
      finished_ms ${t.int64},
      examined ${t.int64} not null,
      books_read ${t.int64} not null,
      failed ${t.int64} not null,
      primary key (library_id)
    ) ${t.tableOptions}`.execute(db);
}
