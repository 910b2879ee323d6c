import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { columnTypes } from './column-types.js';

/**
 * Libraries, their books and scans.
 *
 * Released: its text must not change. Every statement may run twice (`if not exists`), because MySQL commits each
 * statement by itself, so a migration that was interrupted starts again from its first statement.
 */
export async function catalogue(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const t = columnTypes(dialect);
  const inTable = (indexes: string) => sql.raw(dialect === 'sqlite' ? '' : indexes);

  await sql`
    create table if not exists ${sql.table('library')} (
      id ${t.id},
      name ${t.text(190)} not null,
      root ${t.bytes(4096)} not null,
      extensions ${t.longText},
      koreader_hashes ${t.bit} not null,
      created_s ${t.int64} not null,
      unique (name)
    ) ${t.tableOptions}`.execute(db);

  // The path of a book below its library's root. An InnoDB index key has at most 3,072 bytes, of which the library's
  // id takes 8. Linux opens paths of up to 4,095 bytes, the root included.
  // MySQL has no "create index if not exists", so it gets the indexes inside "create table if not exists".
  await sql`
    create table if not exists book (
      id ${t.id},
      library_id ${t.reference} not null,
      path ${t.bytes(3064)} not null,
      size_bytes ${t.int64} not null,
      modified_ns ${t.int64} not null,
      partial_md5 ${t.digest()},
      filename_md5 ${t.digest()},
      hashed_ms ${t.int64},
      missing_since_s ${t.int64},
      failure ${t.text(32)},
      unique (library_id, path)
      ${inTable(', index book_partial_md5 (partial_md5), index book_filename_md5 (filename_md5)')}
    ) ${t.tableOptions}`.execute(db);

  // The digest is the first column of the key, because documents are looked up by it.
  await sql`
    create table if not exists former_digest (
      digest ${t.digest()} not null,
      book_id ${t.reference} not null,
      kind ${t.text(8)} not null,
      replaced_s ${t.int64} not null,
      primary key (digest, book_id, kind)
      ${inTable(', index former_digest_book (book_id)')}
    ) ${sql.raw(dialect === 'sqlite' ? 'without rowid' : '')} ${t.tableOptions}`.execute(db);

  await sql`
    create table if not exists scan (
      id ${t.id},
      library_id ${t.reference} not null,
      shard_index ${t.int32} not null,
      shard_count ${t.int32} not null,
      regen_since_ms ${t.int64},
      state ${t.text(16)} not null,
      runner ${t.text(255)} not null,
      lease_until_ms ${t.int64} not null,
      cancel_requested ${t.bit} not null,
      started_ms ${t.int64} not null,
      finished_ms ${t.int64},
      found ${t.int64} not null,
      added ${t.int64} not null,
      changed ${t.int64} not null,
      moved ${t.int64} not null,
      returned ${t.int64} not null,
      unchanged ${t.int64} not null,
      missing ${t.int64} not null,
      failed ${t.int64} not null,
      hashed ${t.int64} not null,
      error ${t.longText}
      ${inTable(', index scan_library (library_id, id)')}
    ) ${t.tableOptions}`.execute(db);

  if (dialect === 'sqlite') {
    await sql`create index if not exists book_partial_md5 on book (partial_md5)`.execute(db);
    await sql`create index if not exists book_filename_md5 on book (filename_md5)`.execute(db);
    await sql`create index if not exists former_digest_book on former_digest (book_id)`.execute(db);
    await sql`create index if not exists scan_library on scan (library_id, id)`.execute(db);
  }
}
