import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../../../server/database/migrate.js';
import { openStore, type OpenStore } from '../../../server/database/store.js';
import { type TestDatabase, testDatabases } from '../../support/databases.js';
import { openHookedStore } from '../../support/hooked-store.js';

const NAME = '0005-user-names';
/** More than one page. */
const OTHERS = 600;
const EXPECTED = ['Anna Ü. b', 'Zoë Q', `Zoë Q ${String(OTHERS + 3)}`];

describe.each(testDatabases())('the migration of user names on $name', ({ create }) => {
  let database: TestDatabase;
  let store: OpenStore;

  beforeEach(async () => {
    database = await create();
    store = await openStore(database.url);
    await migrate(store);
    // As the release before left it.
    const table = sql.raw(store.dialect === 'mysql' ? 'on user' : '');
    await sql`drop index user_header_name ${table}`.execute(store.db);
    await sql`alter table user drop column header_name`.execute(store.db);
    await sql`alter table user drop column revision`.execute(store.db);
    await sql`alter table ${sql.table('library')} drop column revision`.execute(store.db);
    // Later migrations run again too.
    await sql`delete from schema_migration where name >= ${NAME}`.execute(store.db);
    const others = Array.from({ length: OTHERS }, (_, i) => `user ${String(i)}`);
    await insert([...others, 'Anna Ü. b'.normalize('NFD'), 'Zoë Q', 'Zoë Q'.normalize('NFD')]);
  });

  afterEach(async () => {
    await store.close();
    await database.drop();
  });

  async function insert(names: readonly string[]): Promise<void> {
    const rows = sql.join(names.map((name) => sql`(${name}, 0, '', 0, 0)`));
    const columns = sql.raw('(name, is_owner, permissions, is_disabled, created_s)');
    await sql`insert into user ${columns} values ${rows}`.execute(store.db);
  }

  async function names(): Promise<readonly string[]> {
    const rows = await store.db.selectFrom('user').selectAll().orderBy('id').execute();
    for (const { header_name: header, revision } of rows) {
      expect({ header, revision: Number(revision) }).toEqual({ header: null, revision: 0 });
    }
    return rows.slice(OTHERS).map(({ name }) => name);
  }

  it('brings names into NFC, and never makes two of them equal', async () => {
    expect((await migrate(store)).applied[0]).toBe(NAME);
    expect(await names()).toEqual(EXPECTED);
    // The release before may still insert users.
    await insert(['later']);
    expect(await names()).toEqual([...EXPECTED, 'later']);
  });

  it('continues wherever it was interrupted', async () => {
    let interruptions = 0;
    for (; ; interruptions++) {
      let changes = 0;
      const interrupted = openHookedStore(database.url, {
        beforeStatement: (text) => {
          const isChange = /^(alter table|create index|update .?user)/.test(text.trim());
          if (isChange && ++changes > interruptions) throw new Error('interrupted by the test');
        },
      });
      const outcome = await migrate(interrupted).catch((error: unknown) => error);
      await interrupted.close();
      if (!(outcome instanceof Error)) break;
      expect(outcome.message).toContain('interrupted by the test');
    }
    expect(interruptions).toBeGreaterThan(0);
    expect(await names()).toEqual(EXPECTED);
  });
});
