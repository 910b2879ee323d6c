import { describe, expect, it } from 'vitest';
import { databaseFault, isDatabaseAway } from '../../../server/database/database-fault.js';

describe('databaseFault', () => {
  it.each([
    ['SQLITE_FULL', 'disk-full'],
    ['SQLITE_READONLY', 'read-only'],
    ['SQLITE_READONLY_DBMOVED', 'file-moved'],
    ['SQLITE_READONLY_DIRECTORY', 'read-only'],
    ['SQLITE_CANTOPEN', 'cannot-open'],
    ['SQLITE_NOTADB', 'not-a-database'],
    ['SQLITE_CORRUPT_INDEX', 'damaged'],
    ['SQLITE_IOERR_WRITE', 'disk-error'],
    ['SQLITE_BUSY', 'row-locked'],
    ['SQLITE_BUSY_SNAPSHOT', undefined],
    ['SQLITE_CONSTRAINT_UNIQUE', undefined],
    ['SQLITE_ERROR', undefined],
    ['ER_RECORD_FILE_FULL', 'disk-full'],
    ['ER_DISK_FULL', 'disk-full'],
    ['ER_CON_COUNT_ERROR', 'too-many-connections'],
    ['ER_ACCESS_DENIED_ERROR', 'access-denied'],
    ['ER_BAD_DB_ERROR', 'database-missing'],
    ['ER_LOCK_WAIT_TIMEOUT', 'row-locked'],
    ['ER_OPTION_PREVENTS_STATEMENT', 'read-only'],
    ['PROTOCOL_SEQUENCE_TIMEOUT', 'statement-timeout'],
    ['ECONNREFUSED', 'database-away'],
    ['ER_SERVER_SHUTDOWN', 'database-away'],
    ['ER_LOCK_DEADLOCK', undefined],
    ['ER_NO_SUCH_TABLE', undefined],
    ['ENOENT', undefined],
  ])('of %s is %s', (code, fault) => {
    expect(databaseFault(Object.assign(new Error('test'), { code }))).toBe(fault);
  });

  it('of a transaction that is larger than a cluster passes on is transaction-too-large', () => {
    const error = Object.assign(new Error('Maximum writeset size exceeded'), { code: 'ER_UNKNOWN_ERROR' });
    expect(databaseFault(error)).toBe('transaction-too-large');
    expect(databaseFault(Object.assign(new Error('something else'), { code: 'ER_UNKNOWN_ERROR' }))).toBe(
      undefined,
    );
  });

  it.each([
    ['3675, which has no name', { errno: 3675 }, 'Create table/tablespace failed, as disk is full.'],
    ['the error 28 of a storage engine', { code: 'ER_GET_ERRNO' }, 'Got error 28 from storage engine'],
    [
      'the error 28 of a storage engine, in the words of MariaDB',
      { code: 'ER_GET_ERRNO' },
      'Got error 28 "No space left on device" from storage engine InnoDB',
    ],
    [
      'a file that cannot be written for want of space',
      { code: 'ER_ERROR_ON_WRITE' },
      'Error writing file \'binlog\' (Errcode: 28 "No space left on device")',
    ],
    [
      'a temporary file that cannot be written, in the words of MySQL',
      { errno: 3 },
      "Error writing file '/tmp/MLfd=31' (OS errno 28 - No space left on device)",
    ],
    ['a commit for want of space', { code: 'ER_ERROR_DURING_COMMIT' }, 'Got error 28 during COMMIT'],
  ])('of %s is disk-full', (_name, fields, message) => {
    const error = Object.assign(new Error(message), { sqlState: 'HY000', ...fields });
    expect(databaseFault(error)).toBe('disk-full');
  });

  it.each([
    ['ER_DUP_ENTRY', '23000', "Duplicate entry 'error 28' for key 'library.name'"],
    [
      'ER_TRUNCATED_WRONG_VALUE',
      '22007',
      "Incorrect datetime value: 'error 28' for column `a`.`b`.`c` at row 1",
    ],
    ['ER_PARSE_ERROR', '42000', "You have an error in your SQL syntax near 'error 28' at line 1"],
  ])('of %s is undefined, whatever the value is that its message quotes', (code, sqlState, message) => {
    expect(databaseFault(Object.assign(new Error(message), { code, sqlState }))).toBeUndefined();
  });
});

it('the database is away while it has a fault or is only busy, not when a statement is wrong', () => {
  const coded = (code: string): Error => Object.assign(new Error('test'), { code });
  expect(
    ['SQLITE_FULL', 'ER_LOCK_DEADLOCK', 'ECONNRESET', 'ER_NO_SUCH_TABLE'].map((c) =>
      isDatabaseAway(coded(c)),
    ),
  ).toEqual([true, true, true, false]);
});
