import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { databaseNowMs } from './database-clock.js';
import { isDuplicateKey, migrationFailed } from './database-error.js';
import { columnTypes } from './migrations/column-types.js';
import { CLUSTER_QUESTION, type SessionVariable, takesWritesEverywhere } from './mysql/mysql-session.js';
import type { Store } from './store.js';
import { retrying } from './transaction.js';

/** A program that has not renewed its lease for this long may be replaced. It is renewed three times as often. */
const LEASE_MS = 60_000;
/** Between two looks whether another program has ended. */
const LOOK_EVERY_MS = 300;

/** Beside the tables of Kysely's Migrator. It is not in the dumps of the schema, because no migration makes it. */
const TABLE = sql.table('schema_migration_lease');

/**
 * Runs `work`, which changes the schema, while no other program does.
 *
 * `get_lock`, by which Kysely keeps programs apart, ends with the connection that has it, but is a lock of one server: in
 * a cluster whose servers all take writes (Galera, group replication), two programs on two servers both get it. There, a row that is written is seen by all: of two
 * programs that write it at the same time, one gets a conflict. The lease is that of a program that may end without
 * giving it back. A change of a large table may hold up its renewal for longer than it lasts. Then two programs may work
 * at once, which migrate() bears.
 *
 * @throws StorageError `migration-failed` when the lease cannot be had; what `work` throws
 */
export async function inMigrationLease<T>(store: Store, work: () => Promise<T>): Promise<T> {
  // SQLite's migrations hold the write lock of the file.
  if (store.dialect === 'sqlite') return work();
  if (!(await hasSeveralWriters(store))) return work();
  const holder = randomUUID();
  try {
    await retrying(() => makeLease(store));
    while (!(await retrying(() => takeLease(store, holder)))) await delay(LOOK_EVERY_MS);
  } catch (error) {
    throw migrationFailed(error);
  }
  const renewal = setInterval(() => {
    // The database may be busy with a change of a table. The next renewal follows.
    takeLease(store, holder).catch(() => undefined);
  }, LEASE_MS / 3);
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    // If it fails, the lease runs out.
    await giveBack(store, holder).catch(() => undefined);
  }
}

async function hasSeveralWriters({ db }: Store): Promise<boolean> {
  try {
    const ask = sql<SessionVariable>`${sql.raw(CLUSTER_QUESTION)}`;
    const { rows } = await retrying(() => ask.execute(db));
    return takesWritesEverywhere(rows);
  } catch (error) {
    throw migrationFailed(error);
  }
}

async function makeLease({ db, dialect }: Store): Promise<void> {
  const types = columnTypes(dialect);
  await sql`create table if not exists ${TABLE} (
    id ${types.bit} not null primary key, holder ${types.text(36)} not null, until_ms ${types.int64} not null) ${types.tableOptions}`.execute(
    db,
  );
  try {
    await sql`insert into ${TABLE} (id, holder, until_ms) values (1, '', 0)`.execute(db);
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}

/** Takes the lease, or renews it. @returns whether the holder has it */
async function takeLease({ db, dialect }: Store, holder: string): Promise<boolean> {
  const now = databaseNowMs(dialect);
  const { numAffectedRows = 0n } = await sql`
    update ${TABLE} set holder = ${holder}, until_ms = ${now} + ${LEASE_MS}
    where id = 1 and (until_ms < ${now} or holder = ${holder})`.execute(db);
  return numAffectedRows > 0n;
}

async function giveBack({ db }: Store, holder: string): Promise<void> {
  await sql`update ${TABLE} set holder = '', until_ms = 0 where holder = ${holder}`.execute(db);
}
