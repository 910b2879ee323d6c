/** Settings that all statements rely on, whatever the server's defaults are. One setting a statement. */
const EVERY_SESSION = [
  // No gap locks: transactions that write neighbouring keys must not wait for each other, or deadlock.
  'set session transaction isolation level read committed',
  // A value that does not fit its column is refused, not cut short. Without NO_BACKSLASH_ESCAPES, because mysql2 escapes
  // with backslashes.
  "set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
];

/** The database's own limit, as a part of the statement timeout. The rest is left for the answer's way back. */
const DATABASE_PART = 0.8;

/**
 * The database ends a session that sends no statement for this long. That rolls back the transaction of a client that
 * lost power or its network, whose rows stay locked until then. This must be longer than the pool keeps idle connections
 * (mysql-dialect.ts), or the pool would hand out connections that the database is about to close.
 */
const WAIT_TIMEOUT_SECONDS = 60;

/**
 * Statements that set up a new session.
 *
 * With a statement timeout the database limits statements and lock waits too. A statement that only its client gave up
 * goes on waiting in the database, for a lock or behind a backup, and each retry adds another one, until the database has
 * no connection left.
 *
 * @param statementTimeoutMs `undefined`: no limits
 */
export function sessionStatements(statementTimeoutMs: number | undefined): readonly string[] {
  if (statementTimeoutMs === undefined) return EVERY_SESSION;
  const limitMs = Math.floor(statementTimeoutMs * DATABASE_PART);
  // These settings take whole seconds.
  const lockSeconds = Math.max(1, Math.floor(limitMs / 1000));
  // MySQL 8.0 and later runs what stands in `/*!80000 … */`, MariaDB what stands in `/*M! … */`. The limit has another
  // name and another unit in each.
  const timeLimit = `/*!80000 , max_execution_time = ${String(limitMs)} */ /*M! , max_statement_time = ${String(limitMs / 1000)} */`;
  return [
    ...EVERY_SESSION,
    `set session lock_wait_timeout = ${String(lockSeconds)}, innodb_lock_wait_timeout = ${String(lockSeconds)}, ` +
      `wait_timeout = ${String(WAIT_TIMEOUT_SECONDS)} ${timeLimit}`,
  ];
}

/** Asks a new session what its server is. */
export const CLUSTER_QUESTION =
  "show session variables where variable_name in ('wsrep_on', 'wsrep_sync_wait', 'group_replication_consistency', " +
  "'group_replication_single_primary_mode')";

/** Waits before reads, and before transactions: the bit of `wsrep_sync_wait` for both. */
const SYNC_BEFORE_READS = 1;

/**
 * Statements that make the reads of a session see everything that any server of a cluster has acknowledged before. A push
 * over one server and a pull over another one, or a pull right after a failover, would otherwise find the state of some
 * milliseconds before. OPERATING.md has what it costs.
 *
 * @param rows the answer to CLUSTER_QUESTION
 */
export function clusterStatements(rows: readonly SessionVariable[]): readonly string[] {
  const variables = variablesIn(rows);
  if (!takesWritesEverywhere(rows)) return [];
  // MySQL with group replication. With a single primary its own default is enough.
  const consistency = variables.get('group_replication_consistency');
  if (consistency === 'EVENTUAL' || consistency === 'BEFORE_ON_PRIMARY_FAILOVER') {
    return ["set session group_replication_consistency = 'BEFORE'"];
  }
  const sync = variables.get('wsrep_sync_wait');
  if (sync === undefined || (Number(sync) & SYNC_BEFORE_READS) !== 0) return [];
  return [`set session wsrep_sync_wait = ${String(Number(sync) | SYNC_BEFORE_READS)}`];
}

/** A row of the answer to CLUSTER_QUESTION. */
export type SessionVariable = Readonly<Record<string, unknown>>;

/** Whether the server belongs to a cluster whose servers all take writes: Galera, group replication without a primary. */
export function takesWritesEverywhere(rows: readonly SessionVariable[]): boolean {
  const variables = variablesIn(rows);
  return (
    variables.get('wsrep_on') === 'ON' || variables.get('group_replication_single_primary_mode') === 'OFF'
  );
}

function variablesIn(rows: readonly SessionVariable[]): ReadonlyMap<unknown, unknown> {
  return new Map(rows.map((row) => [row['Variable_name'], row['Value']]));
}
