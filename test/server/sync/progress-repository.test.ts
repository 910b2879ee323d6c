import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDocument } from '../../../server/domain/document.js';
import { userId } from '../../../server/domain/ids.js';
import { parseFraction, type ProgressPush } from '../../../server/sync/progress.js';
import { newestProgress, progressKeyText, savePushes } from '../../../server/sync/progress-repository.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';

describe.each(testDatabases())('progress on $name', (kind) => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  function push(name: string, deviceId: string, position: string): ProgressPush {
    const document = parseDocument(name);
    const percentage = parseFraction(0.5);
    if (document === undefined || percentage === undefined) throw new Error('the test is wrong');
    const device = { name: 'Kobo', id: deviceId };
    return {
      userId: userId(7),
      document,
      position,
      percentage,
      device,
      metadataJson: undefined,
      pushedMs: 1,
    };
  }

  async function positionOf(name: string): Promise<string | undefined> {
    const { document } = push(name, '', '');
    const key = { userId: userId(7), document };
    return (await newestProgress(store, [key])).get(progressKeyText(key))?.position;
  }

  it.each([
    ['first by key', [1, 0, 2], 'C'],
    ['second by key', [0, 2, 1], 'B'],
    ['third by key', [2, 1, 0], 'A'],
  ])('the last of one batch to arrive wins, the %s', async (name, arrivals, last) => {
    const rows = ['A', 'B', 'C'].map((device, i) => ({
      push: push(name, device, device),
      arrivalIndex: arrivals[i] ?? 0,
    }));
    await savePushes(store, rows, []);
    expect(await positionOf(name)).toBe(last);
  });

  it('a later batch wins over every row of an earlier one', async () => {
    const many = Array.from({ length: 200 }, (_, i) => ({
      push: push('batches', `device ${String(i).padStart(3, '0')}`, `early ${String(i)}`),
      arrivalIndex: i,
    }));
    for (let round = 0; round < 20; round++) {
      await savePushes(store, many, []);
      await savePushes(
        store,
        [{ push: push('batches', 'one', `late ${String(round)}`), arrivalIndex: 0 }],
        [],
      );
      expect(await positionOf('batches')).toBe(`late ${String(round)}`);
    }
  });

  it('rows that are saved without the rest of their batch do not take arrivals of later pushes', async () => {
    for (let round = 0; round < 20; round++) {
      const early = { push: push('part', 'A', `early ${String(round)}`), arrivalIndex: 100_000 };
      const earlier = { push: push('part', 'B', `earlier ${String(round)}`), arrivalIndex: 99_000 };
      await savePushes(store, [early, earlier], []);
      expect(await positionOf('part')).toBe(`early ${String(round)}`);
      await savePushes(store, [{ push: push('part', 'C', `late ${String(round)}`), arrivalIndex: 0 }], []);
      expect(await positionOf('part')).toBe(`late ${String(round)}`);
    }
  });

  it('the device key decides between equal arrivals', async () => {
    await savePushes(store, [{ push: push('tie', 'A', 'a'), arrivalIndex: 0 }], []);
    await savePushes(store, [{ push: push('tie', 'B', 'b'), arrivalIndex: 0 }], []);
    await store.db
      .updateTable('progress')
      .set({ arrival: 5 })
      .where('document', '=', Buffer.from('tie'))
      .execute();
    expect(await positionOf('tie')).toBe('b');
  });

  it('rows and devices are saved together or not at all', async () => {
    const broken = { ...push('atomic', 'B', 'b'), position: 'x'.repeat(5000) };
    const rows = [
      { push: push('atomic', 'A', 'a'), arrivalIndex: 0 },
      { push: broken, arrivalIndex: 1 },
    ];
    const device = { userId: userId(7), device: { name: 'Kobo', id: 'atomic' }, seenSeconds: 1 };
    if (store.dialect === 'mysql') {
      // SQLite does not enforce the width of a column, so it does not refuse this row.
      await expect(savePushes(store, rows, [])).rejects.toThrow();
      await expect(savePushes(store, rows, [device])).rejects.toThrow();
      expect(await positionOf('atomic')).toBeUndefined();
      expect(await store.db.selectFrom('device').selectAll().execute()).toEqual([]);
    }
    await savePushes(store, rows.slice(0, 1), [device]);
    expect(await positionOf('atomic')).toBe('a');
    expect(await store.db.selectFrom('device').select('device_key').execute()).toEqual([
      { device_key: Buffer.from('iatomic') },
    ]);
  });

  it('a push that is not wanted when the transaction begins is left out', async () => {
    const early = { push: push('left out', 'A', 'early'), arrivalIndex: 0, isWanted: () => false };
    await savePushes(store, [early, { push: push('left out', 'B', 'late'), arrivalIndex: 1 }], []);
    await savePushes(store, [{ ...early, push: push('never', 'A', 'early') }], []);
    expect(await positionOf('left out')).toBe('late');
    expect(await positionOf('never')).toBeUndefined();
    const rows = await store.db.selectFrom('progress').select('position').execute();
    expect(rows.map(({ position }) => position.toString())).not.toContain('early');
  });

  it('a push that is not wanted at the commit rolls everything back', async () => {
    let asked = 0;
    const expiring = { push: push('undone', 'A', 'a'), arrivalIndex: 0, isWanted: () => asked++ === 0 };
    const rows = [expiring, { push: push('undone', 'B', 'b'), arrivalIndex: 1 }];
    await expect(savePushes(store, rows, [])).rejects.toThrow('no longer wanted');
    expect(await positionOf('undone')).toBeUndefined();
  });

  it('many documents are read with one statement, and none is mistaken for another', async () => {
    const names = Array.from({ length: 150 }, (_, i) => `many ${String(i)}`);
    await savePushes(
      store,
      names.map((name, arrivalIndex) => ({ push: push(name, 'A', name), arrivalIndex })),
      [],
    );
    const keys = [...names, 'none'].map((name) => ({
      userId: userId(7),
      document: push(name, '', '').document,
    }));
    const records = await newestProgress(store, keys);
    expect([...records.values()].map((record) => record.position).toSorted()).toEqual(names.toSorted());
    const others = keys.map((key) => ({ ...key, userId: userId(8) }));
    expect((await newestProgress(store, others)).size).toBe(0);
  });
});
