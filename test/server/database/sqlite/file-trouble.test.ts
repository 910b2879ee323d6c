import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { databaseFault, faultMessage } from '../../../../server/database/database-fault.js';
import { migrate } from '../../../../server/database/migrate.js';
import { fileTrouble } from '../../../../server/database/sqlite/file-trouble.js';
import { openStore, type OpenStore } from '../../../../server/database/store.js';
import { inTransaction } from '../../../../server/database/transaction.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

/** Longer than the pause between two checks of the file. */
const NEXT_CHECK_MS = 2500;

async function newFile(): Promise<string> {
  const { path } = await temporaryFolder();
  return join(path, 'dogear.db');
}

/** A database with the current schema, closed. */
async function closedDatabase(): Promise<string> {
  const file = await newFile();
  const store = await openStore(`sqlite:${file}`);
  await migrate(store);
  await sql`pragma wal_checkpoint(truncate)`.execute(store.db);
  await store.close();
  return file;
}

async function openDatabase(): Promise<{ readonly file: string; readonly store: OpenStore }> {
  const file = await closedDatabase();
  const store = await openStore(`sqlite:${file}`);
  onTestFinished(() => store.close());
  return { file, store };
}

function addLibrary({ db, dialect }: OpenStore, name: string): Promise<unknown> {
  return inTransaction({ db, dialect }, (transaction) =>
    transaction.db
      .insertInto('library')
      .values({ name, root: Buffer.from('/'), extensions: null, koreader_hashes: 1, created_s: 0 })
      .execute(),
  );
}

async function libraryNames({ db }: OpenStore): Promise<readonly string[]> {
  return (await db.selectFrom('library').select('name').orderBy('id').execute()).map(({ name }) => name);
}

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

it('a new database and the files beside it can be read by their owner alone, whatever the umask is', async () => {
  const before = process.umask(0);
  try {
    const file = await newFile();
    const store = await openStore(`sqlite:${file}`);
    onTestFinished(() => store.close());
    await migrate(store);
    for (const suffix of ['', '-wal', '-shm']) expect(statSync(file + suffix).mode & 0o777).toBe(0o600);
  } finally {
    process.umask(before);
  }
});

describe('openStore says what is wrong with', () => {
  const failure = async (file: string): Promise<string> => {
    const error = await errorOf(openStore(`sqlite:${file}`).then((store) => store.close()));
    expect(error).toMatchObject({ name: 'StorageError', code: 'database-unreachable' });
    return String(error);
  };

  it('a file that is no database', async () => {
    const file = await newFile();
    writeFileSync(file, 'This is no database. '.repeat(100));
    expect(await failure(file)).toContain(
      `${file} cannot be used: file is not a database. The file is no SQLite`,
    );
  });

  it.each([50, 100, 600, 4096, 20_000])('a database that was cut to %i bytes', async (bytes) => {
    const file = await closedDatabase();
    truncateSync(file, bytes);
    const text = await failure(file);
    expect(text).toContain(`${file} cannot be used:`);
    expect(text).toMatch(/file is damaged|no SQLite database/);
  });

  it('a folder in place of the file', async () => {
    const file = await newFile();
    mkdirSync(file);
    expect(await failure(file)).toContain(`${file} is a folder`);
  });

  it('a folder that cannot be made', async () => {
    const file = await newFile();
    writeFileSync(file, '');
    expect(await failure(join(file, 'inner/dogear.db'))).toMatch(/cannot be made: .*ENOTDIR.*Check the path/);
    expect(await failure(join(file, 'dogear.db'))).toMatch(/cannot be made: EEXIST.* mkdir .*Check the path/);
  });

  it.each([
    ['to a file that does not exist', 'nowhere.db'],
    ['to itself', 'dogear.db'],
  ])('a link %s', async (_name, target) => {
    const file = await newFile();
    symlinkSync(target, file);
    expect(await failure(file)).toContain(
      `${file} cannot be made: it is a link that leads to no file. Check`,
    );
  });
});

it('a file that the system will not even look at is a reason, and no end of the thread', async () => {
  const file = await newFile();
  symlinkSync('dogear.db', file);
  expect(fileTrouble(file, 'SQLITE_CANTOPEN')).toContain('not readable and writable for this user (ELOOP)');
  const inner = join(file, 'inner.db');
  expect(fileTrouble(inner, 'SQLITE_IOERR_READ')).toContain(`${file} is not writable for this user (ELOOP)`);
});

