import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { booksOfDigests } from '../../../server/book/digest-repository.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import { changeLibrary } from '../../../server/library/change-library.js';
import { type Library, NEW_FILE_RULES } from '../../../server/library/library.js';
import { bookFolder, md5 } from '../../support/book-folder.js';
import { catalogueOf } from '../../support/catalogue.js';
import { testDatabases } from '../../support/databases.js';
import { counts, openScanBench, type ScanBench } from '../../support/scan-bench.js';

describe.each(testDatabases())('folders of trash in a library on $name', (kind) => {
  let bench: ScanBench;
  beforeAll(async () => {
    bench = await openScanBench(kind);
  });
  afterAll(() => bench.close());

  /** The id of the book that a device finds with each content of its file. */
  async function booksOf(
    library: Library,
    contents: readonly string[],
  ): Promise<readonly (number | undefined)[]> {
    const digests = contents.map((content) => Buffer.from(md5(content), 'hex'));
    const found = await booksOfDigests(bench.store, digests, [library.id]);
    return digests.map((digest) => found.find((one) => one.digest.equals(digest))?.book.id);
  }

  it.each([true, false])(
    'devices with the old file, the new one and the newest meet when each old one went into the trash (scanned between: %s)',
    async (isScannedBetween) => {
      const folder = await bookFolder({ 'A/B.epub': 'old' });
      const library = await bench.makeLibrary(folder, { name: `replaced ${String(isScannedBetween)}` });
      await bench.scan(library);
      for (const [round, content] of ['new', 'newest'].entries()) {
        folder.move('A/B.epub', `.caltrash/f/${String(round)}/B.epub`);
        if (isScannedBetween) {
          folder.write('other.epub', 'so that the root is not empty');
          expect((await bench.scan(library)).counts).toMatchObject({ missing: 1, moved: 0 });
        }
        folder.write('A/B.epub', content);
        expect((await bench.scan(library)).counts).toMatchObject({ changed: 1, added: 0, skipped: 1 });
      }
      const [old, now, newest] = await booksOf(library, ['old', 'new', 'newest']);
      expect(old).toBeDefined();
      expect([now, newest]).toEqual([old, old]);
    },
  );

  it('is found in libraries from before, whose scans say how many books would go, until that is changed', async () => {
    const folder = await bookFolder({
      'one.epub': 'one',
      '#recycle/two.epub': 'two',
      '.stversions/a/3.epub': '3',
    });
    const library = await bench.makeLibrary(folder, {
      name: 'from before',
      fileRules: { ...NEW_FILE_RULES, skipSystem: false },
    });
    expect((await bench.scan(library)).counts).toEqual(
      counts({ found: 3, added: 3, hashed: 3, skippable: 2 }),
    );
    expect((await bench.scan(library)).counts).toEqual(counts({ found: 3, unchanged: 3, skippable: 2 }));
    const { library: changed } = await changeLibrary(bench.store, OPERATOR, library.id, {
      fileRules: { skipSystem: true },
    });
    expect((await bench.scan(changed)).counts).toEqual(
      counts({ found: 1, unchanged: 1, missing: 2, skipped: 2 }),
    );
    expect((await catalogueOf(bench.store, library)).map(({ path, missing }) => [path, missing])).toEqual([
      ['#recycle/two.epub', true],
      ['.stversions/a/3.epub', true],
      ['one.epub', false],
    ]);
  });

  it('a pattern that leaves out every book marks none missing, and the error speaks of patterns', async () => {
    const folder = await bookFolder({ 'a.epub': 'a' });
    const library = await bench.makeLibrary(folder, { name: 'all left out' });
    await bench.scan(library);
    folder.write('.dogearignore', '*');
    await expect(bench.scan(library)).rejects.toMatchObject({
      code: 'root-empty',
      message: expect.stringContaining('Do its patterns, or those of its file .dogearignore') as string,
    });
    expect(await catalogueOf(bench.store, library)).toMatchObject([{ path: 'a.epub', missing: false }]);
  });

  it('and other folders go by patterns of the library and of its file; links are followed when it says so', async () => {
    const away = await bookFolder({ 'linked.epub': 'linked' });
    const folder = await bookFolder({
      'a.epub': 'a',
      'b.pdf': 'b',
      'drafts/c.epub': 'c',
      '.dogearignore': 'drafts',
    });
    symlinkSync(away.path, join(folder.path, 'link'));
    const library = await bench.makeLibrary(folder, { name: 'patterns' });
    expect((await bench.scan(library)).counts).toMatchObject({ found: 2, added: 2, skipped: 1 });
    const { library: changed } = await changeLibrary(bench.store, OPERATOR, library.id, {
      fileRules: { ignorePatterns: ['', '*.pdf'], followLinks: true },
    });
    expect(changed.fileRules).toEqual({ skipSystem: true, ignorePatterns: ['*.pdf'], followLinks: true });
    expect((await bench.scan(changed)).counts).toMatchObject({ found: 2, added: 1, missing: 1, skipped: 1 });
    folder.move('a.epub', 'moved.epub');
    folder.write('copy.epub', 'linked');
    expect((await bench.scan(changed)).counts).toMatchObject({
      found: 3,
      moved: 1,
      added: 1,
      unchanged: 1,
      missing: 0,
    });
    expect((await bench.scan(changed)).counts).toMatchObject({ found: 3, unchanged: 3 });
    await expect(
      changeLibrary(bench.store, OPERATOR, library.id, { fileRules: { ignorePatterns: ['a\nb'] } }),
    ).rejects.toMatchObject({ code: 'library-invalid' });
  });
});
