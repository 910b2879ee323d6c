import { type Kysely, type Migration, Migrator } from 'kysely';
import { isDuplicateKey, isRetryable, migrationFailed, StorageError } from './database-error.js';
import { inMigrationLease } from './migration-lease.js';
import { MIGRATIONS } from './migrations/migrations.js';
import type { Store } from './store.js';

export interface MigrationReport {
  /** Names of the migrations that this call applied, in order. */
  readonly applied: readonly string[];
  /** Names of all migrations that are applied now. */
  readonly current: readonly string[];
  /** What people must be told about the applied migrations. */
  readonly notes: readonly string[];
}

const TABLES = { migrationTableName: 'schema_migration', migrationLockTableName: 'schema_migration_lock' };

/** Where another program took the lease over (migration-lease.ts), each attempt may fail because it was first. */
const ATTEMPTS = 10;

/**
 * Brings the schema up to date. Several programs may call this at once: the second waits for the first (a lock in MySQL,
 * the write lock of the file in SQLite) and then finds nothing to do.
 *
 * @throws StorageError `schema-newer` when a later version of the program migrated this database, `migration-failed`
 *   when a migration could not be applied
 */
export async function migrate(store: Store): Promise<MigrationReport> {
  const applied: string[] = [];
  const notes: string[] = [];
  const current = Object.keys(MIGRATIONS);
  await refuseNewerSchema(store);
  if ((await pendingMigrations(store)).length > 0) {
    await inMigrationLease(store, async () => {
      // A later version may have been first.
      await refuseNewerSchema(store);
      for (const name of await pendingMigrations(store)) {
        const own = await applyMigration(store, name);
        if (own === undefined) continue;
        applied.push(name);
        notes.push(...own);
      }
    });
  }
  return { applied, current, notes };
}

/** @returns its notes; `undefined` when another program applied it first */
async function applyMigration(store: Store, name: string): Promise<readonly string[] | undefined> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await tryMigration(store, name);
    if ('notes' in outcome) return outcome.notes;
    if (!(await pendingMigrations(store)).includes(name)) return undefined;
    if (attempt < ATTEMPTS && (isDuplicateKey(outcome.error) || isRetryable(outcome.error))) continue;
    throw migrationFailed(outcome.error);
  }
}

async function tryMigration(
  store: Store,
  name: string,
): Promise<{ readonly notes: readonly string[] } | { readonly error: unknown }> {
  const notes: string[] = [];
  try {
    await MIGRATIONS[name]?.prepare?.(store.db, store.dialect);
  } catch (error) {
    return { error };
  }
  const names = Object.keys(MIGRATIONS);
  const upTo = names.slice(0, names.indexOf(name) + 1);
  const migrator = new Migrator({
    db: store.db,
    // Only up to this one, because the next one may have work to do first.
    provider: { getMigrations: () => Promise.resolve(migrationsFor(store, upTo, notes)) },
    ...TABLES,
  });
  const { error, results = [] } = await migrator.migrateToLatest();
  const isApplied = results.some((result) => result.status === 'Success' && result.migrationName === name);
  return isApplied && error === undefined ? { notes } : { error };
}

function migrationsFor(store: Store, names: readonly string[], notes: string[]): Record<string, Migration> {
  const up = (name: string) => async (db: Kysely<unknown>) => {
    notes.push(...((await MIGRATIONS[name]?.up(db, store.dialect)) ?? []));
  };
  return Object.fromEntries(names.map((name) => [name, { up: up(name) }]));
}

/** Kysely's own check reports a database of a later version as "corrupted migrations". */
async function refuseNewerSchema(store: Store): Promise<void> {
  const { unknown } = await schemaState(store);
  if (unknown.length > 0) {
    throw new StorageError(
      'schema-newer',
      `A newer version of Dogear has used this database (it has the migration ${unknown.join(', ')}). Update Dogear.`,
    );
  }
}

async function appliedNames(store: Store): Promise<readonly string[]> {
  try {
    return await readNames(store);
  } catch {
    const tables = await store.db.introspection.getTables({ withInternalKyselyTables: true });
    if (!tables.some((table) => table.name === TABLES.migrationTableName)) return [];
    // There is a table. Another program may have made it since the first attempt.
    return readNames(store);
  }
}

async function readNames({ db }: Store): Promise<readonly string[]> {
  const tables = db.withTables<{ schema_migration: { name: string } }>();
  const rows = await tables.selectFrom('schema_migration').select('name').execute();
  return rows.map((row) => row.name);
}

export interface SchemaState {
  /** Names of the migrations that are not applied yet, in order; empty when the schema is current. */
  readonly pending: readonly string[];
  /** Names of applied migrations that this version of the program does not know: a later one has applied them. */
  readonly unknown: readonly string[];
}

export async function schemaState(store: Store): Promise<SchemaState> {
  const applied = await appliedNames(store);
  return {
    pending: Object.keys(MIGRATIONS).filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !(name in MIGRATIONS)),
  };
}

export async function pendingMigrations(store: Store): Promise<readonly string[]> {
  return (await schemaState(store)).pending;
}
