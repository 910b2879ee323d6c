import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OpenStore } from '../../../server/database/store.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import { type Document, parseDocument } from '../../../server/domain/document.js';
import { bookId, type UserId } from '../../../server/domain/ids.js';
import type { Library } from '../../../server/library/library.js';
import { setRestricted } from '../../../server/library/library-reader-repository.js';
import { linkDocument, unlinkDocument } from '../../../server/sync/link-document.js';
import { SyncStore } from '../../../server/sync/sync-store.js';
import { addUser } from '../../../server/accounts/add-user.js';
import { type BookFolder, bookFolder, md5 } from '../../support/book-folder.js';
import { testDatabases } from '../../support/databases.js';
import { openHookedStore } from '../../support/hooked-store.js';
import { openScanBench, type ScanBench } from '../../support/scan-bench.js';

const SECOND_MS = 1000;
/** Within which a server notices what another one has changed. */
const NOTICED_MS = 4 * SECOND_MS;
/** After which a server that has just started remembers for longer: see MarkWatch. */
const TRUSTED_MS = 20 * SECOND_MS;

const content = documentOf(md5('emma'));
const name = documentOf(md5('emma.epub'));
const linked = documentOf('emma, as some device calls it');

describe.each(testDatabases())('books that a server remembers on $name', (kind) => {
  let bench: ScanBench;
  let folder: BookFolder;
  let library: Library;
  let store: OpenStore;
  let sync: SyncStore;
  let anna: UserId;
  /** Statements that look digests up. */
  let reads: number;

  beforeEach(async () => {
    bench = await openScanBench(kind);
    folder = await bookFolder({ 'emma.epub': 'emma' });
    library = await bench.makeLibrary(folder);
    await bench.scan(library);
    const user = {
      name: 'anna',
      password: undefined,
      permissions: new Set(['feature:koreader_sync'] as const),
    };
    ({ id: anna } = await addUser(bench.store, OPERATOR, { ...user, isOwner: false }));
    reads = 0;
    store = openHookedStore(bench.store.url, {
      beforeStatement: (text) => {
        if (text.includes('partial_md5')) reads++;
      },
    });
    sync = new SyncStore(store);
    vi.useFakeTimers({ toFake: ['performance'] });
    vi.advanceTimersByTime(SECOND_MS);
  });

  afterEach(async () => {
    vi.useRealTimers();
    await store.close();
    await bench.close();
  });

  const others = async (): Promise<readonly Document[]> =>
    [...(await sync.equivalentTo(anna, content))].toSorted();

  /** Lets time pass as it does on a server that is asked all the time. */
  async function pass(durationMs: number): Promise<void> {
    for (let ms = 0; ms < durationMs; ms += 500) {
      vi.advanceTimersByTime(500);
      await others();
      // The look at the mark that this began ends.
      await bench.store.db.selectFrom('book').select('id').execute();
      await store.db.selectFrom('library').select('id').execute();
    }
  }

  it('are read again only when something has changed', async () => {
    expect(await others()).toEqual([name]);
    await pass(TRUSTED_MS);
    reads = 0;
    await pass(60 * SECOND_MS);
    expect(await others()).toEqual([name]);
    expect(reads).toBe(0);
  });

  it('are what other servers have made of them, within the time that is promised', async () => {
    expect(await others()).toEqual([name]);
    await pass(TRUSTED_MS);
    const [book] = await bench.store.db.selectFrom('book').select('id').execute();
    const link = { document: linked, bookId: bookId(book?.id ?? 0), linkedFor: anna };
    const changes: readonly [change: () => Promise<unknown>, expected: readonly Document[]][] = [
      [() => linkDocument(bench.store, OPERATOR, link), [name, linked]],
      [() => unlinkDocument(bench.store, OPERATOR, link), [name]],
      [
        async () => {
          folder.move('emma.epub', 'renamed.epub');
          await bench.scan(library);
        },
        [name, documentOf(md5('renamed.epub'))],
      ],
      [() => setRestricted(bench.store, library.id, true), []],
    ];
    for (const [change, expected] of changes) {
      await change();
      await pass(NOTICED_MS + SECOND_MS);
      expect(await others()).toEqual(expected.toSorted());
    }
  });

  it('are forgotten at once when this server has changed them', async () => {
    expect(await others()).toEqual([name]);
    await pass(TRUSTED_MS);
    const [book] = await bench.store.db.selectFrom('book').select('id').execute();
    await linkDocument(bench.store, OPERATOR, {
      document: linked,
      bookId: bookId(book?.id ?? 0),
      linkedFor: anna,
    });
    sync.forgetLibraries();
    expect(await others()).toEqual([name, linked].toSorted());
  });
});

function documentOf(text: string): Document {
  const document = parseDocument(text);
  if (document === undefined) throw new Error('the test is wrong');
  return document;
}
