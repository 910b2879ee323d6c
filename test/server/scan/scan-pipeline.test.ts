import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEngine, type Engine, EntryBatchBuilder } from '../../../engine/index.js';
import { saveBooks } from '../../../server/book/book-repository.js';
import { noDecisions } from '../../../server/scan/library-merge.js';
import { PlannedBatch } from '../../../server/scan/planned-batch.js';
import { scanLibrary } from '../../../server/scan/scan-library.js';
import { WHOLE_LIBRARY } from '../../../server/scan/scan.js';
import { latestScan } from '../../../server/scan/scan-repository.js';
import { bookFolder, md5 } from '../../support/book-folder.js';
import { catalogueOf } from '../../support/catalogue.js';
import { SQLITE, testDatabases } from '../../support/databases.js';
import { openHookedStore } from '../../support/hooked-store.js';
import { openScanBench, type ScanBench } from '../../support/scan-bench.js';

/** More than a page of the catalogue. */
const BOOKS = 1500;
const READS_CATALOGUE = /^select id, path, size_bytes.* from book/;

class NotAllowed extends Error {
  override readonly name = 'NotAllowed';
  readonly code = 'ER_COLUMNACCESS_DENIED_ERROR';
}

describe.each(testDatabases())('a scan into $name', (kind) => {
  let bench: ScanBench;
  beforeEach(async () => {
    bench = await openScanBench(kind);
  });
  afterEach(() => bench.close());

  it('that cannot read the catalogue any more throws what the database threw, and marks nothing missing', async () => {
    const folder = await bookFolder({ 'a/one.epub': 'one', 'a/two.epub': 'two' });
    const library = await bench.makeLibrary(folder);
    const rest = { sizeBytes: 1, modifiedNs: 1n, digests: undefined, failure: undefined };
    const books = Array.from({ length: BOOKS }, (_, book) => ({
      libraryId: library.id,
      path: Buffer.from(`b/${String(book).padStart(5, '0')}.epub`),
      ...rest,
    }));
    await saveBooks(bench.store, books, 1);
    const refusal = new NotAllowed('no right to do that');
    const walk = { hasEnded: false };
    const engine: Engine = {
      ...bench.engine,
      hash: (...parameters) => bench.engine.hash(...parameters),
      walk: async function* (...parameters) {
        yield* bench.engine.walk(...parameters);
        walk.hasEnded = true;
      },
    };
    let reads = 0;
    const store = openHookedStore(bench.store.url, {
      beforeStatement: async (sql) => {
        if (!READS_CATALOGUE.test(sql) || ++reads < 2) return;
        while (!walk.hasEnded || engine.status().filesHashed < 2) await delay(1);
        // The engine finds another root when it has hashed: that must not hide what happened first.
        renameSync(folder.path, `${folder.path}-away`);
        mkdirSync(folder.path);
        throw refusal;
      },
    });
    const scanning = scanLibrary({ store, engine }, library);
    expect(await scanning.catch((error: unknown) => error)).toBe(refusal);
    await store.close();
    expect((await latestScan(bench.store, library.id, WHOLE_LIBRARY))?.state).toMatchObject({
      state: 'failed',
      error: 'no right to do that',
    });
    expect((await catalogueOf(bench.store, library)).filter(({ missing }) => missing)).toEqual([]);
  });

  it.each([
    ['reads the catalogue', READS_CATALOGUE],
    ['asks for the time', /now_ms/],
    ['looks for moved books', /^select.*partial_md5.? in/],
    ['writes books', /^insert into book/],
    ['renews its lease', /^update .?scan.? set .*lease_until_ms/],
  ])('throws what the database throws while it %s', async (_, statement) => {
    const folder = await bookFolder({ 'one.epub': 'one' });
    const library = await bench.makeLibrary(folder);
    await bench.scan(library);
    folder.write('two.epub', 'two');
    const refusal = new NotAllowed('no right to do that');
    const store = openHookedStore(bench.store.url, {
      beforeStatement: (sql) => {
        if (statement.test(sql)) throw refusal;
      },
    });
    const scanning = scanLibrary({ store, engine: bench.engine }, library);
    expect(await scanning.catch((error: unknown) => error)).toBe(refusal);
    await store.close();
  });
});

describe("SQLite's log", () => {
  it('may get long during a scan, and is short again after it, also after one that failed', async () => {
    const bench = await openScanBench(SQLITE);
    const { db } = bench.store;
    const longest = async (): Promise<unknown> =>
      (await sql<{ wal_autocheckpoint: number }>`pragma wal_autocheckpoint`.execute(db)).rows[0]
        ?.wal_autocheckpoint;
    const folder = await bookFolder({ 'one.epub': 'one' });
    const library = await bench.makeLibrary(folder);
    const during: Promise<unknown>[] = [];
    await bench.scan(library, { onProgress: () => during.push(longest()) });
    expect(new Set(await Promise.all(during))).toEqual(new Set([8000]));
    expect(await longest()).toBe(1000);
    rmSync(folder.path, { recursive: true });
    await expect(bench.scan(library)).rejects.toMatchObject({ code: 'root-missing' });
    expect(await longest()).toBe(1000);
    await bench.close();
  });
});

describe('a planned batch', () => {
  it('comes back from the engine with its plan, which is not copied to the threads', async () => {
    const folder = await bookFolder({ 'one.epub': 'one' });
    const builder = new EntryBatchBuilder();
    builder.addFile('one.epub', 3, 1n);
    const planned = new PlannedBatch(builder.take(), {
      type: 'hash',
      files: [{ entry: 0, known: undefined }],
    });
    const nothing = builder.take();
    const decided = new PlannedBatch(nothing, {
      type: 'decided',
      stretch: { entries: nothing, decisions: noDecisions() },
    });
    const engine = createEngine({ jobs: 1 });
    const hashed = new Map<PlannedBatch, string>();
    for await (const batch of engine.hash(folder.path, [decided, planned])) {
      hashed.set(batch.entries, Buffer.from(batch.partialMd5).toString('hex'));
    }
    await engine.close();
    expect(hashed).toEqual(
      new Map([
        [decided, ''],
        [planned, md5('one')],
      ]),
    );
    expect([...hashed.keys()].map(({ plan }) => plan.type).toSorted()).toEqual(['decided', 'hash']);
    expect(Object.keys(structuredClone(planned)).toSorted()).toEqual([
      'failures',
      'modifiedNs',
      'pathBytes',
      'pathEnds',
      'sizeBytes',
      'stateMarks',
    ]);
  });
});
