import { errorCode, errorMessage } from '../domain/error-text.js';

export type StorageErrorCode =
  'bad-database-url' | 'database-unreachable' | 'schema-newer' | 'migration-failed';

/** The database as a whole cannot be used. The message is for the person who runs the program. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

export function migrationFailed(cause: unknown): StorageError {
  return new StorageError(
    'migration-failed',
    `The database's schema could not be brought up to date: ${errorMessage(cause)}`,
    cause,
  );
}

/**
 * What an error of a statement means for its caller.
 *
 * - `retryable`: the connection was lost, or the server is busy or unavailable. The same work may succeed later.
 * - `conflict`: another transaction was in the way. Retryable, and a part of normal operation.
 * - `row-locked`: another transaction held a row's lock for longer than the session waits (mysql-session.ts). Retryable.
 * - `server-read-only`: the server became a read-only replica, and another server takes over. Retryable, but not over
 *   this connection, which stays open.
 * - `too-large`: a transaction is larger than the servers of a cluster pass on. Smaller parts may succeed.
 * - `maybe-too-large`: group replication says the same of a transaction that is too large and of a member without a
 *   majority. Retryable, in smaller parts when it comes again.
 * - `statement-refused`: the statement is wrong, or the account may not run it. Other values would fail in the same way.
 * - `duplicate-key`: another row has the same unique key.
 */
type Meaning =
  | 'retryable'
  | 'conflict'
  | 'row-locked'
  | 'server-read-only'
  | 'too-large'
  | 'maybe-too-large'
  | 'statement-refused'
  | 'duplicate-key';

/** By the `code` of the drivers and of Node.js. Errors without a name in mysql2 stand under their number (`errno`). */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map(
  Object.entries<Meaning>({
    // Conflicts with other transactions.
    ER_LOCK_DEADLOCK: 'conflict',
    ER_LOCK_WAIT_TIMEOUT: 'row-locked',
    ER_CHECKREAD: 'conflict', // MariaDB: a row changed since this transaction's snapshot
    ER_LOCK_ABORTED: 'conflict',
    ER_LOCK_TABLE_FULL: 'retryable',
    ER_TOO_MANY_CONCURRENT_TRXS: 'conflict',
    SQLITE_BUSY: 'retryable',
    SQLITE_BUSY_SNAPSHOT: 'conflict',

    // The statement or its connection was ended.
    ER_QUERY_TIMEOUT: 'retryable', // MySQL's own time limit (mysql-session.ts)
    1969: 'retryable', // MariaDB's own time limit
    ER_QUERY_INTERRUPTED: 'retryable', // an administrator ended it
    ER_SESSION_WAS_KILLED: 'retryable',
    1927: 'retryable', // MariaDB: the connection was killed
    ER_CLIENT_INTERACTION_TIMEOUT: 'retryable', // the session was idle for too long
    ER_NEW_ABORTING_CONNECTION: 'retryable',
    PROTOCOL_CONNECTION_LOST: 'retryable',
    PROTOCOL_SEQUENCE_TIMEOUT: 'retryable', // a statement took longer than the store allows (mysql-pool.ts)
    POOL_EXHAUSTED: 'retryable', // no connection became free in time (mysql-pool.ts)
    SQLITE_THREAD_ENDED: 'retryable', // another thread takes its place (sqlite-dialect.ts)

    // The server cannot be reached.
    ECONNRESET: 'retryable',
    ECONNREFUSED: 'retryable',
    ECONNABORTED: 'retryable',
    EPIPE: 'retryable',
    ETIMEDOUT: 'retryable',
    EHOSTUNREACH: 'retryable',
    ENETUNREACH: 'retryable',
    EAI_AGAIN: 'retryable',
    ENOTFOUND: 'retryable',

    // The server has no room at the moment, or is shutting down.
    ER_SERVER_SHUTDOWN: 'retryable',
    ER_SERVER_OFFLINE_MODE: 'retryable',
    ER_CON_COUNT_ERROR: 'retryable', // too many connections
    ER_TOO_MANY_USER_CONNECTIONS: 'retryable',
    ER_USER_LIMIT_REACHED: 'retryable',
    ER_HOST_IS_BLOCKED: 'retryable', // too many connection attempts failed
    ER_OUT_OF_RESOURCES: 'retryable',

    // The server became read-only.
    ER_OPTION_PREVENTS_STATEMENT: 'server-read-only',
    ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION: 'server-read-only',
    ER_READ_ONLY_MODE: 'server-read-only',
    ER_INNODB_READ_ONLY: 'retryable',

    // Clusters.
    ER_UNKNOWN_COM_ERROR: 'retryable', // Galera: the node is not ready
    ER_ERROR_DURING_COMMIT: 'conflict', // Galera: the node left its cluster during the commit
    ER_TRANSACTION_ROLLBACK_DURING_COMMIT: 'conflict', // group replication
    ER_RUN_HOOK_ERROR: 'maybe-too-large', // group replication: this member could not send the transaction to the others
    ER_GRP_TRX_CONSISTENCY_NOT_ALLOWED: 'retryable', // group replication: this member is joining or recovering
    ER_GRP_TRX_CONSISTENCY_BEFORE: 'retryable',
    ER_GRP_TRX_CONSISTENCY_AFTER_ON_TRX_BEGIN: 'retryable',
    ER_SERVER_ISNT_AVAILABLE: 'retryable', // Vitess: no tablet can take the statement
    // TiDB: the transaction lost against another one, or against a change of the schema.
    8002: 'conflict',
    8005: 'conflict',
    8022: 'conflict',
    8028: 'conflict',
    9007: 'conflict',
    // TiDB: its storage does not answer, is busy, waits for a lock, or has too few replicas at the moment.
    9001: 'retryable',
    9002: 'retryable',
    9003: 'retryable',
    9004: 'retryable',
    9005: 'retryable',
    // TiDB: a transaction, or a row of it, is too large.
    8004: 'too-large',
    8025: 'too-large',

    ER_ACCESS_DENIED_ERROR: 'statement-refused',
    ER_DBACCESS_DENIED_ERROR: 'statement-refused',
    ER_TABLEACCESS_DENIED_ERROR: 'statement-refused',
    ER_COLUMNACCESS_DENIED_ERROR: 'statement-refused',
    ER_BAD_DB_ERROR: 'statement-refused',
    ER_NO_SUCH_TABLE: 'statement-refused',
    ER_BAD_FIELD_ERROR: 'statement-refused',
    SQLITE_ERROR: 'statement-refused', // a missing table, among others

    ER_DUP_ENTRY: 'duplicate-key',
    SQLITE_CONSTRAINT_UNIQUE: 'duplicate-key',
    SQLITE_CONSTRAINT_PRIMARYKEY: 'duplicate-key',
  }),
);

