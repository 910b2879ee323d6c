import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate, pendingMigrations } from '../../../server/database/migrate.js';
import { MIGRATIONS } from '../../../server/database/migrations/migrations.js';
import { openStore, type OpenStore } from '../../../server/database/store.js';
import { type TestDatabase, testDatabases } from '../../support/databases.js';
import { runProgram } from '../../support/program.js';

const ALL = Object.keys(MIGRATIONS);

describe.each(testDatabases())('migrations on $name', ({ create }) => {
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

  it('are applied once, in order', async () => {
    expect(await pendingMigrations(store)).toEqual(ALL);
    expect(await migrate(store)).toEqual({ applied: ALL, current: ALL, notes: [] });
    expect(await pendingMigrations(store)).toEqual([]);
    expect(await migrate(store)).toEqual({ applied: [], current: ALL, notes: [] });
  });

  it('are applied once when several programs start at once', async () => {
    const reports = await Promise.all(
      Array.from({ length: 4 }, () => runProgram(['migrate', '--database', database.url])),
    );
    for (const { exitCode, stderr } of reports)
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const applied = reports.flatMap(({ stdout }) => stdout.match(/^applied .*/gm) ?? []);
    // Each by one of the programs.
    expect(applied.toSorted()).toEqual(ALL.map((name) => `applied ${name}`));
  });

  it('refuse a database that a newer version has migrated', async () => {
    await migrate(store);
    await sql`insert into schema_migration (name, timestamp) values ('9999-later', '')`.execute(store.db);
    await expect(migrate(store)).rejects.toMatchObject({ code: 'schema-newer' });
  });
});
