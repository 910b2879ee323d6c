import { callbackify } from 'node:util';
import type { MysqlPool, MysqlPoolConnection, MysqlQueryResult } from 'kysely';
import type { PoolConnection, QueryError, ResultSetHeader, RowDataPacket } from 'mysql2';
import { isServerReadOnly } from '../database-error.js';
import { withDeadline } from '../../domain/deadline.js';
import { CLUSTER_QUESTION, clusterStatements } from './mysql-session.js';
import { StatementTimer } from './statement-timer.js';

/** A pool of mysql2, or one that chooses among the pools of several servers (cluster-pool.ts). */
export interface ConnectionSource {
  getConnection(
    callback: (error: NodeJS.ErrnoException | null, connection?: PoolConnection) => unknown,
  ): void;
  end(callback: (error: NodeJS.ErrnoException | null) => void): void;
}

export interface MysqlPoolOptions {
  /** Statements that set up each new connection (mysql-session.ts). */
  readonly session: readonly string[];
  /** Limit of the wait for a connection, and of each statement. `undefined`: no limit. */
  readonly timeoutMs: number | undefined;
  /** Called with the error of each statement that failed, and of each connection that could not be had. */
  readonly onFailure?: (error: unknown) => void;
}

/** Limit of closing the pool: mysql2 waits until the database answers on each connection, and one that hangs never does. */
const END_TIMEOUT_MS = 1000;

/**
 * A pool for Kysely that sets up each connection before it hands it out, and that limits all waits.
 *
 * A statement that exceeds the limit fails, and its connection is destroyed: the next answer on that connection would
 * belong to the old statement. mysql2 and Kysely cannot be left to do this themselves:
 *
 * - mysql2's own timeout goes on using the connection, and it makes a timer and two copies of the options for each
 *   statement.
 * - mysql2 waits for a free connection without limit, and a request that waited so long would run a statement whose
 *   result nobody uses.
 * - Kysely sets up a connection after it took it from the pool. When that fails, Kysely neither releases the connection
 *   nor sets it up the next time. Each such failure would cost the pool a connection, until none is left.
 */
export function mysqlPool(
  pool: ConnectionSource,
  { session, timeoutMs, onFailure = ignore }: MysqlPoolOptions,
): MysqlPool {
  // Kysely recognises connections by object identity, so each one is wrapped once.
  const ready = new WeakMap<PoolConnection, MysqlPoolConnection>();
  const setUp = callbackify(async (connection: PoolConnection | Error): Promise<MysqlPoolConnection> => {
    if (connection instanceof Error) {
      onFailure(connection);
      throw connection;
    }
    const fresh = limitedConnection(connection, timeoutMs, onFailure);
    try {
      for (const statement of session) await runStatement(fresh, statement);
      const answer = await runStatement(fresh, CLUSTER_QUESTION);
      const rows = Array.isArray(answer) ? answer : [];
      for (const statement of clusterStatements(rows)) await runStatement(fresh, statement);
    } catch (error) {
      connection.destroy();
      throw error;
    }
    ready.set(connection, fresh);
    return fresh;
  });
  return {
    getConnection: (callback) => {
      const onTaken = (connection: PoolConnection): void => {
        const known = ready.get(connection);
        if (known === undefined) setUp(connection, callback);
        else callback(null, known);
      };
      takeConnection(pool, timeoutMs, onTaken, (error) => setUp(error, callback));
    },
    end: callbackify(() => endPool(pool)),
  };
}

/** Ignores errors, and stops waiting after a second: nothing that was committed depends on how connections are closed. */
function endPool(pool: ConnectionSource): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    pool.end(() => resolve());
  });
  return withDeadline(ended, END_TIMEOUT_MS, () => undefined);
}

/**
 * Calls exactly one of `onTaken` and `onFailed`. Written by hand instead of with withDeadline(), because a connection that
 * arrives after the limit must go back to the pool, and because promises would cost each statement a few microseconds.
 */
