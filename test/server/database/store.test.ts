import { createServer } from 'node:net';
import { join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { libraryId } from '../../../server/domain/ids.js';
import { openStore } from '../../../server/database/store.js';
import { inTransaction } from '../../../server/database/transaction.js';
import { isRetryable } from '../../../server/database/database-error.js';
import { databaseFault } from '../../../server/database/database-fault.js';
import { SQLITE, testDatabases } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe('openStore', () => {
  it('names the database that does not answer, without the password', async () => {
    const error: unknown = await openStore('mysql://dogear:secret@127.0.0.1:1/books').catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'database-unreachable' });
    expect(String(error)).toContain('127.0.0.1:1/books');
    expect(String(error)).not.toContain('secret');
  });

  it('gives up on a server that accepts the connection and sends nothing', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(openStore(`mysql://root@127.0.0.1:${String(port)}/x`)).rejects.toMatchObject({
      code: 'database-unreachable',
    });
    silent.close();
  });

  it('creates the folder of a new SQLite file', async () => {
    const { path } = await temporaryFolder();
    const store = await openStore(`sqlite:${join(path, 'new/deep/dogear.db')}`);
    await store.close();
  });
});

describe.each(testDatabases())('a transaction on $name', (kind) => {
  it('stores 64-bit integers and bytes exactly', async () => {
    const store = await openTestStore(kind);
    const path = Buffer.from([0xff, 0x00, 0x0a, 0x27, 0x5c, 0x22, 0xe9]);
    const modified = 1_790_000_000_123_456_789n;
    const base = { library_id: libraryId(1), size_bytes: 2 ** 52 + 1, missing_since_s: null, failure: null };
    await store.db
      .insertInto('book')
      .values({
        ...base,
        path,
        modified_ns: modified,
        partial_md5: null,
        filename_md5: null,
        hashed_ms: null,
      })
      .execute();
    const row = await store.db.selectFrom('book').selectAll().executeTakeFirstOrThrow();
    expect(row.path).toEqual(path);
    expect(BigInt(row.modified_ns)).toBe(modified);
    expect(Number(row.size_bytes)).toBe(2 ** 52 + 1);
    await store.close();
  });

  it('is rolled back when its work throws', async () => {
    const store = await openTestStore(kind);
    const work = inTransaction(store, async ({ db }) => {
      await db
        .insertInto('library')
        .values({ name: 'x', root: Buffer.from('/x'), extensions: null, koreader_hashes: 1, created_s: 0 })
        .execute();
      throw new Error('changed my mind');
    });
    await expect(work).rejects.toThrow('changed my mind');
    expect(await store.db.selectFrom('library').selectAll().execute()).toEqual([]);
    await store.close();
  });

  it('waits for the transaction of another connection, without blocking this thread', async () => {
    const store = await openTestStore(kind);
    const other = await openStore(store.url);
    const insert = (name: string) => ({
      name,
      root: Buffer.from('/'),
      extensions: null,
      koreader_hashes: 1 as const,
      created_s: 0,
    });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const first = inTransaction(store, async ({ db }) => {
      await db.insertInto('library').values(insert('first')).execute();
      await held;
    });
    const second = inTransaction(other, ({ db }) =>
      db.insertInto('library').values(insert('second')).execute(),
    );
    setTimeout(release, 100);
    await Promise.all([first, second]);
    expect(await store.db.selectFrom('library').select('name').orderBy('name').execute()).toEqual([
      { name: 'first' },
      { name: 'second' },
    ]);
    await other.close();
    await store.close();
  });
});

it('a transaction that a full disk rolled back fails with SQLITE_FULL, and the next one succeeds', async () => {
  const store = await openTestStore(SQLITE);
  onTestFinished(() => store.close());
  const insert = (name: string, rootBytes: number) =>
    inTransaction(
      store,
      async ({ db }) => {
        const library = { name, extensions: null, koreader_hashes: 1 as const, created_s: 0 };
        await db
          .insertInto('library')
          .values({ ...library, root: Buffer.alloc(rootBytes) })
          .execute();
      },
      { attempts: 1 },
    );
  // No select, so the pragma runs on the writing connection.
  await sql`pragma max_page_count = 60`.execute(store.db);
  const error: unknown = await insert('too large', 500_000).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'SQLITE_FULL' });
  expect([isRetryable(error), databaseFault(error)]).toEqual([false, 'disk-full']);
  await insert('small', 1);
  expect(await store.db.selectFrom('library').select('name').execute()).toEqual([{ name: 'small' }]);
});