const RETRYABLE: ReadonlySet<Meaning | undefined> = new Set([
  'retryable',
  'conflict',
  'row-locked',
  'server-read-only',
  'maybe-too-large',
]);

/**
 * Galera says that a transaction is too large with the codes of other errors: ER_UNKNOWN_ERROR "Maximum writeset size
 * exceeded" (wsrep_max_ws_size), ER_ERROR_DURING_COMMIT "wsrep_max_ws_rows exceeded", or "Got error 90" (EMSGSIZE).
 */
const TOO_LARGE = /Maximum writeset size exceeded|wsrep_max_ws_(?:rows|size) exceeded|Got error 90\b/i;
const CODES_OF_TOO_LARGE: ReadonlySet<string | undefined> = new Set([
  'ER_UNKNOWN_ERROR',
  'ER_ERROR_DURING_COMMIT',
]);

/** Whether the same work may succeed when it is done again: the database is busy or unavailable, or was interrupted. */
export function isRetryable(error: unknown): boolean {
  // mysql2 marks errors that end the connection as fatal. Not all of them have a code.
  if (error instanceof Error && 'fatal' in error && error.fatal === true) return true;
  return RETRYABLE.has(meaningOf(error));
}

/** Whether another transaction was in the way, as happens in normal operation. Such errors are retryable too. */
export function isConflict(error: unknown): boolean {
  return meaningOf(error) === 'conflict';
}

/** Whether another transaction held a row's lock for longer than the session waits. Such errors are retryable too. */
export function isRowLocked(error: unknown): boolean {
  return meaningOf(error) === 'row-locked';
}

/** Whether the servers of a cluster do not pass on transactions of this size. Not retryable as a whole. */
export function isTransactionTooLarge(error: unknown): boolean {
  return meaningOf(error) === 'too-large';
}

/** Failures in a row after which an error that may mean "too large" is taken to mean it. */
const MAYBE_IS_CERTAIN_AFTER = 3;

/**
 * Whether smaller transactions, each by itself, may succeed where this one did not.
 *
 * @param failures how often the same transaction has failed, this time included
 */
export function isBetterInParts(error: unknown, failures: number): boolean {
  const meaning = meaningOf(error);
  if (meaning === 'maybe-too-large') return failures >= MAYBE_IS_CERTAIN_AFTER;
  return meaning === 'row-locked' || meaning === 'too-large';
}

/** Whether the server became a read-only replica. Such errors are retryable too, over another connection. */
export function isServerReadOnly(error: unknown): boolean {
  return meaningOf(error) === 'server-read-only';
}

/** Whether the statement itself was refused, so that it would fail with other values too. */
export function isStatementRefused(error: unknown): boolean {
  return meaningOf(error) === 'statement-refused';
}

/** Whether a row was refused because another row has the same unique key. */
export function isDuplicateKey(error: unknown): boolean {
  return meaningOf(error) === 'duplicate-key';
}

function meaningOf(error: unknown): Meaning | undefined {
  const code = errorCode(error);
  if (CODES_OF_TOO_LARGE.has(code) && error instanceof Error && TOO_LARGE.test(error.message))
    return 'too-large';
  const named = MEANINGS.get(code ?? '');
  if (named !== undefined) return named;
  return error instanceof Error && 'errno' in error ? MEANINGS.get(String(error.errno)) : undefined;
}
