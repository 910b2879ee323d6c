import { randomBytes } from 'node:crypto';
import { type Connection, createConnection, type ResultSetHeader } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { sql } from 'kysely';
import { readDatabaseNowMs } from '../../../server/database/database-clock.js';
import { MYSQL, testDatabases } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';

describe.each(testDatabases())("$name's clock", (kind) => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore(kind);
  });
  afterEach(() => store.close());

  it('is the clock of this machine, where the test database runs', async () => {
    const before = Date.now();
    const now = await readDatabaseNowMs(store);
    expect(Number.isInteger(now)).toBe(true);
    expect(now).toBeGreaterThanOrEqual(before - 1);
    expect(now).toBeLessThanOrEqual(Date.now() + 1);
  });
});

describe('the clock of a MySQL server whose time zone has daylight saving time', () => {
  /** Berlin's clocks go from three back to two at this moment. */
  const AUTUMN_S = Date.UTC(2026, 9, 25, 1) / 1000;
  const zone = `Test/${randomBytes(8).toString('hex')}`;
  let administrator: Connection;
  let zoneId: number;

  beforeEach(async () => {
    administrator = await createConnection({ uri: inject('mysqlUrl') });
    const [made] = await administrator.query<ResultSetHeader>(
      "insert into mysql.time_zone (use_leap_seconds) values ('N')",
    );
    zoneId = made.insertId;
    const type = 'insert into mysql.time_zone_transition_type values (?, ?, ?, ?, ?)';
    await administrator.query(type, [zoneId, 0, 7200, 1, 'CEST']);
    await administrator.query(type, [zoneId, 1, 3600, 0, 'CET']);
    const transition = 'insert into mysql.time_zone_transition values (?, ?, ?)';
    await administrator.query(transition, [zoneId, 0, 0]);
    await administrator.query(transition, [zoneId, AUTUMN_S, 1]);
    await administrator.query('insert into mysql.time_zone_name values (?, ?)', [zone, zoneId]);
  });
  afterEach(async () => {
    for (const table of ['time_zone', 'time_zone_name', 'time_zone_transition', 'time_zone_transition_type'])
      await administrator.query(`delete from mysql.${table} where time_zone_id = ?`, [zoneId]);
    await administrator.end();
  });

  it('goes on through the hour that comes twice in autumn', async () => {
    const store = await openTestStore(MYSQL);
    await store.db.connection().execute(async (db) => {
      await sql`set time_zone = ${zone}`.execute(db);
      const seen: number[] = [];
      for (const offsetS of [-1800, -1, 0, 1800]) {
        await sql`set timestamp = ${sql.lit(AUTUMN_S + offsetS)}`.execute(db);
        seen.push((await readDatabaseNowMs({ db, dialect: 'mysql' })) - AUTUMN_S * 1000);
      }
      expect(seen).toEqual([-1_800_000, -1000, 0, 1_800_000]);
    });
    await store.close();
  });
});
