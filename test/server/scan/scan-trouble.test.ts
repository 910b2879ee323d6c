import { chmodSync, mkdirSync, renameSync, rmdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../../engine/index.js';
import { createEngineWith } from '../../../engine/pool/engine.js';
import { scanLibrary } from '../../../server/scan/scan-library.js';
import { MAX_PATH_BYTES } from '../../../server/book/book.js';
import { latestScan, requestCancel } from '../../../server/scan/scan-repository.js';
import { bookFolder } from '../../support/book-folder.js';
import { catalogueOf } from '../../support/catalogue.js';
import { testDatabases } from '../../support/databases.js';
import { counts, openScanBench, type ScanBench } from '../../support/scan-bench.js';

describe.each(testDatabases())('a scan into $name that meets trouble', (kind) => {
  let bench: ScanBench;
  beforeEach(async () => {
    bench = await openScanBench(kind);
  });
  afterEach(() => bench.close());

  const makeLibrary: ScanBench['makeLibrary'] = (folder, changes) => bench.makeLibrary(folder, changes);
  const scan: ScanBench['scan'] = (library, options) => bench.scan(library, options);

  it.each([
    ['missing', 'root-missing'],
    ['a file', 'root-not-a-folder'],
    ['empty', 'root-empty'],
    ['a link to another folder', 'root-is-link'],
    ['a link to the folder itself, elsewhere', 'root-is-link'],
  ])('fails and marks nothing when the root is %s', async (state, code) => {
    const folder = await bookFolder({ 'sub/one.epub': 'one' });
    const library = await makeLibrary(folder);
    await scan(library);
    const before = await catalogueOf(bench.store, library);
    renameSync(folder.path, `${folder.path}-away`);
    if (state === 'empty') mkdirSync(folder.path);
    const elsewhere = await bookFolder({ file: 'a file' });
    if (code === 'root-is-link')
      symlinkSync(state.includes('itself') ? `${folder.path}-away` : '/etc', folder.path);
    if (state === 'a file') renameSync(join(elsewhere.path, 'file'), folder.path);
    await expect(scan(library)).rejects.toMatchObject({ name: 'DogearError', code });
    expect(await catalogueOf(bench.store, library)).toEqual(before);
    expect((await latestScan(bench.store, library.id, { index: 1, count: 1 }))?.state.state).toBe('failed');
    if (state === 'empty') {
      rmdirSync(folder.path);
      renameSync(`${folder.path}-away`, folder.path);
      expect((await scan(library)).counts).toEqual(counts({ found: 1, unchanged: 1 }));
    }
  });

  it.each([
    ['whole', { index: 1, count: 1 }],
    ['in parts', { index: 2, count: 2 }],
  ])(
    'fails and marks nothing when the root of a library scanned %s cannot be listed',
    async (_how, shard) => {
      const folder = await bookFolder({ 'a/one.epub': 'one', 'b/two.epub': 'two', 'c/three.epub': 'three' });
      const library = await makeLibrary(folder);
      await scan(library);
      const before = await catalogueOf(bench.store, library);
      const worker = new URL('../../engine/pool/lost-root-worker.js', import.meta.url);
      const engine = createEngineWith({ jobs: 2 }, worker);
      try {
        await expect(scanLibrary({ store: bench.store, engine }, library, { shard })).rejects.toMatchObject({
          name: 'DogearError',
          code: 'root-unreadable',
          message: expect.stringContaining('ENAMETOOLONG') as string,
        });
      } finally {
        await engine.close();
      }
      expect(await catalogueOf(bench.store, library)).toEqual(before);
    },
  );

  it('marks nothing missing when the root goes away after the walk, while files are still being hashed', async () => {
    const folder = await bookFolder({ 'a/one.epub': 'one', 'two.epub': 'two', 'three.epub': 'three' });
    const library = await makeLibrary(folder);
    await scan(library);
    const before = await catalogueOf(bench.store, library);
    const unmount = (): void => {
      renameSync(folder.path, `${folder.path}-away`);
      mkdirSync(folder.path);
    };
    const engine = Object.assign(Object.create(bench.engine) as Engine, {
      ...bench.engine,
      hash: (...[root, batches, options]: Parameters<Engine['hash']>) =>
        bench.engine.hash(root, whenAllAreThere(batches, unmount), options),
    });
    await expect(
      scanLibrary({ store: bench.store, engine }, library, { regenHashes: true }),
    ).rejects.toMatchObject({ code: 'root-changed' });
    expect(await catalogueOf(bench.store, library)).toEqual(before);
  });

  it('marks nothing missing below a folder that cannot be listed', async () => {
    const folder = await bookFolder({ 'a/one.epub': 'one', 'a/deep/two.epub': 'two', 'b.epub': 'three' });
    const library = await makeLibrary(folder);
    await scan(library);
    // What a folder without permission is to others; the tests run as root, who may read everything.
    folder.move('a', 'kept/a');
    symlinkSync('a', join(folder.path, 'a'));
    const failures: string[] = [];
    const unreadable = Object.assign(Object.create(bench.engine) as Engine, {
      ...bench.engine,
      walk: (...parameters: Parameters<Engine['walk']>) =>
        withUnreadable('a', bench.engine.walk(...parameters)),
    });
    const summary = await scanLibrary({ store: bench.store, engine: unreadable }, library, {
      onFailure: ({ path }) => failures.push(path.toString()),
    });
    expect(summary.counts.missing).toBe(0);
    expect(failures).toEqual(['a']);
    chmodSync(folder.path, 0o755);
  });

  it('reports a path that is longer than the catalogue holds, and goes on', async () => {
    const deep = `${`${'d'.repeat(200)}/`.repeat(15)}${'n'.repeat(MAX_PATH_BYTES - 15 * 201 - '.epub'.length)}.epub`;
    const deeper = deep.replace('.epub', 'n.epub');
    const folder = await bookFolder({ [deeper]: 'deeper', 'one.epub': 'one' });
    const library = await makeLibrary(folder);
    const failures: string[] = [];
    const summary = await scan(library, {
      onFailure: ({ path, code }) => failures.push(`${code} ${path.toString()}`),
    });
    expect(summary.counts).toEqual(counts({ found: 2, added: 1, failed: 1, hashed: 1 }));
    expect(failures).toEqual([`path-too-long ${deeper}`]);
    folder.move(deeper, deep);
    expect((await scan(library)).counts).toEqual(counts({ found: 2, added: 1, unchanged: 1, hashed: 1 }));
  });

  it('lets one scan of a library run at a time', async () => {
    const folder = await bookFolder({ 'one.epub': 'one' });
    const library = await makeLibrary(folder);
    const results = await Promise.allSettled([scan(library), scan(library)]);
    const refused = results.find((result) => result.status === 'rejected');
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect(refused?.reason).toMatchObject({ code: 'scan-running' });
    expect((await scan(library)).counts.unchanged).toBe(1);
  });

  it('takes the place of a scan whose process is dead, and of one whose lease ran out', async () => {
    const folder = await bookFolder({ 'one.epub': 'one' });
    const library = await makeLibrary(folder);
    await scan(library);
    const last = await latestScan(bench.store, library.id, { index: 1, count: 1 });
    const deadProcess = last?.runner.replace(/ \d+ (\d+)$/, ' 2 $1') ?? '';
    await bench.store.db.updateTable('scan').set({ state: 'running', runner: deadProcess }).execute();
    expect((await scan(library)).counts.unchanged).toBe(1);
    await bench.store.db
      .updateTable('scan')
      .set({ state: 'running', runner: 'elsewhere 00 1 1 1', lease_until_ms: Date.now() - 60_000 })
      .where('id', '=', last?.id ?? (-1 as never))
      .execute();
    expect((await scan(library)).counts.unchanged).toBe(1);
    await bench.store.db
      .updateTable('scan')
      .set({ state: 'running', lease_until_ms: Date.now() + 60_000 })
      .where('runner', '=', 'elsewhere 00 1 1 1')
      .execute();
    await expect(scan(library)).rejects.toMatchObject({ code: 'scan-running' });
  });

  it('stops when it is cancelled, by signal or through the database, and goes on the next time', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 1500 }, (_, number) => [
        `${String(number % 40)}/${String(number)}.epub`,
        String(number),
      ]),
    );
    const library = await makeLibrary(await bookFolder(files));
    const controller = new AbortController();
    await expect(
      scan(library, { signal: controller.signal, onProgress: () => controller.abort() }),
    ).rejects.toMatchObject({ code: 'scan-cancelled' });
    const cancelling = scan(library, {
      onProgress: ({ scanId }) => void requestCancel(bench.store, scanId),
    });
    await expect(cancelling).rejects.toMatchObject({ code: 'scan-cancelled' });
    expect((await latestScan(bench.store, library.id, { index: 1, count: 1 }))?.state.state).toBe(
      'cancelled',
    );
    const { counts: last } = await scan(library);
    expect(last.added + last.unchanged).toBe(1500);
    expect((await scan(library)).counts).toEqual(counts({ found: 1500, unchanged: 1500 }));
  });

  it('splits a library by folder between parts that together see every book once', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, number) => [
        `${String(number % 30)}/${String(number)}.epub`,
        String(number),
      ]),
    );
    const folder = await bookFolder(files);
    const library = await makeLibrary(folder);
    const parts = await Promise.all([1, 2, 3].map((index) => scan(library, { shard: { index, count: 3 } })));
    expect(parts.reduce((sum, part) => sum + part.counts.added, 0)).toBe(300);
    expect(parts.every((part) => part.counts.added > 0)).toBe(true);
    expect((await scan(library)).counts).toEqual(counts({ found: 300, unchanged: 300 }));
    folder.remove('7');
    const again = await Promise.all([1, 2, 3].map((index) => scan(library, { shard: { index, count: 3 } })));
    expect(again.reduce((sum, part) => sum + part.counts.missing, 0)).toBe(10);
    expect(again.reduce((sum, part) => sum + part.counts.unchanged, 0)).toBe(290);
  });
});

async function* withUnreadable(
  folder: string,
  batches: ReturnType<Engine['walk']>,
): ReturnType<Engine['walk']> {
  const { EntryBatchBuilder } = await import('../../../engine/index.js');
  const builder = new EntryBatchBuilder();
  builder.addFailure(folder, { code: 'unreadable', isFolder: true, message: 'permission denied' });
  yield builder.take();
  yield* batches;
}

async function* whenAllAreThere<T>(
  batches: AsyncIterable<T> | Iterable<T>,
  act: () => void,
): AsyncGenerator<T> {
  const all: T[] = [];
  for await (const batch of batches) all.push(batch);
  act();
  yield* all;
}
