import { createHash } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { mkdirSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  createEngine,
  type Engine,
  type EntryBatch,
  EntryBatchBuilder,
  filenameMd5,
  type HashedBatch,
} from '../../../engine/index.js';
import { createEngineWith } from '../../../engine/pool/engine.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { entriesOf, hashedEntriesOf, hashedFolder, walked } from '../collected.js';
import { READS_HERE } from '../reads-here.js';

const extensions = new Set(['epub']);
const FILES = 3000;

describe('the engine', () => {
  const engines: Engine[] = [];
  let root = '';

  beforeAll(async () => {
    root = (await temporaryFolder()).path;
    for (let file = 0; file < FILES; file += 1) {
      const folder = join(root, `folder ${Math.floor(file / 40)}`);
      if (file % 40 === 0) mkdirSync(folder);
      writeFileSync(join(folder, `${file}.epub`), `book ${file}`);
    }
  });
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.close();
  });

  function engineOf(options: Parameters<typeof createEngine>[0] = {}, worker?: string): Engine {
    const engine = worker
      ? createEngineWith(options, new URL(worker, import.meta.url))
      : createEngine(options);
    engines.push(engine);
    return engine;
  }

  async function batchesOf(engine: Engine): Promise<EntryBatch[]> {
    const batches: EntryBatch[] = [];
    for await (const batch of engine.walk(root, { extensions })) batches.push(batch);
    return batches;
  }

  function digestOf(file: number): string {
    return createHash('md5').update(`book ${file}`).digest('hex');
  }

  it.each([
    ['one thread', { jobs: 1 }],
    ['many threads', { jobs: 7 }],
    ['an automatic number of threads', {}],
    ['the kernel of node:crypto', { md5: 'node-crypto' }],
    ['the SIMD kernel', { md5: 'wasm-simd' }],
    ...READS_HERE.map((reads) => [reads, { reads }] as const),
  ] as const)('hashes everything with %s', async (_name, options) => {
    const engine = engineOf(options);
    if ('md5' in options) expect(engine.md5KernelName).toBe(options.md5);
    if ('reads' in options) expect(engine.reads.name).toBe(options.reads);
    const hashed = await hashedFolder(engine, root);
    expect(hashed.size).toBe(FILES);
    for (const [path, { partialMd5, filenameMd5: named, failure }] of hashed) {
      expect(failure).toBeUndefined();
      expect(partialMd5).toBe(digestOf(Number.parseInt(path.slice(path.indexOf('/') + 1), 10)));
      expect(named).toBe(filenameMd5(path).toString('hex'));
    }
    const { filesHashed, batchesInFlight, tasksInFlight } = engine.status();
    expect({ filesHashed, batchesInFlight, tasksInFlight }).toEqual({
      filesHashed: FILES,
      batchesInFlight: 0,
      tasksInFlight: 0,
    });
  });

  it('fills batches across folders', async () => {
    const lengths = (await batchesOf(engineOf({ jobs: 2 }))).map(({ length }) => length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(512);
    expect(lengths.length).toBeLessThan(25);
  });

  it('returns the same batch objects that it was given, of any size', async () => {
    const engine = engineOf({ jobs: 2 });
    const all = await batchesOf(engine);
    const first = all[0];
    if (!first) throw new Error('the walk found nothing');
    const empty = first.select([]);
    const given = [...all, empty, first.select([5]), first.select([7, 7, 3])];
    const got: HashedBatch[] = [];
    for await (const batch of engine.hash(root, given)) got.push(batch);
    expect(new Set(got.map(({ entries }) => entries))).toEqual(new Set(given));
    const last = got.find(({ entries }) => entries === given.at(-1));
    const names = last ? hashedEntriesOf(last).map(({ path, partialMd5 }) => [path, partialMd5]) : [];
    expect(names).toEqual(
      [7, 7, 3].map((index) => {
        const path = first.pathAt(index).toString();
        return [path, digestOf(Number.parseInt(path.slice(path.indexOf('/') + 1), 10))];
      }),
    );
  });

  it('passes failures through, among the files that it hashes', async () => {
    const engine = engineOf({ jobs: 2 });
    const builder = new EntryBatchBuilder();
    const found = (await batchesOf(engine)).flatMap(entriesOf).slice(0, 100);
    const failure = { code: 'io-error', isFolder: true, message: 'broken' } as const;
    for (const [index, entry] of found.entries()) {
      if (index % 3 === 0) builder.addFailure(`broken ${index}`, failure);
      else if (index % 7 === 0) builder.addFile(`gone ${index}`, 5, 7n);
      else builder.addFile(entry.path, entry.sizeBytes, entry.modifiedNs);
    }
    const batch = builder.take();
    const hashed: HashedBatch[] = [];
    for await (const done of engine.hash(root, [batch])) hashed.push(done);
    expect(hashed).toHaveLength(1);
    const entries = hashed.flatMap(hashedEntriesOf);
    for (const [index, entry] of entries.entries()) {
      if (index % 3 === 0) {
        expect(entry).toMatchObject({ failure, partialMd5: '0'.repeat(32), filenameMd5: '0'.repeat(32) });
      } else if (index % 7 === 0) {
        expect(entry).toMatchObject({
          failure: { code: 'vanished', isFolder: false },
          partialMd5: '0'.repeat(32),
        });
        expect(entry.filenameMd5).toBe(filenameMd5(`gone ${index}`).toString('hex'));
      } else {
        expect(entry.failure).toBeUndefined();
        expect(entry.partialMd5).toBe(
          digestOf(Number.parseInt(entry.path.slice(entry.path.indexOf('/') + 1), 10)),
        );
      }
    }
  });

  it('pulls a bounded number of batches when the results are not consumed', async () => {
    const engine = engineOf({ jobs: 2 });
    const [batch] = await batchesOf(engine);
    if (!batch) throw new Error('the walk found nothing');
    let pulled = 0;
    function* endless(): Generator<EntryBatch> {
      for (;;) {
        pulled += 1;
        yield batch as EntryBatch;
      }
    }
    const results = engine.hash(root, endless())[Symbol.asyncIterator]();
    await results.next();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(pulled).toBeLessThanOrEqual(8);
    const before = pulled;
    for (let taken = 0; taken < 20; taken += 1) await results.next();
    expect(pulled).toBeGreaterThanOrEqual(before + 12);
    await results.return?.();
    expect(engine.status().tasksInFlight).toBe(0);
  });

  it('stops everything when its consumer stops early', async () => {
    const engine = engineOf({ jobs: 2 });
    let isReleased = false;
    async function* source(): AsyncGenerator<EntryBatch> {
      try {
        for (;;) yield* engine.walk(root, { extensions });
      } finally {
        isReleased = true;
      }
    }
    for await (const batch of engine.hash(root, source())) {
      expect(batch.entries.length).toBeGreaterThan(0);
      break;
    }
    expect(isReleased).toBe(true);
    expect(engine.status()).toMatchObject({ tasksInFlight: 0, batchesInFlight: 0 });
    // The engine can still be used.
    expect((await hashedFolder(engine, root)).size).toBe(FILES);
  });

  it('yields everything that came before an error of its source, and then throws the error', async () => {
    const engine = engineOf({ jobs: 2 });
    const batches = await batchesOf(engine);
    async function* failing(): AsyncGenerator<EntryBatch> {
      yield* batches;
      throw new Error('the source broke');
    }
    let files = 0;
    const hashing = (async () => {
      for await (const batch of engine.hash(root, failing())) files += batch.entries.length;
    })();
    await expect(hashing).rejects.toThrow('the source broke');
    expect(files).toBe(FILES);
  });

  it('stops within the time of one file when it is aborted, and throws', async () => {
    const engine = engineOf({ jobs: 2 }, 'slow-worker.js');
    const abort = new AbortController();
    const { signal } = abort;
    const hashing = (async () => {
      for await (const batch of engine.hash(root, engine.walk(root, { extensions, signal }), { signal }))
        void batch;
    })();
    setTimeout(() => abort.abort(new Error('enough')), 300);
    await expect(hashing).rejects.toMatchObject({ code: 'aborted', cause: { message: 'enough' } });
    expect(engine.status().tasksInFlight).toBe(0);
    // All 3,000 files would have taken two threads 30 s. Only files that began before the abort were hashed.
    expect(engine.status().filesHashed).toBeLessThan(200);
  });

  it('checks with rootMustStay that the root stays the same folder while it hashes', async () => {
    const engine = engineOf({ jobs: 1 });
    const folder = (await temporaryFolder()).path;
    const hashing = async (batches: Iterable<EntryBatch>): Promise<void> => {
      for await (const batch of engine.hash(folder, batches, { rootMustStay: true })) void batch;
    };
    await hashing([]);
    function* replacing(): Generator<EntryBatch> {
      renameSync(folder, `${folder}-away`);
      mkdirSync(folder);
      yield new EntryBatchBuilder().take();
    }
    await expect(hashing(replacing())).rejects.toMatchObject({ code: 'root-changed' });
    rmdirSync(folder);
    await expect(hashing([])).rejects.toMatchObject({ code: 'root-missing' });
  });

  it('removes its listeners from the signal when it ends, with or without an error', async () => {
    const engine = engineOf({ jobs: 1 });
    const { signal } = new AbortController();
    await walked(engine, root, { extensions, signal });
    await expect(walked(engine, join(root, 'missing'), { signal })).rejects.toMatchObject({
      code: 'root-missing',
    });
    for await (const batch of engine.hash(root, engine.walk(root, { extensions, signal }), { signal })) {
      void batch;
      break;
    }
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('throws at once if the signal was aborted before', async () => {
    const engine = engineOf({ jobs: 1 });
    const signal = AbortSignal.abort();
    await expect(walked(engine, root, { signal })).rejects.toMatchObject({ code: 'aborted' });
    const hashing = engine.hash(root, [], { signal })[Symbol.asyncIterator]().next();
    await expect(hashing).rejects.toMatchObject({ code: 'aborted' });
  });

  it('leaves no unhandled rejection if it was aborted before and its root or its threads fail', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): number => unhandled.push(reason);
    process.on('unhandledRejection', note);
    const engine = engineOf({ jobs: 1 }, 'no-such-worker.js');
    const walk = walked(engine, join(root, 'missing'), { signal: AbortSignal.abort() });
    await expect(walk).rejects.toMatchObject({ code: 'aborted' });
    await engine.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  it('ends running calls when it is closed, and refuses later ones', async () => {
    const engine = engineOf({ jobs: 2 }, 'slow-worker.js');
    const hashing = hashedFolder(engine, root);
    const expectation = expect(hashing).rejects.toMatchObject({ code: 'closed' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    await engine.close();
    await engine.close();
    await expectation;
    expect(engine.status().threads).toBe(0);
    await expect(walked(engine, root)).rejects.toMatchObject({ code: 'closed' });
    await expect(engine.hash(root, [])[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'closed',
    });
  });

  it('throws when a worker thread dies, and goes on with a new one', async () => {
    const engine = engineOf({ jobs: 2 }, 'crashing-worker.js');
    await expect(hashedFolder(engine, root)).rejects.toMatchObject({ code: 'worker-failed' });
    expect(await walked(engine, root, { extensions })).toHaveLength(FILES);
  });

  it('throws with the reason if the root could be opened but not listed', async () => {
    const engine = engineOf({ jobs: 2 }, 'lost-root-worker.js');
    await expect(walked(engine, root)).rejects.toMatchObject({
      code: 'root-unreadable',
      message: expect.stringContaining('ENAMETOOLONG') as string,
    });
  });

  it('throws if its threads cannot start', async () => {
    const engine = engineOf({ jobs: 2 }, 'no-such-worker.js');
    await expect(walked(engine, root)).rejects.toMatchObject({ code: 'worker-failed' });
  });

  it('refuses invalid numbers of jobs', () => {
    for (const jobs of [0, -1, 1.5, Number.NaN, 100_000])
      expect(() => createEngine({ jobs })).toThrow(RangeError);
  });

  it.each([
    ['{"md5":"zz"}', "md5 must be auto, wasm-simd, node-crypto, not 'zz'"],
    ['{"md5":null}', 'md5 must be auto, wasm-simd, node-crypto, not null'],
    ['{"reads":"fast"}', "reads must be auto, io-uring, system-calls, not 'fast'"],
    ['{"jobs":"2"}', "jobs must be a whole number from 1 to 256, not '2'"],
  ])('refuses the options %s of a program without types', (json, message) => {
    expect(() => createEngine(JSON.parse(json))).toThrow(new RangeError(message));
  });

  it.each([
    ['{"extensions":["epub"]}', /extensions must be a Set/],
    ['{"signal":{}}', /signal must be an AbortSignal/],
    ['{"shard":{"index":3,"count":2}}', /no shard 3 of 2/],
  ])('refuses a walk with the options %s', async (json, message) => {
    const walk = engineOf().walk(root, { extensions, ...JSON.parse(json) });
    await expect(walk[Symbol.asyncIterator]().next()).rejects.toThrow(message);
  });

  it.each(['.epub', 'EPUB', '', 'a/b', 'a.b.c', 'fb2.', 'a\0b'])(
    'refuses a walk with the extension %j, which no file has',
    async (extension) => {
      const walk = engineOf().walk(root, { extensions: new Set([extension]) });
      await expect(walk[Symbol.asyncIterator]().next()).rejects.toThrow(/extensions must be in lower case/);
    },
  );

  it('refuses an empty root, and options of hashing that make no sense', async () => {
    const engine = engineOf();
    for (const empty of ['', Buffer.alloc(0)]) {
      await expect(walked(engine, empty)).rejects.toThrow(/must not be empty/);
      await expect(engine.whichAreGone(empty, [])).rejects.toThrow(/must not be empty/);
      await expect(engine.hash(empty, [])[Symbol.asyncIterator]().next()).rejects.toThrow(
        /must not be empty/,
      );
    }
    const hashing = engine.hash(root, [], JSON.parse('{"rootMustStay":"no"}'));
    await expect(hashing[Symbol.asyncIterator]().next()).rejects.toThrow(
      /rootMustStay must be true or false/,
    );
    await expect(engine.whichAreGone(root, [], JSON.parse('{"signal":1}'))).rejects.toThrow(/AbortSignal/);
  });
});
