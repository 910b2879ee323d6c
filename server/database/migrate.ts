import { type Migration, Migrator } from 'kysely';
import { errorMessage } from '../domain/error-text.js';
import { isDuplicateKey, isRetryable, StorageError } from './database-error.js';
import { MIGRATIONS } from './migrations/migrations.js';
import type { Store } from './store.js';

export interface MigrationReport {
  /** Names of the migrations that this call applied, in order. */
  readonly applied: readonly string[];
  /** Names of all migrations that are applied now. */
  readonly current: readonly string[];
}

const TABLES = { migrationTableName: 'schema_migration', migrationLockTableName: 'schema_migration_lock' };

/** Without locks (mysql-adapter.ts), each attempt may fail because another program applied a migration first. */
const ATTEMPTS = 10;

/**
 * Brings the schema up to date. Several programs may call this at once: the second waits for the first (an advisory lock
 * in MySQL, the write lock of the file in SQLite) and then finds nothing to do. In clusters without such locks
 * (mysql-adapter.ts) the second fails and starts over.
 *
 * @throws StorageError `schema-newer` when a later version of the program migrated this database, `migration-failed`
 *   when a migration could not be applied
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
    throw new StorageError(
      'migration-failed',
      `The database's schema could not be brought up to date: ${errorMessage(error)}`,
      error,
    );
  }
}

function migrationsFor(store: Store): Record<string, Migration> {
  return Object.fromEntries(
    Object.entries(MIGRATIONS).map(([name, step]) => [name, { up: (db) => step(db, store.dialect) }]),
  );
}

/** Kysely's own check reports a database of a later version as "corrupted migrations". */
async function refuseNewerSchema(store: Store): Promise<void> {
  const unknown = (await appliedNames(store)).filter((name) => !(name in MIGRATIONS));
  if (unknown.length > 0) {
    throw new StorageError(
      'schema-newer',
      `A newer version of Dogear has used this database (it has the migration ${unknown.join(', ')}). Update Dogear.`,
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

/** Names of the migrations that are not applied yet, in order; empty when the schema is current. */
export async function pendingMigrations(store: Store): Promise<readonly string[]> {
  const applied = new Set(await appliedNames(store));
  return Object.keys(MIGRATIONS).filter((name) => !applied.has(name));
}
