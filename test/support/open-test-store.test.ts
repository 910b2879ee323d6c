import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { migrate } from '../../server/database/migrate.js';
import { openStore, type Store } from '../../server/database/store.js';
import { testDatabases } from './databases.js';
import { openTestStore } from './open-test-store.js';

describe.each(testDatabases())('a test store on $name', (kind) => {
  it('has the tables, keys and rows of a database that was migrated', async () => {
    const database = await kind.create();
    const migrated = await openStore(database.url);
    await migrate(migrated);
    const first = await openTestStore(kind);
    const copied = await openTestStore(kind);
    expect(await contents(copied)).toEqual(await contents(migrated));
    await Promise.all([migrated.close(), first.close(), copied.close()]);
    await database.drop();
  });
});

async function contents(store: Store): Promise<unknown> {
  const tables = await store.db.introspection.getTables({ withInternalKyselyTables: true });
  const names = tables.map(({ name }) => name).toSorted((one, other) => one.localeCompare(other));
  expect(names.length).toBeGreaterThan(20);
  const rows = await Promise.all(
    // The times at which the migrations were applied differ.
    names.map((name) => sql<object>`select * from ${sql.table(name)}`.execute(store.db)),
  );
  return {
    rows: rows.map((each) => each.rows.map((row) => ({ ...row, timestamp: undefined }))),
    definitions: await (store.dialect === 'mysql'
      ? mysqlDefinitions(store, names)
      : sqliteDefinitions(store)),
  };
}

async function sqliteDefinitions({ db }: Store): Promise<unknown> {
  return (await sql`select name, sql from sqlite_master order by name`.execute(db)).rows;
}

async function mysqlDefinitions({ db }: Store, names: readonly string[]): Promise<unknown> {
  const tables = await Promise.all(
    names.map((name) => sql<{ 'Create Table': string }>`show create table ${sql.table(name)}`.execute(db)),
  );
  // Arrivals are counted from the time of the migration.
  const withoutTime = (text: string) => text.replace(/AUTO_INCREMENT=\d{13}/, 'AUTO_INCREMENT=TIME');
  const others = await Promise.all(
    [sql`show triggers`, sql`show full tables where table_type <> 'BASE TABLE'`].map((each) =>
      each.execute(db),
    ),
  );
  return [
    ...tables.map(({ rows }) => rows.map((row) => withoutTime(row['Create Table']))),
    ...others.map(({ rows }) => rows),
  ];
}
