import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MetadataThread } from '../../../server/compose/metadata-thread.js';
import { beginPass, findPass } from '../../../server/book/metadata-pass-repository.js';
import { readLibraryMetadata } from '../../../server/book/read-metadata.js';
import type { Library } from '../../../server/library/library.js';
import { librariesWithUnreadMetadata } from '../../../server/scan/metadata-due.js';
import { type BookFolder, bookFolder } from '../../support/book-folder.js';
import { testDatabases } from '../../support/databases.js';
import { makeEpub } from '../../support/epub.js';
import { openScanBench, type ScanBench } from '../../support/scan-bench.js';

const PATIENCE = { timeout: 20_000 };

describe.each(testDatabases())('the thread that reads metadata on $name', (kind) => {
  let bench: ScanBench;
  let folder: BookFolder;
  let library: Library;

  beforeAll(async () => {
    bench = await openScanBench(kind);
    folder = await bookFolder();
    library = await bench.makeLibrary(folder);
  });

  afterAll(() => bench.close());

  it('reads what scans have found, and no more until a scan has changed something', async () => {
    const { store } = bench;
    folder.write(
      'a.epub',
      makeEpub({ chapters: [{ content: '<html/>' }], metadata: '<dc:title>A</dc:title>' }),
    );
    expect(await librariesWithUnreadMetadata(store)).toEqual([]);
    await bench.scan(library);
    expect(await librariesWithUnreadMetadata(store)).toEqual([library.id]);
    const errors: unknown[] = [];
    const database = { url: bench.store.url, url_file: undefined, hosts: [], connections: 1 };
    const thread = new MetadataThread({
      store,
      database,
      readsEpubs: true,
      lookEveryMs: 20,
      onError: (error) => errors.push(error),
    });
    await expect
      .poll(() => findPass(store, library.id), PATIENCE)
      .toMatchObject({ state: 'completed', read: 1, failed: 0 });
    await bench.scan(library);
    expect(await librariesWithUnreadMetadata(store)).toEqual([]);
    folder.write('b.epub', 'broken');
    await bench.scan(library);
    await expect
      .poll(() => findPass(store, library.id), PATIENCE)
      .toMatchObject({ state: 'completed', examined: 2, read: 1, failed: 1 });
    await thread.close();
    expect(errors).toEqual([]);
  });

  it('goes on where a killed program has left a pass, although nothing is committed meanwhile', async () => {
    const { store } = bench;
    expect(await beginPass(store, library.id, 'killed', 60_000)).toBe(true);
    let looks = 0;
    const stamp = (): string => `nothing is committed ${String(looks++).slice(20)}`;
    const thread = new MetadataThread({
      store: { ...store, stamp, close: () => store.close() },
      database: { url: bench.store.url, url_file: undefined, hosts: [], connections: 1 },
      readsEpubs: true,
      lookEveryMs: 20,
      onError: () => undefined,
    });
    await expect.poll(() => looks, PATIENCE).toBeGreaterThan(1);
    await store.db.updateTable('metadata_pass').set({ lease_until_ms: 0 }).execute();
    await expect.poll(() => findPass(store, library.id), PATIENCE).toMatchObject({ state: 'completed' });
    await thread.close();
  });

  it('is due again when KOReader hashes are switched on, for the names of books that have none yet', async () => {
    const { store } = bench;
    const books = await bookFolder({ 'a.epub': 'a' });
    const plain = await bench.makeLibrary(books, { name: 'plain', koreaderHashes: false });
    await bench.scan(plain);
    await readLibraryMetadata(store, plain, { isPaced: false });
    expect(await librariesWithUnreadMetadata(store)).not.toContain(plain.id);
    await bench.scan({ ...plain, koreaderHashes: true });
    expect(await librariesWithUnreadMetadata(store)).toContain(plain.id);
  });
});
