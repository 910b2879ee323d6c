import { createHook } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rehashBook } from '../../../server/app/rehash-book.js';
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
});
