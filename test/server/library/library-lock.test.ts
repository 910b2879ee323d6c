import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inTransaction } from '../../../server/database/transaction.js';
import { insertLibrary, lockLibrary } from '../../../server/library/library-repository.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';

describe.each(testDatabases())('locking a library on $name', (kind) => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore(kind);
  });
  afterEach(() => store.close());

  it('writes its row, because a cluster lets two transactions lock one that is only read', async () => {
    const row = { name: 'books', root: Buffer.from('/nowhere'), extensions: undefined, koreaderHashes: true };
    const library = await insertLibrary(store, row);
    if (library === undefined) throw new Error('the test is wrong');
    const locked = await Promise.all(
      Array.from({ length: 3 }, () =>
        inTransaction(store, (transaction) => lockLibrary(transaction, library.id)),
      ),
    );
    expect(locked).toEqual([library, library, library]);
    const { revision } = await store.db.selectFrom('library').select('revision').executeTakeFirstOrThrow();
    expect(Number(revision)).toBe(3);
  });
});
