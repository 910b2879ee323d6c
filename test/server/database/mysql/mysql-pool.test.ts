import { promisify } from 'node:util';
import { type MysqlPoolConnection, sql } from 'kysely';
import { createPool } from 'mysql2';
import { describe, expect, inject, it } from 'vitest';
import { mysqlPool } from '../../../../server/database/mysql/mysql-pool.js';
import { openStore } from '../../../../server/database/store.js';
import { isRetryable } from '../../../../server/database/database-error.js';
import { MYSQL } from '../../../support/databases.js';

describe('a store with a statement timeout', () => {
  it('fails statements that take longer, replaces their connections, and goes on', async () => {
    const database = await MYSQL.create();
    const store = await openStore(database.url, { connections: 2, statementTimeoutMs: 300 });
    try {
      await sql`create table slow (pause int not null)`.execute(store.db);
      await sql`insert into slow (pause) values (30)`.execute(store.db);
      // `select sleep(30)` alone returns early without an error when the database's own limit ends it.
      const slow = sql`select pause from slow where sleep(pause) = 0`;
      // More statements than connections, so that each connection must be replaced before the next statement starts.
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
      await database.drop();
    }
  });

  it('loses no connection when the set-up of its session fails', async () => {
    const pool = createPool({ uri: inject('mysqlUrl'), connectionLimit: 1 });
    const limited = mysqlPool(pool, { session: ['set session no_such_variable = 1'], timeoutMs: 5000 });
    const failure = promisify((done: (error: unknown) => void) => limited.getConnection(done));
    // More attempts than connections.
    for (let i = 0; i < 3; i++) {
      await expect(failure()).rejects.toMatchObject({ code: 'ER_UNKNOWN_SYSTEM_VARIABLE' });
    }
    await promisify((done: (error: unknown) => void) => limited.end(done))();
  });

  it('limits the wait for a connection, and puts one that comes too late back into the pool', async () => {
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
    await expect(take()).rejects.toMatchObject({ code: 'POOL_EXHAUSTED' });
    only.release();
    (await take()).release();
    await promisify((done: (error: unknown) => void) => limited.end(done))();
  });

  it.each([
    ['closes the connection of a server that became read-only', 'ER_OPTION_PREVENTS_STATEMENT', 1290, false],
    ['keeps the connection after another error', 'ER_NO_SUCH_TABLE', 1146, true],
  ])('%s', async (_name, code, errno, isKept) => {
    const database = await MYSQL.create();
    const store = await openStore(database.url, { connections: 2 });
    const connectionId = async (): Promise<unknown> =>
      (await sql<{ id: number }>`select connection_id() as id`.execute(store.db)).rows[0]?.id;
    try {
      const before = await connectionId();
      const signal = sql.raw(`signal sqlstate '45000' set mysql_errno = ${String(errno)}`);
      await expect(signal.execute(store.db)).rejects.toMatchObject({ code });
      expect((await connectionId()) === before).toBe(isKept);
    } finally {
      await store.close();
      await database.drop();
    }
  });

  it('sets up the sessions that statements rely on', async () => {
    const database = await MYSQL.create();
    const store = await openStore(database.url, { statementTimeoutMs: 10_000 });
    try {
      await sql`create table narrow (text varbinary(3) not null)`.execute(store.db);
      await expect(sql`insert into narrow (text) values ('long')`.execute(store.db)).rejects.toThrow();
      await sql`insert into narrow (text) values (${`\\'"`})`.execute(store.db);
      expect((await sql`select text from narrow`.execute(store.db)).rows).toEqual([
        { text: Buffer.from(`\\'"`) },
      ]);
    } finally {
      await store.close();
      await database.drop();
    }
  });
});
