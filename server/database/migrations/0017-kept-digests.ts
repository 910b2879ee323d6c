import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { columnTypes } from './column-types.js';

/**
 * Digests of books that were removed with their library, by the content of the book: its partial MD5 and size. The next
 * book of this content takes them over (server/book/inherit-digests.ts). Ids ascend, so the oldest are those with the
 * smallest ids.
 *
 * Every statement may run twice, as in 0001-catalogue.ts.
 */
export async function keptDigests(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const t = columnTypes(dialect);

  await sql`
    create table if not exists kept_digest (
      id ${t.id},
      partial_md5 ${t.digest()} not null,
      size_bytes ${t.int64} not null,
      digest ${t.digest()} not null,
      kind ${t.text(8)} not null,
      replaced_s ${t.int64} not null,
      unique (partial_md5, size_bytes, digest, kind)
    ) ${t.tableOptions}`.execute(db);
}
