import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { columnTypes } from './column-types.js';

/**
 * SHA-256 of whole files, with the state of the file that was read, and when it was found like this last. A file of the
 * same size and time that has another digest has rotted.
 *
 * The statement may run twice, as in 0001-catalogue.ts.
 */
export async function wholeHashes(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const t = columnTypes(dialect);
  await sql`
    create table if not exists whole_hash (
      book_id ${t.reference} not null,
      size_bytes ${t.int64} not null,
      modified_ns ${t.int64} not null,
      sha256 ${t.bytes(32)} not null,
      checked_s ${t.int64} not null,
      primary key (book_id)
    ) ${t.tableOptions}`.execute(db);
}
