import {
  copyFileSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Kysely, sql } from 'kysely';
import { expect, onTestFinished, test, vi } from 'vitest';
import { O_PATH } from '../../../../engine/system/libc.js';
import { openSqlite } from '../../../../server/database/sqlite/sqlite-dialect.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

/** SQLite's own size. */
const PAGE_BYTES = 4096;

/** Longer than the pause between two checks of the file. */
const NEXT_CHECK_MS = 2500;

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

test.runIf(process.platform === 'linux')(
  'a file that another one replaced while no thread had it open takes no more commits',
  async () => {
    const file = await newFile();
    // As openStore() makes a new database.
    writeFileSync(file, '');
    const db = new Kysely<never>({ dialect: openSqlite(file, undefined, 50) });
    try {
      await sql`create table t (n integer)`.execute(db);
      await vi.waitUntil(() => openFiles(file) === 0, { timeout: 20_000 });
      copyFileSync(file, `${file}.backup`);
      rmSync(file);
      // ext4 gives a new file the lowest free inode number.
      copyFileSync(`${file}.backup`, file);
      await expect(sql`insert into t values (1)`.execute(db)).rejects.toThrow('was replaced by another file');
      rmSync(file);
      await expect(sql`select n from t`.execute(db)).rejects.toThrow('is gone');
    } finally {
      await db.destroy();
    }
  },
);

test('a writer that ends writes the log into the file, also while others have it open', async () => {
  const file = await newFile();
  const other = new Kysely<never>({ dialect: openSqlite(file) });
  const db = new Kysely<never>({ dialect: openSqlite(file, undefined, 50) });
  try {
    await sql`create table t (a blob)`.execute(other);
    await sql`insert into t values (zeroblob(${10 * PAGE_BYTES}))`.execute(db);
    await vi.waitUntil(() => statSync(file).size > 10 * PAGE_BYTES, { timeout: 20_000 });
  } finally {
    await db.destroy();
    await other.destroy();
  }
});

test('a thread that follows another one is not taken for idle because it had as many statements', async () => {
  const { file, db, look } = await lookedAt();
  try {
    await sql`select 1`.execute(db);
    await look();
    await look();
    expect(openFiles(file)).toBe(0);
    await sql`select 1`.execute(db);
    await look();
    expect(openFiles(file)).toBeGreaterThan(0);
  } finally {
    await db.destroy();
  }
});

test('a database that is closed while an idle thread ends waits for it', async () => {
  const { file, db, look } = await lookedAt();
  await sql`create table t (n integer)`.execute(db);
  await look();
  await vi.advanceTimersByTimeAsync(30_000);
  await db.destroy();
  expect(openFiles(file)).toBe(0);
});

test('a file that was written over while nobody used it is not written into by the end of an idle thread', async () => {
  const { file, db, look } = await lookedAt();
  try {
    await sql`create table t (n integer)`.execute(db);
    await sql`pragma wal_checkpoint(truncate)`.execute(db);
    writeFileSync(file, Buffer.alloc(statSync(file).size, 0x55), { flag: 'r+' });
    await delay(NEXT_CHECK_MS);
    await look();
    await look();
    expect(openFiles(file)).toBeGreaterThan(0);
  } finally {
    await db.destroy();
  }
});

/** A database whose threads are looked at when the test says so. */
async function lookedAt(): Promise<{
  readonly file: string;
  readonly db: Kysely<never>;
  look: () => Promise<void>;
}> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const file = await newFile();
  const db = new Kysely<never>({ dialect: openSqlite(file, undefined, 60_000) });
  return {
    file,
    db,
    look: async () => {
      await vi.advanceTimersByTimeAsync(30_000);
      // The next look is only planned when the threads have ended.
      await vi.waitUntil(() => vi.getTimerCount() > 0, { timeout: 20_000 });
    },
  };
}

/** How many times this process has the file open: each of the two threads holds it. */
function openFiles(file: string): number {
  return readdirSync('/proc/self/fd').filter((descriptor) => isOpen(descriptor, file)).length;
}

/** Whether the descriptor is of this file, and not only of its name (O_PATH). */
function isOpen(descriptor: string, file: string): boolean {
  try {
    if (readlinkSync(`/proc/self/fd/${descriptor}`) !== file) return false;
    const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'))?.[1];
    return (Number.parseInt(flags ?? '', 8) & O_PATH) === 0;
  } catch {
    return false; // closed meanwhile
  }
}

async function newFile(): Promise<string> {
  return join((await temporaryFolder()).path, 'a.sqlite');
}
