import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { userId } from '../../../server/domain/ids.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import { insertUser } from '../../../server/accounts/user-repository.js';
import { deletePosition } from '../../../server/sync/delete-position.js';
import { getHistory } from '../../../server/sync/get-history.js';
import { type HistoryTrouble, HistoryWriter } from '../../../server/sync/history-writer.js';
import { parseFraction, type ProgressPush } from '../../../server/sync/progress.js';
import { removeUser } from '../../../server/removal/remove-user.js';
import type { HistoryBounds } from '../../../server/sync/retention.js';
import { SyncStore } from '../../../server/sync/sync-store.js';
import type { Store } from '../../../server/database/store.js';
import { testDatabases } from '../../support/databases.js';
import { openHookedStore, type StatementHooks } from '../../support/hooked-store.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';
import { pushOf } from '../../support/progress-push.js';

const USER = userId(7);
const MINUTE_MS = 60_000;
const NOW_MS = Date.now();

describe.each(testDatabases())('the history of progress on $name', (kind) => {
  let store: TestStore;
  let opened: { close(): Promise<void> }[];
  beforeEach(async () => {
    store = await openTestStore(kind);
    opened = [];
  });
  afterEach(async () => {
    for (const each of opened.toReversed()) await each.close();
    await store.close();
  });

  interface World {
    readonly sync: SyncStore;
    readonly lost: number[];
    readonly troubles: HistoryTrouble[];
    readonly forgotten: Record<string, number>;
  }

  function server(of: Store, bounds: Partial<HistoryBounds> = {}): World {
    const world: Omit<World, 'sync'> = { lost: [], troubles: [], forgotten: {} };
    const sync = new SyncStore(of, {
      history: {
        onLost: (count) => world.lost.push(count),
        onTrouble: (trouble) => world.troubles.push(trouble),
      },
      bounds: {
        documentsPerUser: 1000,
        devicesPerUser: 1000,
        devicesPerDocument: 100,
        history: { entriesPerDocument: 200, entriesPerUser: 50_000, days: 400, ...bounds },
      },
      onForgotten: (what, count) => (world.forgotten[what] = (world.forgotten[what] ?? 0) + count),
      onRetentionError: (error) => expect.fail(String(error)),
    });
    opened.push({
      close: async () => {
        await sync.history?.close();
        await sync.retention.close();
      },
    });
    return { ...world, sync };
  }

  function hooked(hooks: StatementHooks): Store {
    const each = openHookedStore(store.url, hooks);
    opened.push(each);
    return each;
  }

  function at(percentage: number, pushedMs: number, document = 'd', device = 'Kobo'): ProgressPush {
    const fraction = parseFraction(percentage);
    if (fraction === undefined) throw new Error('no fraction');
    const position = `p${String(percentage)}`;
    return { ...pushOf(document, device, position), percentage: fraction, pushedMs };
  }

  const flush = async ({ sync }: World): Promise<void> => {
    await sync.history?.flush();
    await sync.retention.idle();
  };

  /** The whole history of a document, the oldest entry first. */
  async function history(document = 'd', user = USER, limit = 1000) {
    const entries = [];
    for (let after; ;) {
      const page = await getHistory(
        store,
        OPERATOR,
        { userId: user, document: pushOf(document, '', '').document },
        { after, limit },
      );
      entries.push(...page.items);
      after = page.next;
      if (after === undefined) return entries.toReversed();
    }
  }
  const percentages = async (document = 'd'): Promise<readonly number[]> =>
    (await history(document)).map(({ percentage }) => percentage);

  beforeEach(async () => {
    // Users 1 to 7; lists of progress are read for users who exist.
    for (let id = 1; id <= 7; id++) {
      const user = {
        name: `u${String(id)}`,
        passwordHash: undefined,
        isOwner: false,
        permissions: new Set<never>(),
      };
      expect((await insertUser(store, user))?.id).toBe(id);
    }
  });

  it('has an entry where the progress moved by half a point, or half an hour later', async () => {
    const world = server(store);
    for (const push of [
      at(0.1, NOW_MS),
      at(0.104, NOW_MS + 1),
      at(0.105, NOW_MS + 2),
      at(0.108, NOW_MS + 3),
      // Backwards too: from the last entry, not from the last push.
      at(0.101, NOW_MS + 4),
      at(0.1, NOW_MS + 5),
      at(0.1, NOW_MS + 5 + 29 * MINUTE_MS),
      at(0.1, NOW_MS + 5 + 30 * MINUTE_MS),
      at(0.9, NOW_MS, 'other'),
    ]) {
      await world.sync.pushes.push(push);
    }
    await flush(world);
    expect(await history()).toMatchObject([
      { percentage: 0.1, pushedMs: NOW_MS, position: 'p0.1', device: { name: 'Kobo', id: 'Kobo' } },
      { percentage: 0.105, pushedMs: NOW_MS + 2, position: 'p0.105' },
      { percentage: 0.1, pushedMs: NOW_MS + 5 },
      { percentage: 0.1, pushedMs: NOW_MS + 5 + 30 * MINUTE_MS },
    ]);
    expect(await history('d', USER, 1)).toEqual(await history());
    expect(await percentages('other')).toEqual([0.9]);
    expect(world.lost).toEqual([]);
  });

  it('is written by itself, seconds after the push', async () => {
    const { sync } = server(store);
    await sync.pushes.push(at(0.1, NOW_MS));
    expect(sync.history?.waiting).toBe(1);
    await expect.poll(() => percentages(), { timeout: 20_000 }).toEqual([0.1]);
    expect(sync.history?.waiting).toBe(0);
  });

  it('has what several servers took, and nothing twice', async () => {
    const [one, two] = [server(store), server(store)];
    await one.sync.pushes.push(at(0.1, NOW_MS, 'd', 'A'));
    await flush(one);
    // The second server has kept nothing of this document yet.
    await two.sync.pushes.push(at(0.102, NOW_MS + 1, 'd', 'B'));
    await two.sync.pushes.push(at(0.2, NOW_MS + 2, 'd', 'B'));
    await flush(two);
    // And this is nearly where the second one was.
    await one.sync.pushes.push(at(0.203, NOW_MS + 3, 'd', 'A'));
    await flush(one);
    await one.sync.pushes.push(at(0.3, NOW_MS + 4, 'd', 'A'));
    await flush(one);
    expect(await percentages()).toEqual([0.1, 0.2, 0.3]);
    expect((await history()).map(({ device }) => device.name)).toEqual(['A', 'B', 'A']);
  });

  it('loses nothing, and has nothing twice, when the answer to its commit is lost', async () => {
    let isLosing = true;
    const breaking = hooked({
      afterStatement: (text) => {
        if (!isLosing || !text.includes('insert into progress_history')) return;
        isLosing = false;
        throw Object.assign(new Error('lost'), { code: 'ECONNRESET' });
      },
    });
    const world = server(breaking);
    for (const percentage of [0.1, 0.2]) await world.sync.pushes.push(at(percentage, NOW_MS));
    await flush(world);
    expect(world.troubles).toMatchObject([{ lost: 0, error: { code: 'ECONNRESET' } }]);
    expect(world.sync.history?.waiting).toBe(2);
    await flush(world);
    expect(await percentages()).toEqual([0.1, 0.2]);
    expect(world.lost).toEqual([]);
  });

  it('delays no push while its statements hang, and has a bound for what waits', async () => {
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const hanging = hooked({
      beforeStatement: (text) => (text.includes('progress_history as h') ? held : undefined),
    });
    const world = server(hanging);
    await world.sync.pushes.push(at(0.1, NOW_MS));
    const flushed = flush(world);
    const long = 'x'.repeat(4000);
    for (let round = 0; world.lost.length === 0; round++) {
      expect(round).toBeLessThan(100);
      await Promise.all(
        Array.from({ length: 100 }, (_none, index) =>
          world.sync.pushes.push({
            ...at(((round % 2) + 1) / 4, NOW_MS, `d${String(index)}`),
            userId: userId(8 + (index % 10)),
            position: long,
          }),
        ),
      );
    }
    // 16 MiB of positions with 8 kB each.
    expect(world.sync.history?.waiting).toBeGreaterThan(1500);
    expect(world.sync.history?.waiting).toBeLessThan(2100);
    expect(world.troubles).toMatchObject([{ lost: 1, error: undefined }]);
    goOn();
    await flushed;
    await flush(world);
    expect(await percentages()).toEqual([0.1]);
    expect(world.sync.history?.waiting).toBe(0);
    // What was lost is not remembered: the next push of the document is kept.
    const [lost, owner] = ['d99', userId(17)];
    const kept = async (): Promise<number> => {
      const rows = await store.db
        .selectFrom('progress_history')
        .select('arrival')
        .where('user_id', '=', owner)
        .execute();
      return rows.length;
    };
    const before = await kept();
    await world.sync.pushes.push({ ...at(0.99, NOW_MS, lost), userId: owner });
    await flush(world);
    expect(await kept()).toBe(before + 1);
  });

  it('of one user who pushes without end does not take the place of others', async () => {
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const hanging = hooked({
      beforeStatement: (text) => (text.includes('progress_history as h') ? held : undefined),
    });
    const world = server(hanging);
    await world.sync.pushes.push(at(0.1, NOW_MS));
    const flushed = flush(world);
    const long = 'x'.repeat(4000);
    for (let round = 0; world.lost.length === 0; round++) {
      expect(round).toBeLessThan(20);
      const pushes = Array.from({ length: 100 }, (_none, index) =>
        at(((round % 2) + 1) / 4, NOW_MS, `d${String(index)}`),
      );
      await Promise.all(pushes.map((push) => world.sync.pushes.push({ ...push, position: long })));
    }
    // An eighth of the memory for entries, with 8 kB each.
    expect(world.sync.history?.waiting).toBeLessThan(300);
    const before = world.lost.length;
    await world.sync.pushes.push({ ...at(0.5, NOW_MS), userId: userId(8) });
    expect(world.lost).toHaveLength(before);
    goOn();
    await flushed;
  });

  it('loses one entry that the database refuses, and not its neighbours', async () => {
    const documents = ['d', 'e', 'f', 'g', 'h'];
    const without = new SyncStore(store);
    for (const document of documents) await without.pushes.push(at(0.1, NOW_MS, document));
    const lost: number[] = [];
    const writer = new HistoryWriter(store, { onLost: (count) => lost.push(count) });
    for (const document of documents) {
      const push = at(0.1, NOW_MS, document);
      // What no push has: a name that is longer than the column in MySQL, no number in SQLite.
      const refused =
        kind.name === 'mysql'
          ? { ...push, device: { name: 'x'.repeat(300), id: 'x' } }
          : { ...push, pushedMs: Number.NaN };
      writer.note(`7 ${document}`, document === 'f' ? refused : push, {
        arrival: 1,
        isNew: false,
      });
    }
    await writer.flush();
    for (const document of documents) {
      expect(await percentages(document)).toEqual(document === 'f' ? [] : [0.1]);
    }
    expect(lost).toEqual([1]);
    expect(writer.waiting).toBe(0);
  });

  it('is written before the server has closed, and names what it lost if that fails', async () => {
    const world = server(store);
    await world.sync.pushes.push(at(0.1, NOW_MS));
    await world.sync.history?.close();
    expect(await percentages()).toEqual([0.1]);
    expect(world.troubles).toEqual([]);
    const broken = server(
      hooked({
        beforeStatement: (text) => {
          if (text.includes('progress_history'))
            throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });
        },
      }),
    );
    await broken.sync.pushes.push(at(0.9, NOW_MS));
    await broken.sync.history?.close();
    expect(broken.lost).toEqual([1]);
    expect(broken.troubles.at(-1)).toMatchObject({ lost: 1 });
    await broken.sync.pushes.push(at(0.5, NOW_MS));
    expect(await percentages()).toEqual([0.1]);
  });

  it('is given up by a server that stops before everything is written', async () => {
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    let isAway = true;
    let uses = 0;
    const MOST = 50;
    const slow = hooked({ beforeStatement: () => held });
    const counted: Store = {
      ...slow,
      get db() {
        uses += 1;
        // The second condition ends a writer that goes on and on, which no timer could.
        if (isAway || uses > MOST) throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });
        return slow.db;
      },
    };
    const lost: number[] = [];
    const writer = new HistoryWriter(counted, { onLost: (count) => lost.push(count) });
    // More than two batches.
    for (let i = 0; i < 1200; i++) {
      const document = `d${String(i)}`;
      writer.note(`7 ${document}`, at(0.1, NOW_MS, document), { arrival: 1, isNew: true });
    }
    await writer.flush();
    expect(writer.waiting).toBe(1200);
    isAway = false;
    await writer.close();
    expect(lost.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(200);
    goOn();
    await writer.flush();
    expect(uses).toBeLessThan(MOST);
  });

  it('keeps the newest entries of a document', async () => {
    const world = server(store, { entriesPerDocument: 20 });
    for (let i = 0; i <= 90; i++) {
      await world.sync.pushes.push(at(i / 100, NOW_MS));
      await flush(world);
      expect((await percentages()).length).toBeLessThanOrEqual(20);
    }
    expect(await percentages()).toEqual(Array.from({ length: 19 }, (_none, index) => (72 + index) / 100));
    expect(world.forgotten['history']).toBe(72);
  });

  it('keeps the newest entries of a user, of whichever document', async () => {
    const world = server(store, { entriesPerUser: 20 });
    await world.sync.pushes.push({ ...at(0.5, NOW_MS, 'of another user'), userId: userId(6) });
    for (let i = 0; i < 30; i++) {
      await world.sync.pushes.push(at(i / 100, NOW_MS, `d${String(i % 3)}`));
      await flush(world);
    }
    const left = [...(await percentages('d0')), ...(await percentages('d1')), ...(await percentages('d2'))];
    // One more than the bound leads to 19.
    expect(left.length).toBeLessThanOrEqual(20);
    expect(left.length).toBeGreaterThanOrEqual(19);
    expect(Math.min(...left)).toBe((30 - left.length) / 100);
    expect(await history('of another user', userId(6))).toHaveLength(1);
  });

  it('forgets entries that are too old by itself, whoever they belong to', async () => {
    const DAY_MS = 86_400_000;
    const before = server(store, { entriesPerDocument: 10_000 });
    // More of one age than one statement deletes.
    for (let i = 0; i < 600; i++) await before.sync.pushes.push(at((i % 2) / 2, NOW_MS - 11 * DAY_MS - i));
    await before.sync.pushes.push({ ...at(0.5, NOW_MS - 400 * DAY_MS), userId: userId(6) });
    await before.sync.pushes.push(at(0.1, NOW_MS - 9 * DAY_MS, 'younger'));
    await before.sync.history?.flush();
    expect((await history('d')).length).toBeGreaterThan(500);
    // A clock that is two years ahead deletes nothing.
    vi.useFakeTimers({ toFake: ['Date'], now: NOW_MS + 2 * 365 * DAY_MS });
    onTestFinished(() => void vi.useRealTimers());
    const ahead = server(store, { days: 500, ageCheckMs: 1 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await ahead.sync.retention.idle();
    await ahead.sync.retention.close();
    expect(ahead.forgotten).toEqual({});
    vi.useRealTimers();
    const world = server(store, { days: 10, ageCheckMs: 50 });
    await expect.poll(() => percentages('d'), { timeout: 20_000 }).toEqual([]);
    expect(await history('d', userId(6))).toEqual([]);
    expect(await percentages('younger')).toEqual([0.1]);
    await expect.poll(() => world.forgotten['history'], { timeout: 20_000 }).toBe(601);
  });

  it('goes with its user and with its document', async () => {
    const world = server(store);
    for (const document of ['d', 'e']) {
      await world.sync.pushes.push(at(0.1, NOW_MS, document));
      await world.sync.pushes.push({ ...at(0.1, NOW_MS, document), userId: userId(6) });
    }
    await flush(world);
    const which = { userId: USER, document: pushOf('d', '', '').document };
    await deletePosition(store, OPERATOR, which, Buffer.from('iKobo'));
    await expect(history()).rejects.toMatchObject({ code: 'progress-not-found' });
    // It begins anew, although this server remembers that it has kept such a push.
    await world.sync.pushes.push(at(0.1, NOW_MS));
    await flush(world);
    expect(await percentages()).toEqual([0.1]);
    // One that waits while its user is removed.
    await world.sync.pushes.push(at(0.2, NOW_MS));
    await removeUser(store, USER);
    await flush(world);
    const rows = await store.db.selectFrom('progress_history').select(['user_id']).execute();
    expect(rows.map((row) => row.user_id)).toEqual([6, 6]);
  });

  it('does not come back with entries that are being written while their document is deleted', async () => {
    let meanwhile: (() => Promise<void>) | undefined;
    const once = async (): Promise<void> => {
      const now = meanwhile;
      meanwhile = undefined;
      await now?.();
    };
    const which = { userId: USER, document: pushOf('d', '', '').document };
    const entries = () => store.db.selectFrom('progress_history').select('arrival').execute();

    // The writer has found the document, and then it is deleted.
    const looking = hooked({
      afterStatement: (text) => (text.includes('progress_history as h') ? once() : undefined),
    });
    const world = server(looking);
    await world.sync.pushes.push(at(0.1, NOW_MS));
    meanwhile = () => deletePosition(store, OPERATOR, which, Buffer.from('iKobo'));
    await flush(world);
    expect(await entries()).toEqual([]);

    // The deletion has deleted the history, and is not committed when the writer looks.
    await world.sync.pushes.push(at(0.2, NOW_MS));
    let flushed: Promise<void> = Promise.resolve();
    const deleting = hooked({
      afterStatement: (text) => (text.includes('delete from `progress_history`') ? once() : undefined),
    });
    meanwhile = async () => {
      flushed = flush(world);
      // SQLite writes one transaction after the other.
      if (store.dialect === 'mysql') await flushed;
    };
    await deletePosition(deleting, OPERATOR, which, Buffer.from('iKobo'));
    await flushed;
    expect(await entries()).toEqual([]);
    expect(world.lost).toEqual([]);
  });

  it('is written in smaller parts when a statement takes too long, and again at once after a deadlock', async () => {
    let mostRows = Infinity;
    let conflicts = 0;
    const slow = hooked({
      beforeStatement: (text) => {
        if (!text.includes('insert into progress_history')) return;
        if (conflicts-- > 0) throw Object.assign(new Error('deadlock'), { code: 'ER_LOCK_DEADLOCK' });
        if (text.split('(?').length - 1 > mostRows)
          throw Object.assign(new Error('slow'), { code: 'ER_LOCK_WAIT_TIMEOUT' });
      },
    });
    const world = server(slow);
    conflicts = 1;
    await world.sync.pushes.push(at(0.1, NOW_MS));
    await flush(world);
    expect(await percentages()).toEqual([0.1]);
    expect(world.troubles).toEqual([]);
    mostRows = 2;
    const documents = Array.from({ length: 16 }, (_none, index) => `d${String(index)}`);
    await Promise.all(documents.map((document) => world.sync.pushes.push(at(0.5, NOW_MS, document))));
    for (let attempt = 0; (world.sync.history?.waiting ?? 0) > 0; attempt++) {
      expect(attempt).toBeLessThan(10);
      await flush(world);
    }
    for (const document of documents) expect(await percentages(document)).toEqual([0.5]);
    expect(world.lost).toEqual([]);
  });

  it('is not kept, and not deleted, where it is switched off', async () => {
    const world = server(store);
    await world.sync.pushes.push(at(0.1, NOW_MS));
    await flush(world);
    const off = new SyncStore(store);
    expect(off.history).toBeUndefined();
    await off.pushes.push(at(0.9, NOW_MS));
    expect(await percentages()).toEqual([0.1]);
  });

  it('metadata is not stored where it is switched off, and what is stored stays', async () => {
    const stored = () => store.db.selectFrom('document_metadata').select(['document', 'metadata']).execute();
    const withMetadata = (document: string, title: string) => ({
      ...at(0.1, NOW_MS, document),
      metadataJson: JSON.stringify({ title }),
    });
    await new SyncStore(store).pushes.push(withMetadata('before', 'kept'));
    const off = new SyncStore(store, { keepsMetadata: false });
    await off.pushes.push(withMetadata('before', 'changed'));
    await off.pushes.push(withMetadata('new', 'new'));
    const rows = await stored();
    expect(rows.map(({ document, metadata }) => [document.toString(), metadata.toString()])).toEqual([
      ['before', '{"title":"kept"}'],
    ]);
  });
});
