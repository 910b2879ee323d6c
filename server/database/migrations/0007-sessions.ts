import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { columnTypes } from './column-types.js';

/**
 * Sessions of browsers, the links that lead into the console, and whether an owner has signed in.
 *
 * `session.password_sha256` is the SHA-256 of the password hash that the user had when the session began (of an empty text
 * without a password). A session whose user has another one by now has ended, whichever way the password was changed.
 *
 * The one row of `owner_claim` is written by every transaction that makes the first owner who can sign in: two browsers, or
 * two servers, cannot both do it.
 *
 * Every step may run twice, as in 0001-catalogue.ts.
 */
export async function sessions(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const t = columnTypes(dialect);
  const inTable = (keys: string) => sql.raw(dialect === 'sqlite' ? '' : keys);

  await sql`
    create table if not exists session (
      id ${t.id},
      user_id ${t.reference} not null,
      secret_sha256 ${t.fixedBytes(32)} not null,
      password_sha256 ${t.fixedBytes(32)} not null,
      api_key_id ${t.reference},
      via ${t.text(16)} not null,
      browser ${t.text(100)},
      created_s ${t.int64} not null,
      last_used_s ${t.int64} not null,
      unique (secret_sha256)
      ${inTable(', index session_user (user_id), index session_last_used (last_used_s)')}
    ) ${t.tableOptions}`.execute(db);

  await sql`
    create table if not exists console_link (
      id ${t.id},
      secret_sha256 ${t.fixedBytes(32)} not null,
      kind ${t.text(16)} not null,
      user_id ${t.reference},
      expires_s ${t.int64} not null,
      unique (secret_sha256)
    ) ${t.tableOptions}`.execute(db);

  await sql`
    create table if not exists owner_claim (
      id ${t.reference} not null primary key,
      revision ${t.int64} not null,
      claimed_s ${t.int64}
    ) ${t.tableOptions}`.execute(db);
  await sql`
    insert into owner_claim (id, revision, claimed_s)
      select one, 0, null from (select 1 as one) as t where not exists (select 1 from owner_claim)`.execute(
    db,
  );

  if (dialect === 'sqlite') {
    await sql`create index if not exists session_user on session (user_id)`.execute(db);
    await sql`create index if not exists session_last_used on session (last_used_s)`.execute(db);
  }
}
