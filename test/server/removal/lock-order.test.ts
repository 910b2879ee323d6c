import { setTimeout as delay } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OPERATOR } from '../../../server/domain/actor.js';
import type { LibraryId } from '../../../server/domain/ids.js';
import { saveBooks } from '../../../server/book/book-repository.js';
import { deleteNewBooks } from '../../../server/book/digest-repository.js';
import { insertLibrary } from '../../../server/library/library-repository.js';
import { removeLibrary } from '../../../server/removal/remove-library.js';
import type { Schema } from '../../../server/database/schema.js';
import { inTransaction } from '../../../server/database/transaction.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';

const BOOKS = 10;
/** Many times the duration of a removal that waits for no lock. */
const HEAD_START_MS = 300;

const mysql = testDatabases().filter(({ name }) => name === 'mysql');

/** Two transactions that lock the same rows in different orders can deadlock. */
describe.each(mysql)('while the first of several rows is locked, on $name,', (kind) => {
  let store: TestStore;
  let library: LibraryId;
  beforeEach(async () => {
    store = await openTestStore(kind);
    const made = await insertLibrary(store, {
      name: 'books',
      root: Buffer.from('/nowhere'),
      extensions: undefined,
      koreaderHashes: true,
    });
    if (made === undefined) throw new Error('the test is wrong');
    library = made.id;
    // Books with larger ids have smaller paths, so the order of ids differs from the order of paths.
    for (let book = 1; book <= BOOKS; book++) {
      const path = Buffer.from(`book ${String(BOOKS - book)}.epub`);
      const record = { libraryId: library, path, sizeBytes: 1, modifiedNs: 1n };
      await saveBooks(store, [{ ...record, digests: undefined, failure: undefined }], 1);
    }
  });
  afterEach(() => store.close());

  it('removing a library has locked none of its other books', async () => {
    await expectLastFree(() => removeLibrary(store, OPERATOR, library));
  });

  it('removing books has locked none of the others', async () => {
    const ids = (await store.db.selectFrom('book').select('id').execute()).map(({ id }) => id);
    const backwards = ids.toSorted((left, right) => right - left);
    await expectLastFree(() => inTransaction(store, (transaction) => deleteNewBooks(transaction, backwards)));
  });

  async function expectLastFree(remove: () => Promise<unknown>): Promise<void> {
    const { removed, last } = await store.db.transaction().execute(async (transaction) => {
      expect(await lock(transaction, 'asc')).toBe(1);
      const removing = remove();
      await delay(HEAD_START_MS);
      return {
        removed: { removing },
        last: await lock(transaction, 'desc').catch((error: unknown) => error),
      };
    });
    await removed.removing;
    expect(last).toBe(BOOKS);
    expect(await store.db.selectFrom('book').select('id').execute()).toEqual([]);
  }
});

/** @throws if another transaction has locked the row */
async function lock(db: Kysely<Schema>, order: 'asc' | 'desc'): Promise<number | undefined> {
  const first = sql<{ id: number }>`
    select id from book order by id ${sql.raw(order)} limit 1 for update nowait`;
  return (await first.execute(db)).rows[0]?.id;
}