function takeConnection(
  pool: ConnectionSource,
  timeoutMs: number | undefined,
  onTaken: (connection: PoolConnection) => void,
  onFailed: (error: Error) => void,
): void {
  let isTooLate = false;
  const giveUp = (): void => {
    isTooLate = true;
    onFailed(
      Object.assign(new Error('no connection to the database was free in time'), { code: 'POOL_EXHAUSTED' }),
    );
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(giveUp, timeoutMs);
  pool.getConnection((error, connection) => {
    clearTimeout(timer);
    if (connection === undefined) {
      if (!isTooLate) onFailed(error ?? new Error('the pool gave neither a connection nor an error'));
    } else if (isTooLate) connection.release();
    else onTaken(connection);
  });
}

function runStatement(connection: MysqlPoolConnection, statement: string): Promise<MysqlQueryResult> {
  return new Promise((resolve, reject) => {
    connection.query(statement, [], (error, result) => {
      if (error === null) resolve(result);
      else reject(error instanceof Error ? error : new Error('a statement failed without an error'));
    });
  });
}

/**
 * A connection whose statements have a time limit, and that sends `begin` in one message with the first statement of
 * the transaction. Short transactions are `begin`, one statement and `commit`, and on an idle server each of the three
 * took as long as the others. A text of several statements is answered one by one; the last answer is returned.
 */
function limitedConnection(
  connection: PoolConnection,
  timeoutMs: number | undefined,
  onFailure: (error: unknown) => void,
): MysqlPoolConnection {
  const timer = timeoutMs === undefined ? undefined : new StatementTimer(timeoutMs);
  /** Kysely began a transaction, and `begin` is not sent yet. */
  let isBeginPending = false;
  function query(text: string, parameters: unknown[]): never;
  function query(text: string, parameters: unknown[], callback: QueryCallback): void;
  function query(text: string, parameters: unknown[], callback?: QueryCallback): void {
    if (callback === undefined) throw new Error('these connections do not stream results');
    if (text === 'begin' || (isBeginPending && (text === 'commit' || text === 'rollback'))) {
      isBeginPending = text === 'begin';
      callback(null, []);
      return;
    }
    const begins = isBeginPending;
    isBeginPending = false;
    let isAnswered = false;
    const answer = (error: QueryError | null, result: MysqlQueryResult): void => {
      // A destroyed connection reports an error for its statement too, after the timeout was reported.
      if (isAnswered) return;
      isAnswered = true;
      timer?.end();
      // The connection stays open, but the next one may lead to the new primary.
      if (error !== null && isServerReadOnly(error)) connection.destroy();
      if (error !== null) onFailure(error);
      callback(error, result);
    };
    timer?.begin(() => {
      connection.destroy();
      answer(statementTimeout(), []);
    });
    connection.query<ResultSetHeader | RowDataPacket[]>(
      begins ? `begin; ${text}` : text,
      parameters,
      (error, result, fields) => answer(error, error === null ? lastResult(result, fields) : []),
    );
  }
  return { query, release: () => connection.release() };
}

/**
 * The answer to the last statement of a text. mysql2 gives a list of answers for a text of several statements, and a list
 * of descriptions of their columns, which is empty at a statement without rows. Here the first one never has rows.
 */
function lastResult(result: MysqlQueryResult, fields: readonly unknown[] | undefined): MysqlQueryResult {
  if (!Array.isArray(result) || fields === undefined || fields.length === 0 || fields[0] !== undefined)
    return result;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a list of results, by the line above
  return (result as unknown as readonly MysqlQueryResult[]).at(-1) ?? [];
}

/** The error that mysql2's own timeout makes, so that database-error.ts counts it as retryable. */
function statementTimeout(): QueryError {
  return Object.assign(new Error('a statement took longer than the store allows'), {
    code: 'PROTOCOL_SEQUENCE_TIMEOUT',
    fatal: true,
  });
}

function ignore(): void {}

type QueryCallback = (error: unknown, result: MysqlQueryResult) => void;
