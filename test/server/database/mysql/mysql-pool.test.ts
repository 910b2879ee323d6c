import { promisify } from 'node:util';
import { type MysqlPoolConnection, sql } from 'kysely';
import { createPool } from 'mysql2';
import { describe, expect, inject, it } from 'vitest';
import { mysqlPool } from '../../../../server/database/mysql/mysql-pool.js';
import { openStore } from '../../../../server/database/store.js';
import { isRetryable } from '../../../../server/database/database-error.js';
import { testDatabases } from '../../../support/databases.js';

describe('a store with a time limit', () => {
  it('ends statements that take longer, with their connections, and goes on', async () => {
    const mysql = testDatabases().find(({ name }) => name === 'mysql');
    const database = await mysql?.create();
    const store = await openStore(database?.url ?? '', { connections: 2, statementTimeoutMs: 300 });
    try {
      await sql`create table slow (pause int not null)`.execute(store.db);
      await sql`insert into slow (pause) values (30)`.execute(store.db);
      // sleep() alone ends early without an error where the database's own time limit ends it.
      const slow = sql`select pause from slow where sleep(pause) = 0`;
      // More than there are connections: each of them has to be given up for the next one to begin.
      for (let i = 0; i < 4; i++) {
        const error: unknown = await slow.execute(store.db).catch((reason: unknown) => reason);
        expect(isRetryable(error)).toBe(true);
      }
      const { rows } = await sql<{ answer: number }>`select 42 as answer`.execute(store.db);
      expect(rows).toEqual([{ answer: 42 }]);
      const failed = store.db.transaction().execute((transaction) => slow.execute(transaction));
      await expect(failed).rejects.toThrow();
      expect((await sql`select 1 as one`.execute(store.db)).rows).toEqual([{ one: 1 }]);
    } finally {
      await store.close();
      await database?.drop();
    }
  });

  it('loses no connection to sessions that could not be set up', async () => {
    const pool = createPool({ uri: inject('mysqlUrl'), connectionLimit: 1 });
    const limited = mysqlPool(pool, { session: ['set session no_such_variable = 1'], timeoutMs: 5000 });
    const failure = promisify((done: (error: unknown) => void) => limited.getConnection(done));
    // More often than there are connections.
    for (let i = 0; i < 3; i++) {
      await expect(failure()).rejects.toMatchObject({ code: 'ER_UNKNOWN_SYSTEM_VARIABLE' });
    }
    await promisify((done: (error: unknown) => void) => limited.end(done))();
  });

  it('does not wait for a connection for ever, and takes the one that comes too late back', async () => {
    const pool = createPool({ uri: inject('mysqlUrl'), connectionLimit: 1 });
    const limited = mysqlPool(pool, { session: [], timeoutMs: 200 });
    const take = () =>
      new Promise<MysqlPoolConnection>((resolve, reject) => {
        limited.getConnection((error, connection) => {
          if (error instanceof Error) reject(error);
          else resolve(connection);
        });
      });
    const only = await take();
    await expect(take()).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    only.release();
    (await take()).release();
    await promisify((done: (error: unknown) => void) => limited.end(done))();
  });

  it('has the session that the statements rely on', async () => {
    const mysql = testDatabases().find(({ name }) => name === 'mysql');
    const database = await mysql?.create();
    const store = await openStore(database?.url ?? '', { statementTimeoutMs: 10_000 });
    try {
      await sql`create table narrow (text varbinary(3) not null)`.execute(store.db);
      await expect(sql`insert into narrow (text) values ('long')`.execute(store.db)).rejects.toThrow();
      await sql`insert into narrow (text) values (${`\\'"`})`.execute(store.db);
      expect((await sql`select text from narrow`.execute(store.db)).rows).toEqual([
        { text: Buffer.from(`\\'"`) },
      ]);
    } finally {
      await store.close();
      await database?.drop();
    }
  });
});
