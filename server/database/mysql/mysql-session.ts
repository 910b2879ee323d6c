/** What every statement may rely on, whatever the server's administrator prefers. One statement a setting. */
const EVERY_SESSION = [
  // No gap locks: pushes of neighbouring documents must not wait for each other, or deadlock.
  'set session transaction isolation level read committed',
  // What does not fit is refused, never cut short. Not NO_BACKSLASH_ESCAPES: mysql2 escapes with backslashes.
  "set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
];

/** Of the time that a statement may take, what the database itself allows; the rest is for its answer on the way. */
const DATABASE_PART = 0.8;

/**
 * After so long without a statement the database ends the session, and with it a transaction that a server which lost
 * power or its network left behind: until then its rows stay locked. It must be longer than the pool keeps idle
 * connections (mysql-dialect.ts), or the pool would hand out connections that are about to end.
 */
const WAIT_TIMEOUT_SECONDS = 60;

/**
 * Statements for each new session. With a time limit the database gives up by itself: a statement that only its client
 * gave up goes on waiting, for a lock or behind a backup, and as every new try leaves another one behind, the database
 * soon has no connection left for anybody.
 */
export function sessionStatements(statementTimeoutMs: number | undefined): readonly string[] {
  if (statementTimeoutMs === undefined) return EVERY_SESSION;
  const limitMs = Math.floor(statementTimeoutMs * DATABASE_PART);
  // Locks are waited for in whole seconds.
  const lockSeconds = Math.max(1, Math.floor(limitMs / 1000));
  // Comments of this kind are read by MySQL from 8.0 on, those with an M by MariaDB: the names differ, and so do the units.
  const timeLimit = `/*!80000 , max_execution_time = ${String(limitMs)} */ /*M! , max_statement_time = ${String(limitMs / 1000)} */`;
  return [
    ...EVERY_SESSION,
    `set session lock_wait_timeout = ${String(lockSeconds)}, innodb_lock_wait_timeout = ${String(lockSeconds)}, ` +
      `wait_timeout = ${String(WAIT_TIMEOUT_SECONDS)} ${timeLimit}`,
  ];
}
