import { errorCode, errorMessage } from '../domain/error-text.js';
import { isConflict, isRetryable, isTransactionTooLarge } from './database-error.js';

/** Why the database cannot do its work, and what the operator can do about it. The names are the reasons of `/readyz`. */
const FAULTS = {
  'database-away': 'It does not answer. Start it, or check its address and the network.',
  'too-many-connections':
    'It takes no more connections. Raise its max_connections, or lower database.connections.',
  'access-denied':
    'It refuses the user. Check the user and the password of database.url, and the rights of the user.',
  'database-missing': 'There is no database of this name. Create it, or correct database.url.',
  'row-locked':
    'Another transaction holds a lock for too long. Look for a long transaction, a backup that locks tables, or a change of the schema.',
  'statement-timeout': 'A statement took too long. Look at the load of the database and of its disk.',
  'transaction-too-large':
    'Its cluster passes on no transaction of this size. Raise wsrep_max_ws_size or wsrep_max_ws_rows (Galera), group_replication_transaction_size_limit (MySQL) or txn-total-size-limit (TiDB).',
  'disk-full': 'Its disk is full. Free space there; a restart is not needed.',
  'read-only':
    'It takes no writes. Check the owner and the mode of the file and of its folder, or whether the server is a read-only replica.',
  'cannot-open': 'Its file cannot be opened.',
  'file-moved':
    'Its file was removed, moved or replaced while it was open. Move the file back, or restore a backup and restart Dogear.',
  'not-a-database': 'The file is no SQLite database. Correct database.url, or restore a backup.',
  damaged: 'Its file is damaged. Stop Dogear, and restore a backup.',
  'thread-ended': 'The thread that holds it has ended. Another one takes its place within a second.',
  'connections-in-use':
    'All connections of this thread are in use. Look for slow statements, or raise database.connections.',
  'disk-error': 'Its disk cannot be read or written. The log of the system says more.',
} as const;

export type DatabaseFault = keyof typeof FAULTS;

/** By the `code` of the drivers. Retryable errors that are not here are `database-away`. */
const FAULT_OF_CODE: ReadonlyMap<string, DatabaseFault> = new Map(
  Object.entries<DatabaseFault>({
    ER_CON_COUNT_ERROR: 'too-many-connections',
    ER_TOO_MANY_USER_CONNECTIONS: 'too-many-connections',
    ER_USER_LIMIT_REACHED: 'too-many-connections',
    ER_ACCESS_DENIED_ERROR: 'access-denied',
    ER_DBACCESS_DENIED_ERROR: 'access-denied',
    ER_TABLEACCESS_DENIED_ERROR: 'access-denied',
    ER_COLUMNACCESS_DENIED_ERROR: 'access-denied',
    ER_BAD_DB_ERROR: 'database-missing',
    ER_LOCK_WAIT_TIMEOUT: 'row-locked',
    SQLITE_BUSY: 'row-locked',
    ER_QUERY_TIMEOUT: 'statement-timeout',
    1969: 'statement-timeout', // MariaDB's own time limit
    PROTOCOL_SEQUENCE_TIMEOUT: 'statement-timeout',
    ER_DISK_FULL: 'disk-full',
    ER_RECORD_FILE_FULL: 'disk-full',
    3675: 'disk-full', // MySQL: a table's file cannot grow
    SQLITE_FULL: 'disk-full',
    ER_OPTION_PREVENTS_STATEMENT: 'read-only',
    ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION: 'read-only',
    ER_READ_ONLY_MODE: 'read-only',
    ER_INNODB_READ_ONLY: 'read-only',
    SQLITE_READONLY: 'read-only',
    SQLITE_PERM: 'read-only',
    SQLITE_CANTOPEN: 'cannot-open',
    SQLITE_READONLY_DBMOVED: 'file-moved',
    SQLITE_NOTADB: 'not-a-database',
    SQLITE_CORRUPT: 'damaged',
    SQLITE_IOERR: 'disk-error',
    SQLITE_THREAD_ENDED: 'thread-ended',
    POOL_EXHAUSTED: 'connections-in-use',
  }),
);

/**
 * Other errors of MySQL and MariaDB that name the system's ENOSPC: "Got error 28 …", "Error writing file (Errcode: 28 …",
 * "(OS errno 28 …".
 */
const NO_SPACE = /\b(?:error|errno:?|errcode:) 28\b/i;
/** The SQL state of errors of the system. Errors about values and statements have others, and quote what people typed. */
const GENERAL_ERROR = 'HY000';

/**
 * The fault behind an error of a statement or a connection.
 *
 * @returns `undefined` for an error that says nothing about the database as a whole: a wrong statement, a value that is
 *   taken, a conflict with another transaction, a defect of the program
 */
export function databaseFault(error: unknown): DatabaseFault | undefined {
  if (isNoSpace(error)) return 'disk-full';
  // By name: errors lose their class when they cross threads.
  if (error instanceof Error && error.name === 'StorageError') return databaseFault(error.cause);
  if (isConflict(error)) return undefined;
  if (isTransactionTooLarge(error)) return 'transaction-too-large';
  const code = errorCode(error) ?? '';
  const known =
    FAULT_OF_CODE.get(code) ??
    FAULT_OF_CODE.get(error instanceof Error && 'errno' in error ? String(error.errno) : '') ??
    // SQLite's extended codes: SQLITE_IOERR_WRITE.
    FAULT_OF_CODE.get(/^SQLITE_[A-Z]+/.exec(code)?.[0] ?? '');
  if (known !== undefined) return known;
  return isRetryable(error) ? 'database-away' : undefined;
}

function isNoSpace(error: unknown): boolean {
  if (!(error instanceof Error && 'sqlState' in error)) return false;
  return error.sqlState === GENERAL_ERROR && NO_SPACE.test(error.message);
}

/** Whether the database as a whole cannot do its work now, so that the same request may succeed later. */
export function isDatabaseAway(error: unknown): boolean {
  return isRetryable(error) || databaseFault(error) !== undefined;
}

/** The databases that failed, by the errors that their drivers threw. Weak: an entry goes with its error. */
const DATABASES = new WeakMap<Error, string>();

/** Remembers which database an error came from, for {@link faultMessage}. @param where without the password */
export function noteDatabase(error: unknown, where: string): void {
  if (error instanceof Error) DATABASES.set(error, where);
}

/**
 * What is wrong with which database and what to do, for the operator.
 *
 * @returns `undefined` where {@link databaseFault} does
 */
export function faultMessage(error: unknown): string | undefined {
  const fault = databaseFault(error);
  if (fault === undefined) return undefined;
  const where = error instanceof Error ? DATABASES.get(error) : undefined;
  // Node.js gives no message when it tried several addresses of a host in vain.
  const reason = errorMessage(error) || errorCode(error) || 'unknown error';
  return `The database${where === undefined ? '' : ` at ${where}`} cannot be used: ${reason}. ${FAULTS[fault]}`;
}

/** What is wrong and what to do, without the address of the database. */
export function faultAdvice(fault: DatabaseFault): string {
  return FAULTS[fault];
}
