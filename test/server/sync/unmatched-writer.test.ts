import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deviceKey } from '../../../server/device/device.js';
import { saveSeenDevices, setFriendlyName } from '../../../server/device/device-repository.js';
import { userId } from '../../../server/domain/ids.js';
import type { ProgressPush } from '../../../server/sync/progress.js';
import type { UnmatchedCursor } from '../../../server/sync/unmatched-document.js';
import { unmatchedPage } from '../../../server/sync/unmatched-repository.js';
import { saveBooks } from '../../../server/book/book-repository.js';
import { insertLibrary } from '../../../server/library/library-repository.js';
import { adoptUnmatched } from '../../../server/sync/adopt-unmatched.js';
import { newestProgress } from '../../../server/sync/progress-repository.js';
import { putProgress } from '../../../server/sync/put-progress.js';
import { SyncStore } from '../../../server/sync/sync-store.js';
import { UnmatchedWriter } from '../../../server/sync/unmatched-writer.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';
import { pushOf } from '../../support/progress-push.js';

describe.each(testDatabases())('documents that found no book on $name', (kind) => {
  let store: TestStore;
  const errors: unknown[] = [];

  beforeAll(async () => {
    store = await openTestStore(kind);
  });

  beforeEach(async () => {
    errors.length = 0;
    await store.db.deleteFrom('unmatched_document').execute();
  });

  afterAll(() => store.close());

  const writer = (perUser = 100, inAll = 1000, keepsMetadata = true): UnmatchedWriter =>
    new UnmatchedWriter(store, { perUser, inAll, keepsMetadata, onError: (error) => errors.push(error) });

  const push = (document: string, more: Partial<ProgressPush> = {}): ProgressPush => ({
    ...pushOf(document, 'Kobo', `at ${document}`),
    ...more,
  });

  const kept = (user = 7) => unmatchedPage(store, userId(user), { after: undefined, limit: 1000 });
  const documents = async (user = 7) => (await kept(user)).map(({ document }) => document);

  it('are kept with their last push, the number of pushes, and what a reader ever said about them', async () => {
    const first = writer();
    first.note(push('a', { pushedMs: 1000, metadataJson: '{"title":"T"}' }));
    first.note(push('a', { pushedMs: 2000, position: 'later' }));
    await first.flush();
    first.note(push('a', { pushedMs: 3000, position: 'last', device: { name: 'Other', id: undefined } }));
    await first.flush();
    expect(await kept()).toEqual([
      {
        userId: 7,
        document: 'a',
        firstSeenMs: 1000,
        lastSeenMs: 3000,
        pushes: 3,
        percentage: 0.5,
        position: 'last',
        device: { name: 'Other', id: undefined },
        metadataJson: '{"title":"T"}',
        friendlyName: undefined,
      },
    ]);
    expect(errors).toEqual([]);
  });

  it('are written by themselves, and before the server stops', async () => {
    const byItself = writer();
    byItself.note(push('by itself'));
    await expect.poll(documents, { timeout: 10_000 }).toEqual(['by itself']);
    const stopping = writer();
    stopping.note(push('stopping', { pushedMs: 2 }));
    await stopping.close();
    stopping.note(push('afterwards'));
    await stopping.flush();
    expect(await documents()).toEqual(['stopping', 'by itself']);
  });

  it('are listed in pages from the last seen, those of one moment too', async () => {
    const one = writer();
    for (const name of ['a', 'b', 'c', 'd', 'e']) one.note(push(name, { pushedMs: name === 'e' ? 2 : 1 }));
    await one.flush();
    const read: string[] = [];
    for (let after: UnmatchedCursor | undefined; ;) {
      const page = await unmatchedPage(store, userId(7), { after, limit: 2 });
      read.push(...page.map(({ document }) => document));
      const last = page.at(-1);
      if (last === undefined) break;
      after = last;
    }
    expect(read).toEqual(['e', 'd', 'c', 'b', 'a']);
  });

  it('show the name that the user gave the device', async () => {
    const { device, userId: owner } = push('a');
    await saveSeenDevices(store, [{ userId: owner, device, seenSeconds: 1 }]);
    await setFriendlyName(store, owner, Buffer.from(deviceKey(device)), 'Kitchen');
    const one = writer();
    one.note(push('a'));
    await one.flush();
    expect(await kept()).toMatchObject([{ friendlyName: 'Kitchen' }]);
  });

  it('are bounded for each user: the longest unseen go', async () => {
    const one = writer(3);
    for (let i = 1; i <= 5; i++) one.note(push(`d${String(i)}`, { pushedMs: i }));
    one.note(push('d1', { pushedMs: 6 }));
    one.note(push('other', { userId: userId(8) }));
    await one.flush();
    expect(await documents()).toEqual(['d1', 'd5', 'd4']);
    expect(await documents(8)).toEqual(['other']);
  });

  it('are bounded in all', async () => {
    const one = writer(100, 4);
    for (let i = 1; i <= 6; i++) one.note(push(`d${String(i)}`, { pushedMs: i, userId: userId(i) }));
    await one.flush();
    const rows = await store.db
      .selectFrom('unmatched_document')
      .select('user_id')
      .orderBy('user_id')
      .execute();
    expect(rows.map((row) => row.user_id)).toEqual([3, 4, 5, 6]);
  });

  it('of one user cannot fill the memory, so those of others are kept', async () => {
    const one = writer(10_000, 10_000);
    for (let i = 0; i < 2000; i++) one.note(push(`d${String(i)}`));
    one.note(push('other', { userId: userId(8) }));
    await one.flush();
    expect((await documents()).length).toBe(250);
    expect(await documents(8)).toEqual(['other']);
  });

  it('are kept without titles where the operator wants none', async () => {
    const one = writer(100, 1000, false);
    one.note(push('a', { metadataJson: '{"title":"T"}' }));
    await one.flush();
    expect(await kept()).toMatchObject([{ metadataJson: undefined }]);
  });

  it('are kept too where the push was stored, unless they have a book that the user may see', async () => {
    const library = await insertLibrary(store, {
      name: 'stored',
      root: Buffer.from('/stored'),
      extensions: undefined,
      koreaderHashes: true,
    });
    if (library === undefined) throw new Error('the name is taken');
    const known = 'aa'.repeat(16);
    const digests = { partialMd5: Buffer.from(known, 'hex'), filenameMd5: Buffer.alloc(16, 1) };
    const record = { libraryId: library.id, path: Buffer.from('a'), sizeBytes: 1, modifiedNs: 0n };
    await saveBooks(store, [{ ...record, digests, failure: undefined }], 0);
    const sync = new SyncStore(store, { unmatched: { perUser: 100, inAll: 1000 } });
    const put = (each: ProgressPush) =>
      putProgress(
        sync,
        { userId: each.userId, userName: 'a', permissions: new Set(), isOwner: false, apiKeyId: undefined },
        each,
        { unknownDocuments: 'store', sinceMs: performance.now(), pushedMs: each.pushedMs },
      );
    const unknown = push('bb'.repeat(16), { pushedMs: 5000 });
    await put(push(known));
    await put(unknown);
    await put(push('no digest'));
    await sync.unmatched?.flush();
    expect((await documents()).toSorted()).toEqual(['bb'.repeat(16), 'no digest']);
    // It was stored: when a book is found, it only leaves the list.
    const later = { partialMd5: Buffer.from(unknown.document, 'hex'), filenameMd5: Buffer.alloc(16, 2) };
    await saveBooks(store, [{ ...record, path: Buffer.from('b'), digests: later, failure: undefined }], 0);
    await put({ ...unknown, position: 'newer', pushedMs: 6000 });
    await adoptUnmatched(store);
    expect(await documents()).toEqual(['no digest']);
    const key = { userId: unknown.userId, document: unknown.document };
    expect([...(await newestProgress(store, [key])).values()]).toMatchObject([{ position: 'newer' }]);
    await sync.unmatched?.close();
  });
});
