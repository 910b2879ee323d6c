import { setTimeout as delay } from 'node:timers/promises';
import type { MysqlPool, MysqlPoolConnection } from 'kysely';
import { createPool } from 'mysql2';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { mysqlPool } from '../../../../server/database/mysql/mysql-pool.js';

const TIMEOUT_MS = 500;
const TIMED_OUT = expect.objectContaining({ code: 'PROTOCOL_SEQUENCE_TIMEOUT', fatal: true });
const HANGS = 'select sleep(5) as answer';
const CONNECTION_ID = 'select connection_id() as answer';

/** Uses the pool alone: with a store, the database's own limit would end the statements first. */
describe('a statement that takes longer than the pool allows', () => {
  let pool: MysqlPool;
  beforeEach(() => {
    // With one connection, the next statement runs on the same one unless that was destroyed.
    const uri = inject('mysqlUrl');
    pool = mysqlPool(createPool({ uri, connectionLimit: 1, multipleStatements: true }), {
      session: [],
      timeoutMs: TIMEOUT_MS,
    });
  });
  afterEach(() => new Promise<void>((resolve) => pool.end(() => resolve())));

  it('fails in time', async () => {
    const startedMs = performance.now();
    expect(await outcome(HANGS)).toEqual(TIMED_OUT);
    const tookMs = performance.now() - startedMs;
    expect(tookMs).toBeGreaterThan(TIMEOUT_MS - 10);
    expect(tookMs).toBeLessThan(4000);
  });

  it('closes its connection', async () => {
    const before = await connectionId();
    expect(await outcome(HANGS)).toEqual(TIMED_OUT);
    const after = await connectionId();
    expect(after).not.toEqual(before);
    expect(await connectionId()).toEqual(after);
  });

  it('does not fail for the time of earlier statements, or of a pause before it', async () => {
    const connection = await take();
    try {
      const before = await answerOf(connection, CONNECTION_ID);
      // Each is much shorter than the limit, all together are longer.
      for (let i = 0; i < 10; i++) {
        expect(await answerOf(connection, 'select sleep(0.08) as answer')).toBe(0);
      }
      await delay(1.5 * TIMEOUT_MS);
      expect(await answerOf(connection, CONNECTION_ID)).toEqual(before);
    } finally {
      connection.release();
    }
  });

  it('fails after a pause and a quick statement too', async () => {
    await connectionId();
    await delay(1.5 * TIMEOUT_MS);
    await connectionId();
    expect(await outcome(HANGS)).toEqual(TIMED_OUT);
  });

  it('may be the first of a transaction', async () => {
    const connection = await take();
    await answerOf(connection, 'begin');
    expect(await answerOf(connection, HANGS).catch((error: unknown) => error)).toEqual(TIMED_OUT);
    connection.release();
    await connectionId();
  });

  function take(): Promise<MysqlPoolConnection> {
    return new Promise((resolve, reject) => {
      pool.getConnection((error, connection) => {
        if (error instanceof Error) reject(error);
        else resolve(connection);
      });
    });
  }

  async function answer(statement: string): Promise<unknown> {
    const connection = await take();
    return answerOf(connection, statement).finally(() => connection.release());
  }

  const outcome = (statement: string): Promise<unknown> => answer(statement).catch((error: unknown) => error);
  const connectionId = (): Promise<unknown> => answer(CONNECTION_ID);
});

/** The column `answer` of the one row that the statement returns. */
function answerOf(connection: MysqlPoolConnection, statement: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    connection.query(statement, [], (error, rows) => {
      if (error instanceof Error) reject(error);
      else resolve(Array.isArray(rows) ? Object(rows[0]).answer : undefined);
    });
  });
}
