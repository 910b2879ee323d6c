import { CompiledQuery } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  booksOfDigests,
  booksOfContent,
  booksWithDigest,
  booksWithPartialMd5,
  cataloguedDocuments,
  repeatedContents,
} from '../../../../server/book/digest-repository.js';
import { linkedBooks } from '../../../../server/book/document-link-repository.js';
import { documentOfDigest } from '../../../../server/domain/document.js';
import type { OpenStore, Store } from '../../../../server/database/store.js';
import { type LibraryId, libraryId, userId } from '../../../../server/domain/ids.js';
import { bookFolder } from '../../../support/book-folder.js';
import { SQLITE } from '../../../support/databases.js';
import { openHookedStore } from '../../../support/hooked-store.js';
import { counts, openScanBench, type ScanBench } from '../../../support/scan-bench.js';
import { scanLibrary } from '../../../../server/scan/scan-library.js';

const LIBRARIES: readonly LibraryId[] = [libraryId(1), libraryId(2), libraryId(3)];

describe('SQLite', () => {
  let bench: ScanBench;
  let hooked: OpenStore;
  let statements: string[];
  beforeAll(async () => {
    bench = await openScanBench(SQLITE);
    hooked = openHookedStore(bench.store.url, { beforeStatement: (sql) => void statements.push(sql) });
  });
  beforeEach(() => {
    statements = [];
  });
  afterAll(async () => {
    await hooked.close();
    await bench.close();
  });

  const lookUps: readonly (readonly [
    string,
    (store: Store, digests: readonly Buffer[]) => Promise<unknown>,
  ])[] = [
    ['where moved files were', (store, digests) => booksWithPartialMd5(store, libraryId(1), digests)],
    ['books of documents', (store, digests) => booksOfDigests(store, digests, LIBRARIES)],
    [
      'books with a digest',
      async (store, digests) => {
        const page = { libraryIds: LIBRARIES, afterId: undefined, limit: 10 };
        for (const digest of digests) await booksWithDigest(store, digest, page);
      },
    ],
    [
      'copies',
      async (store, [partialMd5 = Buffer.alloc(16)]) => {
        await repeatedContents(store, LIBRARIES, 1);
        await booksOfContent(store, LIBRARIES, { partialMd5, sizeBytes: 1, limit: 9 });
      },
    ],
    ['what pulls ask', (store, digests) => cataloguedDocuments(store, digests.map(documentOfDigest))],
    [
      'books of links',
      (store, digests) => linkedBooks(store, digests.map(documentOfDigest), [userId(1)], LIBRARIES),
    ],
  ];

  it.each(
    lookUps.flatMap(([name, lookUp]) => [1, 2, 30, 500].map((count) => [name, count, lookUp] as const)),
  )('finds %s by the digest, %i at once, and reads no whole library', async (_, count, lookUp) => {
    const digests = Array.from({ length: count }, (__, index) => Buffer.alloc(16, index % 256));
    await lookUp(hooked, digests);
    expect(statements.length).toBeGreaterThan(0);
    for (const sql of new Set(statements)) {
      const steps = await planOf(bench.store, sql);
      expect(steps.join('\n')).toMatch(/\b(?:partial_md5|digest|document)[=>]/);
      expect(steps.filter((step) => /library_id=\?|SCAN (?:book|b|f|l)\b/.test(step))).toEqual([]);
    }
  });

  it('keeps the entries of digests where they are while a book moves with its name', async () => {
    const folder = await bookFolder();
    folder.write('a/first.epub', 'first');
    folder.write('a/second.epub', 'second');
    const library = await bench.makeLibrary(folder);
    await bench.scan(library);
    folder.move('a', 'b');
    const dependencies = { store: hooked, engine: bench.engine };
    expect((await scanLibrary(dependencies, library)).counts).toEqual(
      counts({ found: 2, moved: 2, hashed: 2 }),
    );
    expect(statements.filter((sql) => /partial_md5 = excluded/.test(sql))).toEqual([]);
    folder.move('b/first.epub', 'b/renamed.epub');
    expect((await scanLibrary(dependencies, library)).counts).toMatchObject({ moved: 1 });
    expect(statements.filter((sql) => /partial_md5 = excluded/.test(sql))).toHaveLength(1);
  });
});

async function planOf({ db }: Store, sql: string): Promise<readonly string[]> {
  const parameters = Array.from({ length: sql.split('?').length - 1 }, () => null);
  const { rows } = await db.executeQuery<{ readonly detail: string }>(
    CompiledQuery.raw(`explain query plan ${sql}`, parameters),
  );
  return rows.map(({ detail }) => detail);
}
