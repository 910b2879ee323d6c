import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRetryable } from '../../../server/database/database-error.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';

describe('an error of a MySQL database', () => {
  let store: TestStore;
  beforeAll(async () => {
    const kind = testDatabases().find(({ name }) => name === 'mysql');
    if (kind === undefined) throw new Error('there is a MySQL database for tests');
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  async function errorNumbered(number: number): Promise<unknown> {
    const signal = sql.raw(
      `signal sqlstate '45000' set mysql_errno = ${String(number)}, message_text = 'test'`,
    );
    return signal.execute(store.db).catch((error: unknown) => error);
  }

  it.each([
    ['deadlock, and certification in Galera', 1213],
    ['no quorum or not yet synchronised in Galera', 1047],
    ['a node that left during the commit', 1180],
    ['certification in group replication', 3101],
    ['no majority in group replication', 3100],
    ['a member that is recovering', 3797],
    ['offline mode', 3032],
    ['no tablet in Vitess', 3168],
    ['too many in Vitess', 1203],
    ['write conflict in TiDB', 9007],
    ['commit to be tried again in TiDB', 8022],
    ['a busy TiKV', 9003],
    ['a region without a leader in TiDB', 9005],
  ])('that passes is one to try again: %s', async (_name, number) => {
    const error = await errorNumbered(number);
    expect(error).toMatchObject({ errno: number });
    expect(isRetryable(error)).toBe(true);
  });

  it.each([
    ['a privilege that is missing', 1142],
    ['a table that is missing', 1146],
    ['a value that is too long', 1406],
    ['a key that is there already', 1062],
  ])('that stays is not: %s', async (_name, number) => {
    const error = await errorNumbered(number);
    expect(error).toMatchObject({ errno: number });
    expect(isRetryable(error)).toBe(false);
  });
});
