import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../../../server/database/migrate.js';
import { MIGRATIONS } from '../../../server/database/migrations/migrations.js';
import { openStore, type OpenStore } from '../../../server/database/store.js';
import { MYSQL, type TestDatabase } from '../../support/databases.js';
import { openHookedStore } from '../../support/hooked-store.js';

const ALL = Object.keys(MIGRATIONS);

describe('migrations of a MySQL cluster', () => {
  let database: TestDatabase;
  let store: OpenStore;
  beforeEach(async () => {
    database = await MYSQL.create();
    store = await openStore(database.url);
  });
  afterEach(async () => {
    await store.close();
    await database.drop();
  });

  it('take no lock when there is nothing to apply', async () => {
    await migrate(store);
    const statements: string[] = [];
    const watched = openHookedStore(database.url, { beforeStatement: (text) => void statements.push(text) });
    expect(await migrate(watched)).toEqual({ applied: [], current: ALL, notes: [] });
    expect(statements.filter((text) => text.includes('get_lock'))).toEqual([]);
    await watched.close();
  });

  it.each([
    // "This version of MariaDB doesn't yet support 'GET_LOCK in cluster (WSREP_ON=ON)'", in some versions with Galera.
    ['ER_NOT_SUPPORTED_YET'],
    // "Percona-XtraDB-Cluster prohibits use of GET_LOCK with pxc_strict_mode = ENFORCING".
    ['ER_UNKNOWN_ERROR'],
  ])('are applied once by programs that start at once, where locks are refused with %s', async (code) => {
    const programs = Array.from({ length: 3 }, () => openRefusing(/(get|release)_lock/, code));
    const reports = await Promise.all(programs.map((program) => migrate(program)));
    for (const { current } of reports) expect(current).toEqual(ALL);
    const rows = await sql<{ name: string }>`select name from schema_migration order by name`.execute(
      store.db,
    );
    expect(rows.rows.map(({ name }) => name)).toEqual(ALL);
    for (const program of programs) await program.close();
  });

  it.each([
    ['a lock', /get_lock/, 'ER_PROCACCESS_DENIED_ERROR'],
    ['another statement', /create table/, 'ER_UNKNOWN_ERROR'],
  ])('fail when the database refuses %s for another reason', async (_name, statements, code) => {
    const refusing = openRefusing(statements, code);
    await expect(migrate(refusing)).rejects.toMatchObject({ code: 'migration-failed' });
    await refusing.close();
  });

  /** Another program's store, whose statements fail with `code` when they match. */
  function openRefusing(statements: RegExp, code: string): OpenStore {
    return openHookedStore(database.url, {
      beforeStatement: (text) => {
        if (statements.test(text)) throw Object.assign(new Error('refused by the test'), { code });
      },
    });
  }
});
