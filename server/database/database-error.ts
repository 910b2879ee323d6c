export type StorageErrorCode =
  'bad-database-url' | 'database-unreachable' | 'schema-newer' | 'migration-failed';

/** What goes wrong with the database as a whole; the message is for the person who runs the program. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** Another transaction was in the way, or the connection was lost. The same work may succeed when it is done again. */
const RETRYABLE = new Set([
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_CHECKREAD', // MariaDB: a row changed since this transaction's snapshot
  'ER_QUERY_TIMEOUT', // MySQL's own time limit (mysql-session.ts)
  'ER_QUERY_INTERRUPTED', // an administrator ended it
  'ER_SESSION_WAS_KILLED',
  'ER_CLIENT_INTERACTION_TIMEOUT', // the session was idle for too long
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT', // a statement took longer than the store allows
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ER_SERVER_SHUTDOWN',
  'ENOTFOUND',
  'ER_CON_COUNT_ERROR', // too many connections at the moment
  'ER_TOO_MANY_USER_CONNECTIONS',
  'ER_USER_LIMIT_REACHED',
  'ER_HOST_IS_BLOCKED', // too many connections that came to nothing
  'ER_OUT_OF_RESOURCES',
  'ER_DISK_FULL',
  'ER_RECORD_FILE_FULL', // as MySQL says it where a table cannot grow
  'ER_UNKNOWN_COM_ERROR', // Galera: the node is not ready
  'ER_OPTION_PREVENTS_STATEMENT', // read-only while another primary takes over
  'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
  'ER_READ_ONLY_MODE',
  'ER_TRANSACTION_ROLLBACK_DURING_COMMIT', // group replication
  'ER_RUN_HOOK_ERROR', // group replication: this member could not bring the transaction to the others
  'ER_GRP_TRX_CONSISTENCY_NOT_ALLOWED', // group replication: this member is joining or recovering
  'ER_GRP_TRX_CONSISTENCY_BEFORE',
  'ER_GRP_TRX_CONSISTENCY_AFTER_ON_TRX_BEGIN',
  'ER_ERROR_DURING_COMMIT', // Galera: the node left its cluster meanwhile
  'ER_LOCK_ABORTED',
  'ER_LOCK_TABLE_FULL',
  'ER_TOO_MANY_CONCURRENT_TRXS',
  'ER_NEW_ABORTING_CONNECTION',
  'ER_SERVER_OFFLINE_MODE',
  'ER_INNODB_READ_ONLY',
  'ER_SERVER_ISNT_AVAILABLE', // Vitess: no tablet to send it to
  'SQLITE_BUSY',
  'SQLITE_BUSY_SNAPSHOT',
  'SQLITE_FULL',
]);

/** Errors that have no name in mysql2. */
const RETRYABLE_NUMBERS = new Set<unknown>([
  // MariaDB: a connection was killed, a statement took longer than allowed.
  1927, 1969,
  // TiDB: a transaction lost against another one, or against a change of the schema.
  8002, 8005, 8022, 8028, 9007,
  // TiDB: what it stores in does not answer, is busy, waits for a lock, has too few replicas at the moment.
  9001, 9002, 9003, 9004, 9005,
]);

export function isRetryable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // Errors of mysql2 that end the connection say so, and not all of them have a code.
  if ('fatal' in error && error.fatal === true) return true;
  if ('errno' in error && RETRYABLE_NUMBERS.has(error.errno)) return true;
  return 'code' in error && RETRYABLE.has(String(error.code));
}

/** Wrong with the statement itself, or with what the program may do: other rows would fare no better. */
const STATEMENT_REFUSED = new Set([
  'ER_ACCESS_DENIED_ERROR',
  'ER_DBACCESS_DENIED_ERROR',
  'ER_TABLEACCESS_DENIED_ERROR',
  'ER_COLUMNACCESS_DENIED_ERROR',
  'ER_BAD_DB_ERROR',
  'ER_NO_SUCH_TABLE',
  'ER_BAD_FIELD_ERROR',
  'SQLITE_ERROR', // SQLite's word for a missing table
  'SQLITE_READONLY',
  'SQLITE_CORRUPT',
]);

export function isStatementRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && STATEMENT_REFUSED.has(String(error.code));
}

/** Somebody keeps a row locked for longer than is waited for it (mysql-session.ts); a retry is as good as any other. */
export function isRowLocked(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ER_LOCK_WAIT_TIMEOUT';
}

const DUPLICATE_KEY = new Set(['ER_DUP_ENTRY', 'SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY']);

/** Whether a row was refused because another one has its unique key. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof Error && 'code' in error && DUPLICATE_KEY.has(String(error.code));
}