describe('a database whose file', () => {
  it('was deleted takes no more commits, and goes on when the file is back', async () => {
    const { file, store } = await openDatabase();
    await addLibrary(store, 'before');
    renameSync(file, `${file}.away`);
    const error = await errorOf(addLibrary(store, 'lost'));
    expect(databaseFault(error)).toBe('file-moved');
    expect(faultMessage(error)).toContain(`${file} is gone`);
    expect(databaseFault(await errorOf(sql`delete from library`.execute(store.db)))).toBe('file-moved');
    await delay(NEXT_CHECK_MS);
    expect(databaseFault(await errorOf(libraryNames(store)))).toBe('file-moved');
    renameSync(`${file}.away`, file);
    await addLibrary(store, 'after');
    expect(await libraryNames(store)).toEqual(['before', 'after']);
  });

  it('was replaced takes no more commits', async () => {
    const { file, store } = await openDatabase();
    copyFileSync(file, `${file}.copy`);
    renameSync(`${file}.copy`, file);
    const error = await errorOf(addLibrary(store, 'lost'));
    expect(faultMessage(error)).toContain(`${file} was replaced by another file`);
  });

  it('lost its log of writes takes no more commits', async () => {
    const { file, store } = await openDatabase();
    await addLibrary(store, 'before');
    rmSync(`${file}-wal`);
    const error = await errorOf(addLibrary(store, 'lost'));
    expect(faultMessage(error)).toContain(`${file}-wal is gone`);
  });

  it('was written over refuses everything within seconds, for good', async () => {
    const { file, store } = await openDatabase();
    const good = readFileSync(file);
    await addLibrary(store, 'before');
    expect(await libraryNames(store)).toEqual(['before']);
    await sql`pragma wal_checkpoint(truncate)`.execute(store.db);
    writeFileSync(file, Buffer.alloc(good.length, 0x55), { flag: 'r+' });
    await delay(NEXT_CHECK_MS);
    expect(databaseFault(await errorOf(addLibrary(store, 'lost')))).toBe('not-a-database');
    writeFileSync(file, good, { flag: 'r+' });
    expect(databaseFault(await errorOf(libraryNames(store)))).toBe('not-a-database');
  });
});

describe('threads of SQLite that die', () => {
  /** A database whose threads the test can end. Node.js tells of each thread that is started. */
  async function withThreads(): Promise<{
    readonly store: OpenStore;
    endAll: () => Promise<void>;
    started: () => number;
  }> {
    const threads: Worker[] = [];
    const note = (thread: Worker): void => void threads.push(thread);
    process.on('worker', note);
    onTestFinished(() => void process.off('worker', note));
    const { store } = await openDatabase();
    return {
      store,
      endAll: async () => {
        // terminate() reports no error, as if the thread had ended by itself.
        await Promise.all(threads.map((thread) => thread.terminate()));
      },
      started: () => threads.length,
    };
  }

  it('are replaced', async () => {
    const { store, endAll } = await withThreads();
    await addLibrary(store, 'first');
    await endAll();
    await delay(1000);
    await addLibrary(store, 'second');
    expect(await libraryNames(store)).toEqual(['first', 'second']);
    await endAll();
    // Too early for another replacement, so the transaction is tried again until there is one.
    await addLibrary(store, 'third');
    // The thread that reads was replaced later than the one that writes, so its turn may come later too.
    await expect.poll(() => libraryNames(store), { timeout: 10_000 }).toEqual(['first', 'second', 'third']);
  });

  it('take their open transaction with them', async () => {
    const { store, endAll } = await withThreads();
    const attempt = inTransaction(
      store,
      async ({ db }) => {
        const library = {
          name: 'half',
          root: Buffer.from('/'),
          extensions: null,
          koreader_hashes: 1 as const,
        };
        await db
          .insertInto('library')
          .values({ ...library, created_s: 0 })
          .execute();
        await endAll();
        await delay(1000);
        await db.updateTable('library').set({ created_s: 1 }).execute();
      },
      { attempts: 1 },
    );
    await expect(attempt).rejects.toMatchObject({ code: 'SQLITE_THREAD_ENDED' });
    expect(await libraryNames(store)).toEqual([]);
  });

  it('are replaced once a second at most', async () => {
    const { store, endAll, started } = await withThreads();
    await addLibrary(store, 'first');
    await delay(1000);
    const before = started();
    for (let i = 0; i < 20; i++) {
      await endAll();
      await errorOf(libraryNames(store));
    }
    expect(started() - before).toBeLessThanOrEqual(2);
  });
});
