import { callbackify } from 'node:util';
import type { MysqlPool, MysqlPoolConnection, MysqlQueryResult } from 'kysely';
import type { Pool, PoolConnection, QueryError, ResultSetHeader, RowDataPacket } from 'mysql2';
import { withDeadline } from '../../domain/deadline.js';
import { StatementTimer } from './statement-timer.js';

export interface MysqlPoolOptions {
  /** Run on each new connection before anything else. */
  readonly session: readonly string[];
  /** How long a connection may be waited for, and then each statement; `undefined`: as long as it takes. */
  readonly timeoutMs: number | undefined;
}

/**
 * What is wrong with the connection and not with the statement, though the connection stays open: the server became a
 * read-only replica, and another one is to be looked for.
 */
const READ_ONLY = new Set([
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
  'ER_READ_ONLY_MODE',
]);

/** mysql2 waits until the database has answered the end of each connection. A database that hangs never does. */
const END_TIMEOUT_MS = 1000;

/**
 * A pool for Kysely whose connections are set up before they are handed out and whose waits end.
 *
 * A statement that takes too long is given up together with its connection, whose next answer would belong to the
 * statement before. mysql2 itself gives up statements but goes on using the connection, and makes a timer
 * and two copies of the options for each. It never gives up waiting for a connection, and a request that waited so
 * long would run a statement that nobody wants any more. And Kysely sets connections up only after it took them,
 * and where that fails, it neither gives them back nor sets them up the next time: a database that goes away at the
 * wrong moment would cost the pool a connection each time, until none is left.
 */
export function mysqlPool(pool: Pool, { session, timeoutMs }: MysqlPoolOptions): MysqlPool {
  // Kysely knows a connection that it has met by the object.
  const ready = new WeakMap<PoolConnection, MysqlPoolConnection>();
  const setUp = callbackify(async (connection: PoolConnection | Error): Promise<MysqlPoolConnection> => {
    if (connection instanceof Error) throw connection;
    const fresh = limitedConnection(connection, timeoutMs);
    try {
      for (const statement of session) await execute(fresh, statement);
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

/** Ignores errors and gives up after a second: nothing that was committed depends on how connections are closed. */
function endPool(pool: Pool): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    pool.end(() => resolve());
  });
  return withDeadline(ended, END_TIMEOUT_MS, () => undefined);
}

function takeConnection(
  pool: Pool,
  timeoutMs: number | undefined,
  onTaken: (connection: PoolConnection) => void,
  onFailed: (error: Error) => void,
): void {
  let isTooLate = false;
  const giveUp = (): void => {
    isTooLate = true;
    onFailed(
      Object.assign(new Error('no connection to the database was to be had in time'), { code: 'ETIMEDOUT' }),
    );
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(giveUp, timeoutMs);
  pool.getConnection((error, connection) => {
    clearTimeout(timer);
    if (isTooLate) {
      if (error === null) connection.release();
    } else if (error === null) onTaken(connection);
    else onFailed(error);
  });
}

function execute(connection: MysqlPoolConnection, statement: string): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.query(statement, [], (error) => {
      if (error === null) resolve();
      else reject(error instanceof Error ? error : new Error('a statement failed without saying why'));
    });
  });
}

/**
 * `begin` is not sent by itself but before the first statement of the transaction, in one message: a push is its begin,
 * its row and its commit, and on an idle server each of the three took as long as the others. The server answers them
 * one by one; the last answer is the statement's.
 */
function limitedConnection(connection: PoolConnection, timeoutMs: number | undefined): MysqlPoolConnection {
  const timer = timeoutMs === undefined ? undefined : new StatementTimer(timeoutMs);
  let isBegun = false;
  function query(text: string, parameters: unknown[]): never;
  function query(text: string, parameters: unknown[], callback: QueryCallback): void;
  function query(text: string, parameters: unknown[], callback?: QueryCallback): void {
    if (callback === undefined) throw new Error('nothing is streamed over these connections');
    if (text === 'begin' || (isBegun && (text === 'commit' || text === 'rollback'))) {
      isBegun = text === 'begin';
      callback(null, []);
      return;
    }
    const begins = isBegun;
    isBegun = false;
    let isAnswered = false;
    const answer = (error: QueryError | null, result: MysqlQueryResult): void => {
      // The connection that was thrown away has its say as well.
      if (isAnswered) return;
      isAnswered = true;
      timer?.end();
      if (error !== null && READ_ONLY.has(error.code)) connection.destroy();
      callback(error, result);
    };
    timer?.begin(() => {
      connection.destroy();
      answer(statementTimeout(), []);
    });
    if (begins) {
      connection.query<RowDataPacket[][]>(`begin; ${text}`, parameters, (error, results) =>
        answer(error, error === null ? (results[1] ?? []) : []),
      );
    } else connection.query<ResultSetHeader | RowDataPacket[]>(text, parameters, answer);
  }
  return { query, release: () => connection.release() };
}

/** With mysql2's code for it, by which it is tried again (transaction.ts). */
function statementTimeout(): QueryError {
  return Object.assign(new Error('a statement took longer than the store allows'), {
    code: 'PROTOCOL_SEQUENCE_TIMEOUT',
    fatal: true,
  });
}

type QueryCallback = (error: unknown, result: MysqlQueryResult) => void;
