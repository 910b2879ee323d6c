import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../../../server/database/migrate.js';
import { openStore, type OpenStore } from '../../../server/database/store.js';
import { type TestDatabase, testDatabases } from '../../support/databases.js';
import { openHookedStore } from '../../support/hooked-store.js';

const NAME = '0005-user-names';
/** More than one page. */
const OTHERS = 600;
const RENAMED = OTHERS + 5;
/** The names that the second "Zoë Q" gets when it has no number behind it, or one. */
const CANDIDATES = [1, 2].map((turn) => `Zoë Q ${String(RENAMED)}${turn === 1 ? '' : '-2'}`);
const EXPECTED = [
  ['Anna Ü. b', null],
  ['éric', 'ric'],
  ['Zoë Q', null],
  [CANDIDATES[0], null],
  [CANDIDATES[1], null],
  ['ééric é!', 'ric é!'],
  // Two orders of the same accents become equal, and both arrive cut.
  ['\u1eb9\u0301va x', 'va x'],
  [`\u1eb9\u0301va x ${String(RENAMED + 3)}`, `va x ${String(RENAMED + 3)}`],
];

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
    await sql`drop table user_name_lock`.execute(store.db);
    await insert([
      ...others,
      'Anna Ü. b'.normalize('NFD'),
      'éric'.normalize('NFD'),
      'Zoë Q',
      CANDIDATES[0] ?? '',
      'Zoë Q'.normalize('NFD'),
      'ééric é!'.normalize('NFD'),
      'e\u0323\u0301va x',
      'e\u0301\u0323va x',
    ]);
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

  async function names(): Promise<readonly (readonly (string | null)[])[]> {
    const rows = await store.db.selectFrom('user').selectAll().orderBy('id').execute();
    for (const { revision } of rows) expect(Number(revision)).toBe(0);
    expect(rows.slice(0, OTHERS).every(({ header_name: header }) => header === null)).toBe(true);
    expect(await store.db.selectFrom('user_name_lock').select('id').execute()).toHaveLength(1);
    return rows.slice(OTHERS).map(({ name, header_name: header }) => [name, header]);
  }

  it('brings names into NFC, never makes two of them equal, and says whom it called otherwise', async () => {
    const { applied, notes } = await migrate(store);
    expect(applied[0]).toBe(NAME);
    expect(notes).toEqual([
      expect.stringContaining(`The user ${String(RENAMED)} is called "${String(CANDIDATES[1])}" now`),
      expect.stringContaining(`va x ${String(RENAMED + 3)}"`),
    ]);
    expect(await names()).toEqual(EXPECTED);
    // The release before may still insert users.
    await insert(['later']);
    expect(await names()).toEqual([...EXPECTED, ['later', null]]);
  });

  it('continues wherever it was interrupted', async () => {
    let interruptions = 0;
    for (; ; interruptions++) {
      let changes = 0;
      const interrupted = openHookedStore(database.url, {
        beforeStatement: (text) => {
          const isChange =
            /^(alter table|create index|create table|insert into user_name_lock|update .?user)/.test(
              text.trim(),
            );
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
