import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { columnTypes } from './column-types.js';

/**
 * Links of books that were removed, by the content of the book: its partial MD5 and size. The next book of this content
 * takes them over, as it does the digests (0017-kept-digests.ts). Ids ascend, so the oldest are those with the smallest
 * ids.
 *
 * Every statement may run twice, as in 0001-catalogue.ts.
 */
export async function keptLinks(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const t = columnTypes(dialect);
  const isSqlite = dialect === 'sqlite';
  const inTable = sql.raw(
    isSqlite ? '' : ', index kept_link_content (partial_md5), index kept_link_user (user_id)',
  );
  await sql`
    create table if not exists kept_link (
      id ${t.id},
      document ${t.bytes(255)} not null,
      user_id ${t.reference} not null,
      linked_by ${t.reference},
      linked_s ${t.int64} not null,
      partial_md5 ${t.digest()} not null,
      size_bytes ${t.int64} not null,
      unique (document, user_id)
      ${inTable}
    ) ${t.tableOptions}`.execute(db);
  if (!isSqlite) return;
  await sql`create index if not exists kept_link_content on kept_link (partial_md5)`.execute(db);
  await sql`create index if not exists kept_link_user on kept_link (user_id)`.execute(db);
}
