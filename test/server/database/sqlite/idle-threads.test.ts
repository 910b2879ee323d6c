import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kysely, sql } from 'kysely';
import { expect, test, vi } from 'vitest';
import { openSqlite } from '../../../../server/database/sqlite/sqlite-dialect.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

/** SQLite's own size. */
const PAGE_BYTES = 4096;

test('threads without statements end, and the next statements start others', async () => {
  const file = await newFile();
  const db = new Kysely<never>({ dialect: openSqlite(file, undefined, 50) });
  const useBoth = async (): Promise<unknown> => {
    await sql`create table if not exists t (n integer)`.execute(db);
    await db.transaction().execute((transaction) => sql`insert into t values (1)`.execute(transaction));
    return (await sql`select count(*) as n from t`.execute(db)).rows;
  };
  try {
    expect(await useBoth()).toEqual([{ n: 1 }]);
    expect(openFiles(file)).toBeGreaterThan(0);
    await vi.waitUntil(() => openFiles(file) === 0, { timeout: 20_000 });
    expect(await useBoth()).toEqual([{ n: 2 }]);
  } finally {
    await db.destroy();
  }
});

test('a transaction without statements for a while keeps its thread', async () => {
  const db = new Kysely<never>({ dialect: openSqlite(await newFile(), undefined, 20) });
  try {
    await sql`create table t (n integer)`.execute(db);
    await db.transaction().execute(async (transaction) => {
      await sql`insert into t values (1)`.execute(transaction);
      await new Promise((resolve) => setTimeout(resolve, 200));
      await sql`insert into t values (2)`.execute(transaction);
    });
    expect((await sql`select n from t`.execute(db)).rows).toEqual([{ n: 1 }, { n: 2 }]);
  } finally {
    await db.destroy();
  }
});

test('threads of a damaged file stay, because the last that ends would write into it', async () => {
  const file = await newFile();
  const whole = new Kysely<never>({ dialect: openSqlite(file) });
  await sql`create table t (a blob)`.execute(whole);
  await sql`insert into t values (zeroblob(4000)), (zeroblob(4000)), (zeroblob(4000))`.execute(whole);
  await whole.destroy();
  const bytes = readFileSync(file);
  // All pages but those of the schema and of the first row.
  writeFileSync(file, bytes.fill(0xaa, 3 * PAGE_BYTES));
  const db = new Kysely<never>({ dialect: openSqlite(file, undefined, 50) });
  try {
    await expect(sql`select a from t`.execute(db)).rejects.toThrow('malformed');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(openFiles(file)).toBeGreaterThan(0);
  } finally {
    await db.destroy();
  }
});

/** How many times this process has the file open: each of the two threads holds it. */
function openFiles(file: string): number {
  return readdirSync('/proc/self/fd').filter((descriptor) => linkOf(descriptor) === file).length;
}

function linkOf(descriptor: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return undefined; // closed meanwhile
  }
}

async function newFile(): Promise<string> {
  return join((await temporaryFolder()).path, 'a.sqlite');
}
