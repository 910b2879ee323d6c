import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, it, onTestFinished } from 'vitest';
import { repeatedStatement } from '../../../../server/database/sqlite/repeated-statement.js';
import { openStore, type Store } from '../../../../server/database/store.js';
import { inTransaction } from '../../../../server/database/transaction.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const INSERT = 'insert into t (id, bytes) values (?1, cast(?2 as blob)) on conflict (id) do nothing';

async function openTable(): Promise<Store> {
  const store = await openStore(`sqlite:${join((await temporaryFolder()).path, 'a.sqlite')}`);
  onTestFinished(() => store.close());
  await sql`create table t (id integer primary key, bytes blob not null)`.execute(store.db);
  return store;
}

async function rowsOf({ db }: Store): Promise<readonly unknown[]> {
  return (await sql`select id, bytes from t order by id`.execute(db)).rows;
}

it('a repeated statement is run with each row of cells, and counts the rows that all runs have changed', async () => {
  const store = await openTable();
  const cells = [1, 'a\u0000ä', 2, Buffer.from([0xff]), 2, 'left out'];
  const { numAffectedRows } = await inTransaction(store, ({ db }) =>
    db.executeQuery(repeatedStatement(INSERT, cells, 3)),
  );
  expect(numAffectedRows).toBe(2n);
  expect(await rowsOf(store)).toEqual([
    { id: 1, bytes: Buffer.from('a\u0000ä') },
    { id: 2, bytes: Buffer.from([0xff]) },
  ]);
});

it('a run that fails rolls back those before it with the transaction', async () => {
  const store = await openTable();
  const failing = inTransaction(store, ({ db }) =>
    db.executeQuery(repeatedStatement(INSERT, [1, 'a', 2, null], 2)),
  );
  await expect(failing).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT_NOTNULL' });
  expect(await rowsOf(store)).toEqual([]);
});

it('a repeated statement outside of a transaction is refused', async () => {
  const store = await openTable();
  await expect(store.db.executeQuery(repeatedStatement(INSERT, [1, 'a', 2, 'b'], 2))).rejects.toThrow(
    'needs a transaction',
  );
  expect(await rowsOf(store)).toEqual([]);
});

it('a repeated statement with a cell too few is refused', async () => {
  const store = await openTable();
  const short = inTransaction(store, ({ db }) => db.executeQuery(repeatedStatement(INSERT, [1, 'a', 2], 2)));
  await expect(short).rejects.toThrow('3 cells are not those of 2 runs');
  expect(await rowsOf(store)).toEqual([]);
});
