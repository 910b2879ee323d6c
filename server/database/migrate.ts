import { type Migration, Migrator } from 'kysely';
import { isDuplicateKey, isRetryable, StorageError } from './database-error.js';
import { MIGRATIONS } from './migrations/migrations.js';
import type { Store } from './store.js';

export interface MigrationReport {
  /** Names of the migrations that this call carried out, in order. */
  readonly applied: readonly string[];
  /** Names of all migrations that the database now holds. */
  readonly current: readonly string[];
}

const TABLES = { migrationTableName: 'schema_migration', migrationLockTableName: 'schema_migration_lock' };

/** Where the database gives no locks, each try may meet another program that was first with one migration. */
const ATTEMPTS = 10;

/**
 * Brings the schema up to date. Two programs that start at once do not collide: the second waits for the
 * first (an advisory lock in MySQL, the write lock of the file in SQLite) and then finds nothing to do; in clusters
 * without such locks (mysql-adapter.ts) it starts over.
 *
 * @throws StorageError `schema-newer` when a later version of the program has been at this database,
 *   `migration-failed` otherwise
 */
export async function migrate(store: Store): Promise<MigrationReport> {
  const applied: string[] = [];
  const current = Object.keys(MIGRATIONS);
  await refuseNewerSchema(store);
  if ((await pendingMigrations(store)).length === 0) return { applied, current };
  const migrator = new Migrator({
    db: store.db,
    provider: { getMigrations: () => Promise.resolve(migrationsFor(store)) },
    ...TABLES,
  });
  for (let attempt = 1; ; attempt++) {
    const { error, results = [] } = await migrator.migrateToLatest();
    const done = results.filter((result) => result.status === 'Success');
    applied.push(...done.map((result) => result.migrationName));
    if (error === undefined) return { applied, current };
    if (attempt < ATTEMPTS && (isDuplicateKey(error) || isRetryable(error))) continue;
    const reason = error instanceof Error ? error.message : 'unknown error';
    throw new StorageError(
      'migration-failed',
      `The database's schema could not be brought up to date: ${reason}`,
      error,
    );
  }
}

function migrationsFor(store: Store): Record<string, Migration> {
  return Object.fromEntries(
    Object.entries(MIGRATIONS).map(([name, step]) => [name, { up: (db) => step(db, store.dialect) }]),
  );
}

/** Kysely alone would call a database of a later version "corrupted migrations". */
async function refuseNewerSchema(store: Store): Promise<void> {
  const unknown = (await appliedNames(store)).filter((name) => !(name in MIGRATIONS));
  if (unknown.length > 0) {
    throw new StorageError(
      'schema-newer',
      `A newer version of Dogear has used this database (it holds the migration ${unknown.join(', ')}). Update Dogear.`,
    );
  }
}

async function appliedNames(store: Store): Promise<readonly string[]> {
  const tables = await store.db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === TABLES.migrationTableName)) return [];
  const rows = await store.db
    .withTables<{ schema_migration: { name: string } }>()
    .selectFrom('schema_migration')
    .select('name')
    .execute();
  return rows.map((row) => row.name);
}

/** Names of the migrations that are still to be carried out; empty when the schema is current. */
export async function pendingMigrations(store: Store): Promise<readonly string[]> {
  const applied = new Set(await appliedNames(store));
  return Object.keys(MIGRATIONS).filter((name) => !applied.has(name));
}
