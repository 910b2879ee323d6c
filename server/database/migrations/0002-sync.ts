import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { columnTypes } from './column-types.js';

/**
 * Users and what they sync. What a reader sent is stored as bytes: it must come back unchanged, and no collation may
 * treat two documents as equal.
 *
 * Released: its text must not change. Every statement may run twice, as in 0001-catalogue.ts.
 */
export async function sync(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const t = columnTypes(dialect);
  const inTable = (indexes: string) => sql.raw(dialect === 'sqlite' ? '' : indexes);
  // SQLite then stores rows in the order of their primary key, as InnoDB always does: the positions of one document are
  // read from one place.
  const clustered = sql.raw(dialect === 'sqlite' ? 'without rowid' : '');

  await sql`
    create table if not exists user (
      id ${t.id},
      name ${t.text(64)} not null,
      password_hash ${t.text(255)},
      is_owner ${t.bit} not null,
      permissions ${t.text(255)} not null,
      is_disabled ${t.bit} not null,
      created_s ${t.int64} not null,
      unique (name)
    ) ${t.tableOptions}`.execute(db);

  await sql`
    create table if not exists api_key (
      id ${t.id},
      user_id ${t.reference} not null,
      name ${t.text(190)} not null,
      prefix ${t.text(16)} not null,
      secret_sha256 ${t.fixedBytes(32)} not null,
      permissions ${t.text(255)} not null,
      created_s ${t.int64} not null,
      expires_s ${t.int64},
      last_used_s ${t.int64},
      revoked_s ${t.int64},
      unique (prefix)
      ${inTable(', index api_key_user (user_id)')}
    ) ${t.tableOptions}`.execute(db);

  await sql`
    create table if not exists device (
      user_id ${t.reference} not null,
      device_key ${t.bytes(256)} not null,
      name ${t.bytes(255)} not null,
      friendly_name ${t.text(190)},
      first_seen_s ${t.int64} not null,
      last_seen_s ${t.int64} not null,
      primary key (user_id, device_key)
    ) ${clustered} ${t.tableOptions}`.execute(db);

  await sql`
    create table if not exists progress (
      user_id ${t.reference} not null,
      document ${t.bytes(255)} not null,
      device_key ${t.bytes(256)} not null,
      device_name ${t.bytes(255)} not null,
      position ${t.bytes(4096)} not null,
      percentage ${t.float64} not null,
      metadata ${t.bytes(4096)},
      pushed_ms ${t.int64} not null,
      arrival ${t.int64} not null,
      primary key (user_id, document, device_key)
    ) ${clustered} ${t.tableOptions}`.execute(db);

  // A library with a row here is visible to its readers only. It may have no readers. Without a row every user sees it.
  await sql`
    create table if not exists restricted_library (
      library_id ${t.reference} not null primary key
    ) ${t.tableOptions}`.execute(db);

  await sql`
    create table if not exists library_reader (
      library_id ${t.reference} not null,
      user_id ${t.reference} not null,
      primary key (library_id, user_id)
      ${inTable(', index library_reader_user (user_id)')}
    ) ${clustered} ${t.tableOptions}`.execute(db);

  if (dialect === 'sqlite') {
    await sql`create index if not exists api_key_user on api_key (user_id)`.execute(db);
    await sql`create index if not exists library_reader_user on library_reader (user_id)`.execute(db);
    // Orders the arrival of pushes. MySQL uses its clock instead; SQLite has one writer at a time, so a counter costs
    // nothing (server/sync/progress-repository.ts).
    await sql`
      create table if not exists arrival_counter (
        id integer not null primary key check (id = 1),
        last_arrival integer not null
      )`.execute(db);
    await sql`insert or ignore into arrival_counter (id, last_arrival) values (1, 0)`.execute(db);
  }
}
