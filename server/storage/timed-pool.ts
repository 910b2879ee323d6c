import type { MysqlPool, MysqlPoolConnection, MysqlQueryResult } from 'kysely';
import type { Pool, PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2';

/**
 * A pool whose statements end in time. mysql2 then gives up waiting, but goes on using the connection, whose next
 * answer would belong to the statement before: so it is thrown away.
 */
export function timedPool(pool: Pool, timeoutMs: number): MysqlPool {
  // Kysely knows a connection that it has met by the object.
  const met = new WeakMap<PoolConnection, MysqlPoolConnection>();
  return {
    getConnection: (callback) => {
      pool.getConnection((error, connection) => {
        const known = met.get(connection) ?? timedConnection(connection, timeoutMs);
        if (error === null) met.set(connection, known);
        callback(error, known);
      });
    },
    end: (callback) => pool.end(callback),
  };
}

function timedConnection(connection: PoolConnection, timeoutMs: number): MysqlPoolConnection {
  function query(text: string, parameters: unknown[]): never;
  function query(text: string, parameters: unknown[], callback: QueryCallback): void;
  function query(text: string, parameters: unknown[], callback?: QueryCallback): void {
    if (callback === undefined) throw new Error('nothing is streamed over a connection with a time limit');
    connection.query<ResultSetHeader | RowDataPacket[]>(
      { sql: text, values: parameters, timeout: timeoutMs },
      (error, result) => {
        if (error !== null && error.code === 'PROTOCOL_SEQUENCE_TIMEOUT') connection.destroy();
        callback(error, result);
      },
    );
  }
  return { query, release: () => connection.release() };
}

type QueryCallback = (error: unknown, result: MysqlQueryResult) => void;
