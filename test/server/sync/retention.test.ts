import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { saveBooks } from '../../../server/book/book-repository.js';
import { devicesPage, setFriendlyName } from '../../../server/device/device-repository.js';
import { userId } from '../../../server/domain/ids.js';
import { insertLibrary } from '../../../server/library/library-repository.js';
import { documentsOfUser, positionsPage } from '../../../server/sync/device-progress-repository.js';
import { Retention } from '../../../server/sync/retention.js';
import { SyncStore } from '../../../server/sync/sync-store.js';
import { testDatabases } from '../../support/databases.js';
import { openHookedStore } from '../../support/hooked-store.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';
import { pushOf } from '../../support/progress-push.js';
import { storedPositions } from '../../support/stored-positions.js';

const BOUNDS = { documentsPerUser: 10, devicesPerUser: 5, devicesPerDocument: 4 };
const USER = userId(7);

describe.each(testDatabases())('past the bounds of a user on $name,', (kind) => {
  let store: TestStore;
  let sync: SyncStore;
  let forgotten: Record<string, number>;
  beforeEach(async () => {
    store = await openTestStore(kind);
    forgotten = {};
    sync = new SyncStore(store, {
      bounds: BOUNDS,
      onForgotten: (what, count) => (forgotten[what] = (forgotten[what] ?? 0) + count),
      onRetentionError: (error) => expect.fail(String(error)),
    });
  });
  afterEach(async () => {
    await sync.retention.close();
    await store.close();
  });

  async function push(document: string, device: string, position = device): Promise<void> {
    await sync.pushes.push(pushOf(document, device, position));
    await sync.retention.idle();
  }

  it('the older positions of devices go first, and the newest of a document never', async () => {
    await push('other', 'A');
    for (let i = 0; i < 20; i++) await push('d', `device ${String(i)}`);
    const { document } = pushOf('d', '', '');
    const page = await positionsPage(store, USER, [document], { after: undefined, limit: 100 });
    expect(page.map(({ position }) => position)).toEqual(
      [19, 18, 17, 16].map((number) => `device ${String(number)}`),
    );
    expect(forgotten['device-position']).toBe(16);
    expect((await storedPositions(store)).filter((row) => row.document === 'other')).toHaveLength(1);
    // A device that was forgotten comes back as any other.
    await push('d', 'device 0', 'back');
    expect((await sync.pulls.pull({ userId: USER, document }))?.position).toBe('back');
  });

  it('the devices that were seen least recently go, those with a friendly name last', async () => {
    await push('d', 'named');
    await setFriendlyName(store, USER, Buffer.from('inamed'), 'Kitchen');
    for (let i = 0; i < 8; i++) {
      await sync.pushes.push({ ...pushOf('d', `device ${String(i)}`, 'x'), pushedMs: 10_000 + i * 1000 });
      await sync.retention.idle();
    }
    const devices = await devicesPage(store, USER, { afterKey: undefined, limit: 100 });
    expect(devices.map(({ name }) => name)).toEqual([
      'device 4',
      'device 5',
      'device 6',
      'device 7',
      'named',
    ]);
    expect(forgotten['device']).toBe(4);
  });

  it('the oldest documents that no library holds go, with everything that belongs to them', async () => {
    const held = Array.from({ length: 6 }, (_none, index) => md5(`held ${String(index)}`));
    await addBooks(store, held);
    // The documents of the library are the oldest.
    for (const digest of held) await push(digest.toString('hex'), 'A');
    for (let i = 0; i < 12; i++) {
      await push(i % 2 === 0 ? `free ${String(i)}` : md5(`free ${String(i)}`).toString('hex'), 'A');
      await push(i % 2 === 0 ? `free ${String(i)}` : md5(`free ${String(i)}`).toString('hex'), 'B');
    }
    const page = await documentsOfUser(store, USER, { after: undefined, limit: 100 });
    expect(page.map(({ record }) => record.document).toSorted()).toEqual(
      [
        ...held.map((digest) => digest.toString('hex')),
        'free 8',
        md5('free 9').toString('hex'),
        'free 10',
        md5('free 11').toString('hex'),
      ].toSorted(),
    );
    expect(forgotten['document']).toBe(8);
    const left = await store.db.selectFrom('device_progress').select('document').execute();
    expect(new Set(left.map(({ document }) => document.toString()))).toEqual(
      new Set(['free 8', md5('free 9').toString('hex'), 'free 10', md5('free 11').toString('hex')]),
    );
  });

  it('a document that is pushed, or added to a library, after the look at it stays', async () => {
    const added = md5('added meanwhile');
    // Of a server without these bounds.
    const { pushes } = new SyncStore(store);
    const free = Array.from({ length: 10 }, (_none, i) => `free ${String(i)}`);
    for (const document of [added.toString('hex'), 'pushed meanwhile', ...free]) {
      await pushes.push(pushOf(document, 'A', 'x'));
    }
    let isLooking = true;
    const hooked = openHookedStore(store.url, {
      afterStatement: async (text) => {
        if (!isLooking || !/select\s.?document.?, .?arrival/.test(text)) return;
        isLooking = false;
        await addBooks(store, [added]);
        await pushes.push(pushOf('pushed meanwhile', 'A', 'again'));
      },
    });
    const retention = new Retention(hooked, BOUNDS, { onError: (error) => expect.fail(String(error)) });
    retention.note({ created: [pushOf('free 9', 'A', 'x')], displaced: [], arrival: 1 }, []);
    await retention.idle();
    await hooked.close();
    expect(isLooking).toBe(false);
    const page = await documentsOfUser(store, USER, { after: undefined, limit: 100 });
    const left = page.map(({ record }) => record.document as string);
    expect(left).toContain(added.toString('hex'));
    expect(left).toContain('pushed meanwhile');
  });

  it('a check that failed is made again at the next addition', async () => {
    const { pushes } = new SyncStore(store);
    for (let i = 0; i < 40; i++) await pushes.push(pushOf('d', `device ${String(i)}`, 'x'));
    let isBroken = true;
    const hooked = openHookedStore(store.url, {
      beforeStatement: () => {
        if (isBroken) throw new Error('refused by the test');
      },
    });
    const errors: unknown[] = [];
    // Ten additions would be counted before the next check.
    const bounds = { ...BOUNDS, devicesPerDocument: 30 };
    const retention = new Retention(hooked, bounds, { onError: (error) => errors.push(error) });
    const addition = { created: [], displaced: [pushOf('d', 'device 0', 'x')], arrival: 1 };
    retention.note(addition, []);
    await retention.idle();
    isBroken = false;
    retention.note(addition, []);
    await retention.idle();
    await hooked.close();
    expect(errors).toHaveLength(1);
    const { document } = pushOf('d', '', '');
    const page = await positionsPage(store, USER, [document], { after: undefined, limit: 100 });
    expect(page).toHaveLength(30);
  });

  it('documents of libraries are never forgotten, however many there are', async () => {
    const held = Array.from({ length: 15 }, (_none, index) => md5(`held ${String(index)}`));
    await addBooks(store, held);
    for (const digest of held) await push(digest.toString('hex'), 'A');
    expect(await documentsOfUser(store, USER, { after: undefined, limit: 100 })).toHaveLength(15);
    expect(forgotten['document']).toBeUndefined();
  });
});

function md5(text: string): Buffer {
  return createHash('md5').update(text).digest();
}

async function addBooks(store: TestStore, digests: readonly Buffer[]): Promise<void> {
  const library = await insertLibrary(store, {
    name: 'books',
    root: Buffer.from('/nowhere'),
    extensions: undefined,
    koreaderHashes: true,
  });
  if (library === undefined) throw new Error('a library of this name exists already');
  await saveBooks(
    store,
    digests.map((partialMd5, index) => ({
      libraryId: library.id,
      path: Buffer.from(`${String(index)}.epub`),
      sizeBytes: 1,
      modifiedNs: 1n,
      digests: { partialMd5, filenameMd5: md5(`name ${String(index)}`) },
      failure: undefined,
    })),
    1,
  );
}
