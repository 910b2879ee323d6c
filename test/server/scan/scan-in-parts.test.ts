import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Engine, shardOfFolder } from '../../../engine/index.js';
import { scanLibrary, type ScanSummary } from '../../../server/scan/scan-library.js';
import type { Library } from '../../../server/library/library.js';
import { bookFolder } from '../../support/book-folder.js';
import { catalogueOf } from '../../support/catalogue.js';
import { testDatabases } from '../../support/databases.js';
import { openHookedStore } from '../../support/hooked-store.js';
import { counts, openScanBench, type ScanBench } from '../../support/scan-bench.js';

const FIRST = folderOf(1);
const SECOND = folderOf(2);

describe.each(testDatabases())('two parts of a library, scanned into $name at once,', (kind) => {
  let bench: ScanBench;
  beforeEach(async () => {
    bench = await openScanBench(kind);
  });
  afterEach(() => bench.close());

  const part = (library: Library, index: number): Promise<ScanSummary> =>
    bench.scan(library, { shard: { index, count: 2 } });

  it('keep a book that moved from the one to the other present', async () => {
    const folder = await bookFolder({ [`${FIRST}/one.epub`]: 'one', [`${FIRST}/two.epub`]: 'two' });
    const library = await bench.makeLibrary(folder);
    await bench.scan(library);
    const [before] = await catalogueOf(bench.store, library);
    folder.move(`${FIRST}/one.epub`, `${SECOND}/one.epub`);
    let second: ScanSummary | undefined;
    const engine = walkingOnAfter(bench.engine, async () => {
      second = await part(library, 2);
    });
    const first = await scanLibrary({ store: bench.store, engine }, library, {
      shard: { index: 1, count: 2 },
    });
    expect(second?.counts).toMatchObject({ moved: 1 });
    expect(first.counts).toMatchObject({ missing: 0, unchanged: 1 });
    expect(await catalogueOf(bench.store, library)).toContainEqual({
      ...before,
      path: `${SECOND}/one.epub`,
    });
  });

  it('catalogue both copies of a book that is gone', async () => {
    const folder = await bookFolder({ 'one.epub': 'one', [`${FIRST}/two.epub`]: 'two' });
    const library = await bench.makeLibrary(folder);
    await bench.scan(library);
    folder.move('one.epub', `${FIRST}/one.epub`);
    folder.write(`${SECOND}/one.epub`, 'one');
    let second: ScanSummary | undefined;
    const store = openHookedStore(bench.store.url, {
      // The first part has just read which books its new file may have been.
      afterStatement: async (sql) => {
        if (second === undefined && /select.*partial_md5. in/.test(sql)) second = await part(library, 2);
      },
    });
    const first = await scanLibrary({ store, engine: bench.engine }, library, {
      shard: { index: 1, count: 2 },
    });
    await store.close();
    expect([first.counts, second?.counts]).toMatchObject([
      { moved: 0, added: 1 },
      { moved: 1, added: 0 },
    ]);
    expect((await bench.scan(library)).counts).toEqual(counts({ found: 3, unchanged: 3 }));
  });
});

function folderOf(part: number): string {
  const names = Array.from({ length: 100 }, (_, number) => `folder ${String(number)}`);
  const name = names.find((folder) => shardOfFolder(Buffer.from(folder), 2) === part);
  if (name === undefined) throw new Error('no folder falls into this part');
  return name;
}

/** The engine, with walks that end only when `work` is done. */
function walkingOnAfter(engine: Engine, work: () => Promise<void>): Engine {
  return {
    ...engine,
    hash: (...parameters) => engine.hash(...parameters),
    walk: async function* (...parameters) {
      yield* engine.walk(...parameters);
      await work();
    },
  };
}
