import { join } from 'node:path';
import { Migrator, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { USER_NAME_CHARACTERS } from '../../../server/accounts/user-name.js';
import { MAX_PATH_BYTES } from '../../../server/book/book.js';
import { migrate } from '../../../server/database/migrate.js';
import { MIGRATIONS } from '../../../server/database/migrations/migrations.js';
import { openStore, type OpenStore, type Store } from '../../../server/database/store.js';
import { DEVICE_BYTES, FRIENDLY_NAME_CHARACTERS } from '../../../server/device/device.js';
import { DOCUMENT_BYTES } from '../../../server/domain/document.js';
import { LIBRARY_NAME_CHARACTERS } from '../../../server/library/library.js';
import { METADATA_BYTES, POSITION_BYTES } from '../../../server/sync/progress.js';
import { type TestDatabase, testDatabases } from '../../support/databases.js';
import { repositoryRoot } from '../../support/repository-root.js';

describe.each(testDatabases())('the schema on $name', ({ name: kind, create }) => {
  let database: TestDatabase;
  let store: OpenStore;

  beforeEach(async () => {
    database = await create();
    store = await openStore(database.url);
  });

  afterEach(async () => {
    await store.close();
    await database.drop();
  });

  // Outside of CI the first run writes the dump of a new migration, to be committed; in CI a missing dump fails. The dump
  // of a released migration never changes.
  it.each(Object.keys(MIGRATIONS))('after %s is as it was released', async (version) => {
    const migrator = new Migrator({
      db: store.db,
      provider: {
        getMigrations: () =>
          Promise.resolve(
            Object.fromEntries(
              Object.entries(MIGRATIONS).map(([name, step]) => [
                name,
                {
                  up: async (db) => {
                    await step.up(db, store.dialect);
                  },
                },
              ]),
            ),
          ),
      },
      migrationTableName: 'schema_migration',
      migrationLockTableName: 'schema_migration_lock',
    });
    const { error } = await migrator.migrateTo(version);
    expect(error).toBeUndefined();
    const file = join(repositoryRoot, 'test/data/schema', `${version}.${kind}.txt`);
    await expect(await dump(store)).toMatchFileSnapshot(file);
  });

  it.runIf(kind === 'mysql')('has columns wide enough for everything that the program accepts', async () => {
    await migrate(store);
    const lines = (await dump(store)).split('\n');
    expect(lines).toContain(`book.path varbinary(${String(MAX_PATH_BYTES)}) not null`);
    expect(lines).toContain(`user.name varchar(${String(USER_NAME_CHARACTERS)}) utf8mb4_bin not null`);
    expect(lines).toContain(`document_progress.document varbinary(${String(DOCUMENT_BYTES)}) not null`);
    expect(lines).toContain(`document_progress.position varbinary(${String(POSITION_BYTES)}) not null`);
    expect(lines).toContain(`document_metadata.metadata varbinary(${String(METADATA_BYTES)}) not null`);
    expect(lines).toContain(`document_progress.device_name varbinary(${String(DEVICE_BYTES)}) not null`);
    // A letter stands before the id or the name; see deviceKey in server/device/device.ts.
    expect(lines).toContain(`document_progress.device_key varbinary(${String(DEVICE_BYTES + 1)}) not null`);
    const nameColumn = 190;
    expect(lines).toContain(`library.name varchar(${String(nameColumn)}) utf8mb4_bin not null`);
    expect(lines).toContain(`device.friendly_name varchar(${String(nameColumn)}) utf8mb4_bin`);
    expect(Math.max(LIBRARY_NAME_CHARACTERS, FRIENDLY_NAME_CHARACTERS)).toBeLessThanOrEqual(nameColumn);
  });
});

function dump(store: Store): Promise<string> {
  return store.dialect === 'sqlite' ? dumpSqlite(store) : dumpMysql(store);
}

/** The statements that SQLite stores for its tables and indexes, with single spaces, without the tables of the migrations. */
async function dumpSqlite({ db }: Store): Promise<string> {
  const { rows } = await sql<{ readonly text: string }>`
    select sql as text from sqlite_master
    where sql is not null and tbl_name not like 'schema_migration%' and tbl_name not like 'sqlite%'
    order by tbl_name, type desc, name`.execute(db);
  return `${rows.map(({ text }) => text.replaceAll(/\s+/g, ' ')).join('\n')}\n`;
}

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly collation: string | null;
  readonly nullable: string;
  readonly extra: string;
}

interface KeyRow {
  readonly name: string;
  readonly columns: string;
  readonly isUnique: number | string;
}

/** A line for each table, column and key. MySQL and MariaDB give the same lines. */
async function dumpMysql({ db }: Store): Promise<string> {
  const columns = await sql<ColumnRow>`
    select concat(table_name, '.', column_name) as name, column_type as type, collation_name as collation,
      is_nullable as nullable, extra as extra
    from information_schema.columns
    where table_schema = database() and table_name not like 'schema_migration%'
    order by table_name, ordinal_position`.execute(db);
  const keys = await sql<KeyRow>`
    select concat(table_name, ' key ', lower(index_name)) as name,
      group_concat(column_name order by seq_in_index separator ', ') as columns,
      min(1 - non_unique) as isUnique
    from information_schema.statistics
    where table_schema = database() and table_name not like 'schema_migration%'
    group by table_name, index_name order by table_name, index_name`.execute(db);
  const tables = await sql<{ readonly name: string; readonly engine: string; readonly format: string }>`
    select table_name as name, engine as engine, row_format as format from information_schema.tables
    where table_schema = database() and table_name not like 'schema_migration%' order by table_name`.execute(
    db,
  );
  return `${[
    ...tables.rows.map(({ name, engine, format }) => `${name} ${engine} ${format.toLowerCase()}`),
    ...columns.rows.map(({ name, type, collation, nullable, extra }) =>
      [name, withoutDisplayWidth(type), collation, nullable === 'NO' ? 'not null' : '', extra]
        .filter((part) => part !== null && part !== '')
        .join(' '),
    ),
    ...keys.rows.map(
      ({ name, columns: list, isUnique }) => `${name} (${list})${Number(isUnique) === 1 ? ' unique' : ''}`,
    ),
  ].join('\n')}\n`;
}

/** MariaDB prints `bigint(20)` where MySQL prints `bigint`. */
function withoutDisplayWidth(type: string): string {
  return type.replace(/^(tinyint|int|bigint)\(\d+\)/, '$1');
}
