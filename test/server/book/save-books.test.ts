import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BookRecord } from '../../../server/book/book.js';
import { nextBookRows, saveBooks } from '../../../server/book/book-repository.js';
import { libraryId } from '../../../server/domain/ids.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';

const LIBRARY = libraryId(3);

/** Paths of many lengths, not all UTF-8, and numbers at their limits. In byte order of the paths. */
const MANY: readonly BookRecord[] = Array.from({ length: 300 }, (_, index) => ({
  libraryId: LIBRARY,
  path: Buffer.concat([
    Buffer.from(String(1000 + index)),
    Buffer.alloc(index % 7, 0xff),
    Buffer.from([0, 0x27]),
  ]),
  sizeBytes: index % 3 === 0 ? index : Number.MAX_SAFE_INTEGER - index,
  modifiedNs: index % 2 === 0 ? -1_000_000_007n * BigInt(index) : 9_223_372_036_854_775_807n - BigInt(index),
  stateMark: 2 ** 52 - 1 - index,
  digests: { partialMd5: Buffer.alloc(16, index % 256), filenameMd5: Buffer.alloc(16, 255 - (index % 256)) },
  failure: undefined,
}));

describe.each(testDatabases())('books that are saved together in $name', (kind) => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  async function saved(records: readonly BookRecord[]): Promise<readonly unknown[]> {
    await store.db.deleteFrom('book').execute();
    await saveBooks(store, records, 1234);
    return stored();
  }

  async function stored(): Promise<readonly unknown[]> {
    const rows = await nextBookRows(store, LIBRARY, Buffer.alloc(0), 1000);
    const digests = await store.db
      .selectFrom('book')
      .select(['partial_md5', 'filename_md5', 'failure'])
      .orderBy('path')
      .execute();
    return rows.map(({ path, sizeBytes, modifiedNs, stateMark, isHashed }, index) => {
      const own = digests[index];
      return {
        path: path.toString('hex'),
        sizeBytes,
        modifiedNs,
        stateMark,
        isHashed,
        partialMd5: own?.partial_md5?.toString('hex'),
        filenameMd5: own?.filename_md5?.toString('hex'),
        failure: own?.failure ?? undefined,
      };
    });
  }

  const expected = (records: readonly BookRecord[]) =>
    records.map(({ path, sizeBytes, modifiedNs, stateMark, digests, failure }) => ({
      path: path.toString('hex'),
      sizeBytes,
      modifiedNs,
      stateMark,
      failure,
      isHashed: digests !== undefined && failure === undefined,
      partialMd5: digests?.partialMd5.toString('hex'),
      filenameMd5: digests?.filenameMd5.toString('hex'),
    }));

  it('have every byte and every digit of their records', async () => {
    expect(await saved(MANY)).toStrictEqual(expected(MANY));
  });

  it('are stored whether or not some could not be hashed or have no mark', async () => {
    const mixed = MANY.map((record, index) => {
      if (index % 50 === 0) return { ...record, digests: undefined, failure: 'unreadable' };
      return index % 50 === 1 ? { ...record, stateMark: undefined } : record;
    });
    expect(await saved(mixed)).toStrictEqual(expected(mixed));
  });

  it('have ids in the order in which they were given', async () => {
    await saved(MANY);
    const ids = await store.db.selectFrom('book').select('id').orderBy('path').execute();
    expect(ids.map(({ id }) => id)).toStrictEqual(ids.map(({ id }) => id).toSorted((a, b) => a - b));
  });

  it('replace the books at their paths, which are present and keep their ids', async () => {
    await saved(MANY);
    await store.db.updateTable('book').set({ missing_since_s: 5 }).execute();
    const before = await store.db.selectFrom('book').select(['id', 'path']).orderBy('path').execute();
    const changed = MANY.map((record) => ({ ...record, sizeBytes: 77, modifiedNs: 5n }));
    await saveBooks(store, changed, 1235);
    expect(await stored()).toStrictEqual(expected(changed));
    expect(await store.db.selectFrom('book').select(['id', 'path']).orderBy('path').execute()).toStrictEqual(
      before,
    );
    expect(
      await store.db.selectFrom('book').select('id').where('missing_since_s', 'is not', null).execute(),
    ).toStrictEqual([]);
  });
});
