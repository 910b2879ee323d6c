import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../../../server/database/migrate.js';
import { MIGRATIONS } from '../../../server/database/migrations/migrations.js';
import { openStore, type OpenStore } from '../../../server/database/store.js';
import { type TestDatabase, testDatabases } from '../../support/databases.js';
import { openHookedStore } from '../../support/hooked-store.js';

const ALL = Object.keys(MIGRATIONS);

describe('migrations of a MySQL cluster', () => {
  let database: TestDatabase;
  let store: OpenStore;
  beforeEach(async () => {
    const mysql = testDatabases().find(({ name }) => name === 'mysql');
    if (mysql === undefined) throw new Error('there is no MySQL to test with');
    database = await mysql.create();
    store = await openStore(database.url);
  });
  afterEach(async () => {
    await store.close();
    await database.drop();
  });

  it('take no lock where there is nothing to do', async () => {
    await migrate(store);
    const statements: string[] = [];
    const watched = openHookedStore(database.url, { beforeStatement: (text) => void statements.push(text) });
    expect(await migrate(watched)).toEqual({ applied: [], current: ALL });
    expect(statements.filter((text) => text.includes('get_lock'))).toEqual([]);
    await watched.close();
  });

  // What some versions of MariaDB say with Galera, and Percona XtraDB Cluster.
  it.each([
    [
      'ER_NOT_SUPPORTED_YET',
      1235,
      "This version of MariaDB doesn't yet support 'GET_LOCK in cluster (WSREP_ON=ON)'",
    ],
    [
      'ER_UNKNOWN_ERROR',
      1105,
      'Percona-XtraDB-Cluster prohibits use of GET_LOCK with pxc_strict_mode = ENFORCING',
    ],
  ])(
    'are applied once by programs that start at once where locks are refused with %s',
    async (code, errno, message) => {
      const beforeStatement = (text: string): void => {
        if (/(get|release)_lock/.test(text)) throw Object.assign(new Error(message), { code, errno });
      };
      const programs = Array.from({ length: 3 }, () => openHookedStore(database.url, { beforeStatement }));
      const reports = await Promise.all(programs.map((program) => migrate(program)));
      for (const { current } of reports) expect(current).toEqual(ALL);
      const rows = await sql<{ name: string }>`select name from schema_migration order by name`.execute(
        store.db,
      );
      expect(rows.rows.map(({ name }) => name)).toEqual(ALL);
      for (const program of programs) await program.close();
    },
  );

  it('fail where a lock is refused for another reason', async () => {
    const refusing = openHookedStore(database.url, {
      beforeStatement: (text) => {
        if (text.includes('get_lock')) throw Object.assign(new Error('no right'), { errno: 1370 });
      },
    });
    await expect(migrate(refusing)).rejects.toMatchObject({ code: 'migration-failed' });
    await refusing.close();
  });
});
