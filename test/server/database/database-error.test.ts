import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  isBetterInParts,
  isConflict,
  isDuplicateKey,
  isRetryable,
  isRowLocked,
  isServerReadOnly,
  isStatementRefused,
  isTransactionTooLarge,
} from '../../../server/database/database-error.js';
import { MYSQL } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';

describe('isRetryable, for an error of MySQL', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore(MYSQL);
  });
  afterAll(() => store.close());

  /** The error that the driver makes of a number which the server sends. */
  async function errorNumbered(number: number): Promise<unknown> {
    const signal = sql.raw(
      `signal sqlstate '45000' set mysql_errno = ${String(number)}, message_text = 'test'`,
    );
    return signal.execute(store.db).catch((error: unknown) => error);
  }

  it.each([
    ['a deadlock, or a conflict between nodes of Galera', 1213],
    ['no quorum, or a node that is not synchronised, in Galera', 1047],
    ['a node of Galera that left its cluster during the commit', 1180],
    ['a conflict between members in group replication', 3101],
    ['no majority in group replication', 3100],
    ['a recovering member in group replication', 3797],
    ['offline mode', 3032],
    ['no tablet in Vitess', 3168],
    ['too many connections in Vitess', 1203],
    ['a write conflict in TiDB', 9007],
    ['a commit in TiDB that must be retried', 8022],
    ['a busy TiKV', 9003],
    ['a region without a leader in TiDB', 9005],
  ])('is true for %s', async (_name, number) => {
    const error = await errorNumbered(number);
    expect(error).toMatchObject({ errno: number });
    expect(isRetryable(error)).toBe(true);
  });

  it.each([
    ['a missing privilege', 1142],
    ['a missing table', 1146],
    ['a value that is too long', 1406],
    ['a duplicate key', 1062],
    ['a transaction that is too large for TiDB', 8004],
    ['a row that is too large for TiDB', 8025],
  ])('is false for %s', async (_name, number) => {
    const error = await errorNumbered(number);
    expect(error).toMatchObject({ errno: number });
    expect(isRetryable(error)).toBe(false);
  });
});

it.each([
  ['ER_LOCK_DEADLOCK', ['retryable']],
  ['ER_LOCK_WAIT_TIMEOUT', ['retryable', 'row locked']],
  ['ER_OPTION_PREVENTS_STATEMENT', ['retryable', 'server read-only']],
  ['ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION', ['retryable', 'server read-only']],
  ['ER_READ_ONLY_MODE', ['retryable', 'server read-only']],
  ['ECONNRESET', ['retryable']],
  ['PROTOCOL_SEQUENCE_TIMEOUT', ['retryable']],
  ['ER_DISK_FULL', []],
  ['SQLITE_BUSY', ['retryable']],
  ['SQLITE_FULL', []],
  ['ER_ACCESS_DENIED_ERROR', ['statement refused']],
  ['ER_TABLEACCESS_DENIED_ERROR', ['statement refused']],
  ['ER_NO_SUCH_TABLE', ['statement refused']],
  ['ER_BAD_FIELD_ERROR', ['statement refused']],
  ['SQLITE_ERROR', ['statement refused']],
  ['SQLITE_READONLY', []],
  ['SQLITE_CORRUPT', []],
  ['ER_DUP_ENTRY', ['duplicate key']],
  ['SQLITE_CONSTRAINT_UNIQUE', ['duplicate key']],
  ['SQLITE_CONSTRAINT_PRIMARYKEY', ['duplicate key']],
  ['ER_DATA_TOO_LONG', []],
  ['ENOENT', []],
])('the code %s means %j', (code, meanings) => {
  const error = Object.assign(new Error('test'), { code });
  const found = [
    isRetryable(error) ? ['retryable'] : [],
    isRowLocked(error) ? ['row locked'] : [],
    isServerReadOnly(error) ? ['server read-only'] : [],
    isStatementRefused(error) ? ['statement refused'] : [],
    isDuplicateKey(error) ? ['duplicate key'] : [],
  ];
  expect(found.flat()).toEqual(meanings);
});

it('an error that ends its connection may be retried, whatever its code is', () => {
  expect(isRetryable(Object.assign(new Error('test'), { fatal: true }))).toBe(true);
  expect(isRetryable(new Error('test'))).toBe(false);
  expect(isRetryable('ECONNRESET')).toBe(false);
});

describe('a transaction that is too large for the cluster', () => {
  // As MariaDB 10.11 with Galera says it (test/server/database/mysql/galera.test.ts).
  it.each([
    ['ER_UNKNOWN_ERROR', 'Maximum writeset size exceeded'],
    ['ER_ERROR_DURING_COMMIT', 'wsrep_max_ws_rows exceeded'],
    ['ER_ERROR_DURING_COMMIT', 'Got error 90 "Message too long" during COMMIT'],
  ])('is told from other errors with the code %s by "%s"', (code, message) => {
    const error = Object.assign(new Error(message), { code });
    expect([isTransactionTooLarge(error), isBetterInParts(error, 1)]).toEqual([true, true]);
    expect([isRetryable(error), isConflict(error)]).toEqual([false, false]);
    const other = Object.assign(new Error('Got error 5 "Input/output error" during COMMIT'), { code });
    expect([isTransactionTooLarge(other), isBetterInParts(other, 9)]).toEqual([false, false]);
  });

  it('is what an error of group replication means that comes again and again', () => {
    const error = Object.assign(
      new Error("Error on observer while running replication hook 'before_commit'."),
      {
        code: 'ER_RUN_HOOK_ERROR',
      },
    );
    expect(isRetryable(error)).toBe(true);
    expect([1, 2, 3, 4].map((failures) => isBetterInParts(error, failures))).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });
});
