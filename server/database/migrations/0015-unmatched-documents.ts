import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { columnTypes } from './column-types.js';

/**
 * Pushes that were refused because no book has their document: the last one of each user and document, until the document
 * finds a book. The indexes are for the list of a user, for all users with a document, and for the oldest of all.
 *
 * Every statement may run twice, as in 0001-catalogue.ts.
 */
export async function unmatchedDocuments(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const t = columnTypes(dialect);
  const isSqlite = dialect === 'sqlite';
  const clustered = sql.raw(isSqlite ? 'without rowid' : '');
  const inTable = sql.raw(
    isSqlite
      ? ''
      : `, index unmatched_document_user (user_id, last_seen_ms)
         , index unmatched_document_name (document, user_id)
         , index unmatched_document_seen (last_seen_ms)`,
  );
  await sql`
    create table if not exists unmatched_document (
      user_id ${t.reference} not null,
      document ${t.bytes(255)} not null,
      first_seen_ms ${t.int64} not null,
      last_seen_ms ${t.int64} not null,
      pushes ${t.int64} not null,
      percentage ${t.float64} not null,
      position ${t.bytes(4096)} not null,
      device_key ${t.bytes(256)} not null,
      device_name ${t.bytes(255)} not null,
      metadata ${t.bytes(4096)},
      primary key (user_id, document)
      ${inTable}
    ) ${clustered} ${t.tableOptions}`.execute(db);
  if (!isSqlite) return;
  for (const index of ['user (user_id, last_seen_ms)', 'name (document, user_id)', 'seen (last_seen_ms)']) {
    const [name = '', columns = ''] = index.split(' (');
    await sql`
      create index if not exists ${sql.raw(`unmatched_document_${name} on unmatched_document (${columns}`)}`.execute(
      db,
    );
  }
}
