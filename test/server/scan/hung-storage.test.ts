import { createHook } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../../engine/index.js';
import { rehashBook } from '../../../server/book/rehash-book.js';
import { scanLibrary } from '../../../server/scan/scan-library.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import { bookFolder, md5 } from '../../support/book-folder.js';
import { testDatabases } from '../../support/databases.js';
import { openScanBench, type ScanBench } from '../../support/scan-bench.js';

/** Calls of the program that Node hands to libuv's threads, of which a process has four: where each was made. */
async function libuvFileCallsOf(act: () => Promise<unknown>): Promise<string[]> {
  const calls: string[] = [];
  const hook = createHook({
    init: (_id, type) => {
      const { stack = '' } = new Error(type);
      // The test runner has calls of its own.
      if (type.startsWith('FSREQ') && /\/(engine|server)\/(?!.*node_modules)/.test(stack)) calls.push(stack);
    },
  }).enable();
  try {
    await act();
  } finally {
    hook.disable();
  }
  return calls;
}

const COPIES = 70;

function copies(folder: string, count: number): Record<string, string> {
  const numbers = Array.from({ length: count }, (_, number) => [
    `${folder}/${String(number)}/index.epub`,
    'index',
  ]);
  return Object.fromEntries(numbers);
}

describe.each(testDatabases())('storage that may never answer, with $name', (kind) => {
  let bench: ScanBench;
  beforeEach(async () => {
    bench = await openScanBench(kind);
  });
  afterEach(() => bench.close());

  it('is asked in the engine’s threads, never in those of passwords and name look-ups', async () => {
    const folder = await bookFolder({ 'one.epub': 'one', 'two.epub': 'two', 'new.epub': '' });
    const library = await bench.makeLibrary(folder);
    expect(await libuvFileCallsOf(() => bench.scan(library))).toEqual([]);
    const { id } = await bench.store.db
      .selectFrom('book')
      .select('id')
      .where('path', '=', Buffer.from('one.epub'))
      .executeTakeFirstOrThrow();
    folder.write('one.epub', 'one, second edition');
    let rehashed: unknown;
    const rehash = async (): Promise<void> => {
      rehashed = await rehashBook(bench, OPERATOR, id);
    };
    expect(await libuvFileCallsOf(rehash)).toEqual([]);
    expect(rehashed).toMatchObject({
      book: { book: { sizeBytes: 19, partialMd5: Buffer.from(md5('one, second edition'), 'hex') } },
    });
  });

  it('is asked once for the old place of a file of which there are many copies, and for all of them together', async () => {
    const folder = await bookFolder(copies('old', COPIES));
    const library = await bench.makeLibrary(folder);
    await bench.scan(library);
    for (const path of Object.keys(copies('new', COPIES))) folder.write(path, 'index');
    folder.remove('old/5');
    const asked: string[][] = [];
    const engine = Object.assign(Object.create(bench.engine) as Engine, {
      ...bench.engine,
      whichAreGone: (...[root, paths, options]: Parameters<Engine['whichAreGone']>) => {
        asked.push(paths.map((path) => path.toString()));
        return bench.engine.whichAreGone(root, paths, options);
      },
    });
    const { counts } = await scanLibrary({ store: bench.store, engine }, library);
    expect(counts).toMatchObject({ moved: 1, added: COPIES - 1, unchanged: COPIES - 1, missing: 0 });
    expect(asked.length).toBeGreaterThan(0);
    for (const paths of asked) expect(new Set(paths).size).toBe(paths.length);
    expect(asked.flat().length).toBeLessThanOrEqual(asked.length * 64);
  });
});
