import { mkdirSync, renameSync, rmdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../../engine/index.js';
import { metadataOfBooks } from '../../../server/book/book-metadata-repository.js';
import { listBooks } from '../../../server/book/list-books.js';
import { beginPass, findPass } from '../../../server/book/metadata-pass-repository.js';
import { parsePathSearch } from '../../../server/book/path-search.js';
import { readLibraryMetadata } from '../../../server/book/read-metadata.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import type { Library } from '../../../server/library/library.js';
import { insertLibrary } from '../../../server/library/library-repository.js';
import { countLibraryRemoval, removeLibrary } from '../../../server/removal/remove-library.js';
import { scanLibrary } from '../../../server/scan/scan-library.js';
import { testDatabases } from '../../support/databases.js';
import { makeEpub } from '../../support/epub.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const PACED = { isPaced: false };

function epub(title: string, author: string): Buffer {
  const metadata = `<dc:identifier>id ${title}</dc:identifier><dc:title>${title}</dc:title><dc:creator>${author}</dc:creator>`;
  return makeEpub({ chapters: [{ content: '<html><body><p>a</p></body></html>' }], metadata });
}

describe.each(testDatabases())('the metadata of a library on $name', (kind) => {
  let store: TestStore;
  let engine: Engine;
  let root: string;
  let library: Library;

  beforeAll(async () => {
    store = await openTestStore(kind);
    engine = createEngine({ jobs: 1 });
  });

  afterAll(async () => {
    await engine.close();
    await store.close();
  });

  beforeEach(async () => {
    ({ path: root } = await temporaryFolder());
    const added = await insertLibrary(store, {
      name: root,
      root: Buffer.from(root),
      extensions: undefined,
      koreaderHashes: true,
    });
    if (added === undefined) throw new Error('the name is taken');
    library = added;
  });

  const put = (name: string, content: Buffer | string) => writeFileSync(join(root, name), content);
  const scan = () => scanLibrary({ store, engine }, library);
  const pass = () => readLibraryMetadata(store, library, PACED);

  async function titled(words: string) {
    const search = parsePathSearch(words);
    if (search === undefined) throw new Error('no words');
    const filter = { libraryId: library.id, wanted: { kind: 'title', search } } as const;
    const { items } = await listBooks(store, OPERATOR, filter, { after: undefined, limit: 10 });
    return items.map(({ book, metadata }) => [book.path.toString(), metadata?.title, metadata?.authors]);
  }

  it('is read once, and again when a file has changed', async () => {
    put('a.epub', epub('Emma', 'Jane Austen'));
    put('b.kepub.epub', epub('ÉPÉE 100%', 'B'));
    put('broken.epub', 'no book');
    put('comic.cbz', 'x');
    await scan();
    expect(await pass()).toEqual({ examined: 4, read: 3, failed: 1 });
    expect(await titled('austen EMMA')).toEqual([['a.epub', 'Emma', ['Jane Austen']]]);
    expect(await titled('épée')).toEqual([['b.kepub.epub', 'ÉPÉE 100%', ['B']]]);
    expect(await titled('100%')).toHaveLength(1);
    expect(await titled('1_0')).toEqual([]);
    await scan();
    expect(await pass()).toEqual({ examined: 4, read: 0, failed: 0 });
    put('a.epub', epub('Emma, revised', 'Jane Austen'));
    utimesSync(join(root, 'a.epub'), 1, 1);
    // The scan has not seen it: what is stored would be of another state than the catalogue's.
    expect(await pass()).toEqual({ examined: 4, read: 0, failed: 0 });
    await scan();
    expect(await pass()).toEqual({ examined: 4, read: 1, failed: 0 });
    expect(await titled('revised')).toHaveLength(1);
  });

  it('is read of the other books when one meets an error that nobody foresaw', async () => {
    put('a.epub', epub('Emma', 'Jane Austen'));
    put('b.epub', epub('Persuasion', 'Jane Austen'));
    await scan();
    let looks = 0;
    const failing: Library = {
      ...library,
      get root() {
        if (++looks === 1) throw new RangeError('Invalid string length');
        return library.root;
      },
    };
    const faults: string[] = [];
    const counts = await readLibraryMetadata(store, failing, {
      ...PACED,
      onFault: ({ message }) => faults.push(message),
    });
    expect(counts).toEqual({ examined: 2, read: 1, failed: 0 });
    expect(faults).toEqual([expect.stringMatching(/^book \d+ cannot be read: Invalid string length$/)]);
    expect(await pass()).toEqual({ examined: 2, read: 1, failed: 0 });
  });

  it('is read by one pass at a time, and the pass is shown', async () => {
    expect(await findPass(store, library.id)).toBeUndefined();
    expect(await beginPass(store, library.id, 'another', 60_000)).toBe(true);
    expect(await pass()).toBeUndefined();
    expect(await findPass(store, library.id)).toMatchObject({ state: 'running' });
    await store.db
      .updateTable('metadata_pass')
      .set({ lease_until_ms: 1 })
      .where('library_id', '=', library.id)
      .execute();
    expect(await findPass(store, library.id)).toMatchObject({ state: 'stopped' });
    expect(await pass()).toEqual({ examined: 0, read: 0, failed: 0 });
    expect(await findPass(store, library.id)).toMatchObject({ state: 'completed', read: 0 });
  });

  it('goes on where it was stopped', async () => {
    for (let i = 0; i < 120; i++) put(`${String(i)}.epub`, epub(`Title ${String(i)}`, 'A'));
    await scan();
    const stop = new AbortController();
    const counts = await readLibraryMetadata(store, library, {
      ...PACED,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    expect(counts?.read).toBe(50);
    expect(await findPass(store, library.id)).toMatchObject({ state: 'stopped', read: 50 });
    expect(await pass()).toMatchObject({ read: 70 });
  });

  it('is read by a later pass where the storage of the library was away', async () => {
    put('a.epub', epub('Emma', 'Jane Austen'));
    await scan();
    renameSync(root, `${root}-away`);
    mkdirSync(root);
    expect(await pass()).toMatchObject({ read: 0 });
    expect(await findPass(store, library.id)).toMatchObject({ state: 'stopped' });
    rmdirSync(root);
    expect(await pass()).toMatchObject({ read: 0 });
    expect(await findPass(store, library.id)).toMatchObject({ state: 'stopped' });
    renameSync(`${root}-away`, root);
    // One file that is gone is none for which a pass would be needed.
    put('b.epub', epub('Emma', 'Jane Austen'));
    await scan();
    rmSync(join(root, 'b.epub'));
    expect(await pass()).toMatchObject({ read: 1 });
    expect(await findPass(store, library.id)).toMatchObject({ state: 'completed' });
  });

  it('is not read where that is switched off, but names get their other forms', async () => {
    put('\u00c9t\u00e9.epub', epub('Summer', 'A'));
    await scan();
    const counts = await readLibraryMetadata(store, library, { ...PACED, readsEpubs: false });
    expect(counts).toEqual({ examined: 1, read: 0, failed: 0 });
    const forms = await store.db
      .selectFrom('former_digest')
      .innerJoin('book', 'book.id', 'former_digest.book_id')
      .select('kind')
      .where('library_id', '=', library.id)
      .execute();
    expect(forms.map(({ kind: form }) => form).toSorted()).toEqual(['ascii', 'nfd']);
    // They are nobody's digests, which a removal would lose.
    expect(await countLibraryRemoval(store, OPERATOR, library.id)).toMatchObject({ books: 1, digests: 2 });
  });

  it('goes with the library', async () => {
    put('a.epub', epub('Emma', 'Jane Austen'));
    await scan();
    await pass();
    const { items } = await listBooks(
      store,
      OPERATOR,
      { libraryId: library.id, wanted: { kind: 'all' } },
      { after: undefined, limit: 10 },
    );
    const ids = items.map(({ book }) => book.id);
    expect((await metadataOfBooks(store, ids)).size).toBe(1);
    await removeLibrary(store, OPERATOR, library.id);
    expect((await metadataOfBooks(store, ids)).size).toBe(0);
    expect(await findPass(store, library.id)).toBeUndefined();
  });
});
