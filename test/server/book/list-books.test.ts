import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BookCursor, type BookFilter, listBooks } from '../../../server/book/list-books.js';
import { parsePathSearch } from '../../../server/book/path-search.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import { saveBooks } from '../../../server/book/book-repository.js';
import { insertLibrary } from '../../../server/library/library-repository.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';

const BOUNDS = { atOnce: 10, rowsAtOnce: 4, aPage: 30 };

describe.each(testDatabases())('a search of books on $name', (kind) => {
  let store: TestStore;

  beforeAll(async () => {
    store = await openTestStore(kind);
    for (const name of ['a', 'b', 'c']) {
      const root = Buffer.from(`/${name}`);
      const library = await insertLibrary(store, { name, root, extensions: undefined, koreaderHashes: true });
      if (library === undefined) throw new Error('the name is taken');
      const records = Array.from({ length: 50 }, (_, i) => ({
        libraryId: library.id,
        path: Buffer.from(`${name}/${String(i).padStart(2, '0')} ${i % 25 === 24 ? 'Я' : 'x'}.epub`),
        sizeBytes: 1,
        modifiedNs: 0n,
        digests: undefined,
        failure: undefined,
      }));
      await saveBooks(store, records, 0);
    }
  });

  afterAll(() => store.close());

  async function search(q: string, limit: number) {
    const found = parsePathSearch(q);
    if (found === undefined) throw new Error('no words');
    return pagesOf({ libraryId: undefined, wanted: { kind: 'path', search: found } }, limit);
  }

  async function pagesOf(filter: BookFilter, limit: number) {
    const paths: string[] = [];
    let pages = 0;
    let empty = 0;
    let after: BookCursor | undefined;
    do {
      const page = await listBooks(store, OPERATOR, filter, { after, limit }, BOUNDS);
      expect(page.items.length).toBeLessThanOrEqual(limit);
      paths.push(...page.items.map(({ book }) => book.path.toString()));
      pages++;
      if (page.items.length === 0) empty++;
      after = page.next;
    } while (after !== undefined);
    return { paths, pages, empty };
  }

  it('finds everything in order, however few books one statement examines', async () => {
    const all = ['a', 'b', 'c'].flatMap((name) => [`${name}/24 Я.epub`, `${name}/49 Я.epub`]);
    for (const limit of [1, 2, 5, 100]) expect((await search('я', limit)).paths).toEqual(all);
    expect((await search('EPUB x', 7)).paths).toHaveLength(144);
    expect((await search('b/', 7)).paths).toHaveLength(50);
    const unhashed: BookFilter = { libraryId: undefined, wanted: { kind: 'all' }, state: 'not-hashed' };
    expect((await pagesOf(unhashed, 7)).paths).toHaveLength(150);
  });

  it('examines a bounded number of books for one page', async () => {
    // The database can exclude books for the first text, but not for the second.
    expect(await search('nowhere', 100)).toMatchObject({ paths: [], empty: expect.any(Number) as number });
    expect((await search('nowhere', 100)).pages).toBeGreaterThanOrEqual(4);
    expect((await search('ж', 100)).pages).toBeGreaterThanOrEqual(4);
    const ready: BookFilter = { libraryId: undefined, wanted: { kind: 'all' }, state: 'ready' };
    expect((await pagesOf(ready, 100)).pages).toBeGreaterThanOrEqual(4);
  });
});
