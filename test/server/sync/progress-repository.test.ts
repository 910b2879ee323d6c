import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bulkUpsert } from '../../../server/database/bulk-write.js';
import { parseDocument } from '../../../server/domain/document.js';
import { userId } from '../../../server/domain/ids.js';
import { parseFraction, type ProgressPush } from '../../../server/sync/progress.js';
import { documentsOfUser, positionsPage } from '../../../server/sync/device-progress-repository.js';
import { progressKeyText } from '../../../server/sync/progress-key.js';
import {
  deleteOldTickets,
  deletePositionOfDevice,
  DocumentAppearedError,
  newestProgress,
  type PushTraces,
  savePushes,
} from '../../../server/sync/progress-repository.js';
import { openHookedStore } from '../../support/hooked-store.js';
import { testDatabases } from '../../support/databases.js';
import { rowsRead } from '../../support/stale-statistics.js';
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

  async function save(
    name: string,
    device: string,
    position: string,
    isLastDevice = false,
  ): Promise<PushTraces> {
    const row = { push: push(name, device, position), arrivalIndex: 0 };
    return savePushes(store, { pushes: [row], isLastDevice: () => isLastDevice });
  }

  /** The last positions of all devices in a document, the newest first. */
  async function positionsOf(name: string): Promise<readonly string[]> {
    const { document } = push(name, '', '');
    const page = await positionsPage(store, userId(7), [document], { after: undefined, limit: 100 });
    return page.map(({ deviceKey, position }) => `${deviceKey.toString().slice(1)}: ${position}`);
  }

  it.each([
    ['believed to be the last one', true],
    ['read from the database', false],
  ])('keeps the last position of every device, whose last one is %s', async (name, isLastDevice) => {
    for (const [device, position] of [
      ['A', 'a1'],
      ['A', 'a2'],
      ['B', 'b1'],
      ['C', 'c1'],
      ['A', 'a3'],
      ['A', 'a4'],
      ['B', 'b2'],
    ] as const) {
      await save(name, device, position, isLastDevice);
      expect(await positionOf(name)).toBe(position);
    }
    expect(await positionsOf(name)).toEqual(['B: b2', 'A: a4', 'C: c1']);
  });

  it('reads no row for pushes of devices that pushed last', async () => {
    await save('no read', 'A', 'a1');
    const statements: string[] = [];
    const watched = openHookedStore(store.url, {
      beforeStatement: (text) => void statements.push(text.slice(0, 40)),
    });
    const row = { push: push('no read', 'A', 'a2'), arrivalIndex: 0 };
    await savePushes(watched, { pushes: [row], isLastDevice: () => true });
    await watched.close();
    expect(statements.filter((text) => !text.startsWith('update arrival_counter'))).toEqual([
      expect.stringMatching(/^(?:insert into arrival_ticket|update document_progress)/),
      // In the same commit, so that the next pushes do not wait for another one.
      ...(kind.name === 'sqlite' ? [expect.stringMatching(/^insert into change_mark/)] : []),
    ]);
  });

  it.runIf(kind.name === 'mysql')('a pull reads as much with 100,000 devices as with one', async () => {
    await save('many devices', 'last', 'here');
    const key = { userId: userId(7), document: push('many devices', '', '').document };
    const read = (): Promise<number> =>
      rowsRead(store, async (session) => {
        expect((await newestProgress(session, [key])).size).toBe(1);
      });
    const rows: number[] = [await read()];
    for (const [from, to] of [
      [1, 10],
      [10, 1000],
      [1000, 100_000],
    ] as const) {
      const cells = Array.from({ length: to - from }, (_none, index) => [
        7,
        Buffer.from('many devices'),
        Buffer.from(`i${String(from + index)}`),
        Buffer.from('Kobo'),
        Buffer.from('there'),
        0.5,
        1,
        from + index,
      ]);
      await bulkUpsert(
        store,
        {
          table: 'device_progress',
          columns: [
            'user_id',
            'document',
            'device_key',
            'device_name',
            'position',
            'percentage',
            'pushed_ms',
            'arrival',
          ],
          key: ['user_id'],
          update: [],
        },
        cells.flat(),
      );
      rows.push(await read());
    }
    expect(new Set(rows)).toEqual(new Set([rows[0]]));
    expect(rows[0]).toBeLessThan(5);
  });

  it('says which documents are new and which another device had', async () => {
    const documentsOf = ({ created, displaced }: PushTraces): readonly unknown[] =>
      [created, displaced].map((pushes) => pushes.map(({ document }) => document));
    expect(documentsOf(await save('traces', 'A', '1'))).toEqual([['traces'], []]);
    expect(documentsOf(await save('traces', 'A', '2'))).toEqual([[], []]);
    expect(documentsOf(await save('traces', 'B', '3'))).toEqual([[], ['traces']]);
    expect(documentsOf(await save('traces', 'A', '4', true))).toEqual([[], ['traces']]);
  });

  it('the order of arrival decides within a batch, whatever the order of the keys', async () => {
    const names = ['order c', 'order a', 'order b'];
    const rows = names.map((name, arrivalIndex) => ({ push: push(name, 'A', name), arrivalIndex }));
    await savePushes(store, {
      pushes: rows.toSorted((left, right) => compare(left.push.document, right.push.document)),
    });
    const documents = names.map((name) => push(name, '', '').document);
    const page = await positionsPage(store, userId(7), documents, { after: undefined, limit: 10 });
    expect(page.map(({ position }) => position)).toEqual(names.toReversed());
  });

  it('rows that are saved without the rest of their batch do not take arrivals of later pushes', async () => {
    for (let round = 0; round < 20; round++) {
      const rows = ['part 1', 'part 2'].map((name, i) => ({
        push: push(name, 'A', `early ${String(round)}`),
        arrivalIndex: 100_000 + i,
      }));
      await savePushes(store, { pushes: rows });
      await save('part 3', 'A', 'late');
      const documents = ['part 1', 'part 2', 'part 3'].map((name) => push(name, '', '').document);
      const page = await positionsPage(store, userId(7), documents, { after: undefined, limit: 1 });
      expect(page.map(({ position }) => position)).toEqual(['late']);
    }
  });

  it.runIf(kind.name === 'mysql').each([true, false])(
    'a push arrives after the one before it although its document was counted ahead (known device: %s)',
    async (isLastDevice) => {
      const name = `ahead ${String(isLastDevice)}`;
      await save(name, 'A', 'before');
      // As another primary may have done.
      const ahead = 3_600_000_000;
      await sql`update document_progress set arrival = arrival + ${ahead} where document = ${name}`.execute(
        store.db,
      );
      await save(name, 'A', 'after', isLastDevice);
      await save(name, 'B', 'last', isLastDevice);
      expect(await positionsOf(name)).toEqual(['B: last', 'A: after']);
    },
  );

  it.runIf(kind.name === 'mysql')('old tickets of arrivals are deleted, and the order goes on', async () => {
    await sql`insert into arrival_ticket (id) select 1 union all select 2`.execute(store.db);
    const tickets = async (): Promise<readonly number[]> => {
      const { rows } = await sql<{ id: number }>`select id from arrival_ticket order by id`.execute(store.db);
      return rows.map(({ id }) => id);
    };
    await save('tickets', 'A', 'a');
    expect((await tickets()).slice(0, 2)).toEqual([1, 2]);
    await deleteOldTickets(store);
    expect((await tickets()).slice(0, 2)).not.toEqual([1, 2]);
    await save('tickets', 'B', 'b');
    expect(await positionsOf('tickets')).toEqual(['B: b', 'A: a']);
  });

  it.runIf(kind.name === 'mysql')('the first pushes of two servers at once lose no position', async () => {
    let isFirst = true;
    // The other server's push is committed between the read and the write of this one.
    const hooked = openHookedStore(store.url, {
      afterStatement: async (text) => {
        if (!isFirst || !text.includes('select user_id, document, device_key')) return;
        isFirst = false;
        await save('appeared', 'B', 'b');
      },
    });
    const rows = { pushes: [{ push: push('appeared', 'A', 'a'), arrivalIndex: 0 }] };
    await expect(savePushes(hooked, rows)).rejects.toBeInstanceOf(DocumentAppearedError);
    expect(await positionsOf('appeared')).toEqual(['B: b']);
    await savePushes(hooked, rows);
    await hooked.close();
    expect(await positionsOf('appeared')).toEqual(['A: a', 'B: b']);
  });

  it('metadata belongs to the document, and is written when it is new or not in the database', async () => {
    const saveWith = (metadataJson: string | undefined, isWritten: boolean): Promise<PushTraces> =>
      savePushes(store, {
        pushes: [{ push: { ...push('described', 'A', 'a'), metadataJson }, arrivalIndex: 0 }],
        isMetadataWritten: () => isWritten,
      });
    const metadata = async (): Promise<readonly (string | undefined)[]> => {
      const page = await documentsOfUser(store, userId(7), { after: undefined, limit: 1000 });
      return page
        .filter(({ record }) => record.document === 'described')
        .map(({ metadataJson }) => metadataJson);
    };
    // The document is new, so nothing of it can be in the database.
    await saveWith('{"title":"1"}', true);
    expect(await metadata()).toEqual(['{"title":"1"}']);
    await saveWith('{"title":"2"}', true);
    expect(await metadata()).toEqual(['{"title":"1"}']);
    await saveWith('{"title":"2"}', false);
    await saveWith(undefined, false);
    expect(await metadata()).toEqual(['{"title":"2"}']);
  });

  it.each([true, false])(
    'a document that was deleted is new again (believed to be known: %s)',
    async (isBelieved) => {
      const name = `again ${String(isBelieved)}`;
      const { document } = push(name, '', '');
      const saveAgain = (): Promise<PushTraces> =>
        savePushes(store, {
          pushes: [{ push: { ...push(name, 'A', 'a'), metadataJson: '{"title":"T"}' }, arrivalIndex: 0 }],
          isLastDevice: () => isBelieved,
          isMetadataWritten: () => isBelieved,
        });
      for (let round = 0; round < 2; round++) {
        expect((await saveAgain()).created.map((created) => created.document)).toEqual([document]);
        const page = await positionsPage(store, userId(7), [document], { after: undefined, limit: 10 });
        expect(page.map(({ position, metadataJson }) => [position, metadataJson])).toEqual([
          ['a', '{"title":"T"}'],
        ]);
        await deletePositionOfDevice(store, { userId: userId(7), document }, Buffer.from('iA'));
      }
    },
  );

  it('when the newest position is deleted, the one before takes its place', async () => {
    const key = { userId: userId(7), document: push('fallback', '', '').document };
    for (const [device, position] of [
      ['A', 'a1'],
      ['B', 'b1'],
      ['C', 'c1'],
      ['B', 'b2'],
    ] as const) {
      await save('fallback', device, position);
    }
    expect(await deletePositionOfDevice(store, key, Buffer.from('iB'))).toBe(true);
    expect(await positionOf('fallback')).toBe('c1');
    expect(await deletePositionOfDevice(store, key, Buffer.from('iB'))).toBe(false);
    expect(await deletePositionOfDevice(store, key, Buffer.from('iA'))).toBe(true);
    expect(await positionsOf('fallback')).toEqual(['C: c1']);
    await save('fallback', 'D', 'd1', true);
    expect(await positionsOf('fallback')).toEqual(['D: d1', 'C: c1']);
    for (const device of ['iC', 'iD']) await deletePositionOfDevice(store, key, Buffer.from(device));
    expect(await positionsOf('fallback')).toEqual([]);
    expect(await positionOf('fallback')).toBeUndefined();
  });

  it('rows and devices are saved together or not at all', async () => {
    const broken = { ...push('atomic 2', 'B', 'b'), position: 'x'.repeat(5000) };
    const pushes = [
      { push: push('atomic 1', 'A', 'a'), arrivalIndex: 0 },
      { push: broken, arrivalIndex: 1 },
    ];
    const devices = [{ userId: userId(7), device: { name: 'Kobo', id: 'atomic' }, seenSeconds: 1 }];
    if (store.dialect === 'mysql') {
      // SQLite does not enforce the width of a column, so it does not refuse this row.
      await expect(savePushes(store, { pushes })).rejects.toThrow();
      await expect(savePushes(store, { pushes, devices })).rejects.toThrow();
      expect(await positionOf('atomic 1')).toBeUndefined();
      expect(await store.db.selectFrom('device').selectAll().execute()).toEqual([]);
    }
    await savePushes(store, { pushes: pushes.slice(0, 1), devices });
    expect(await positionOf('atomic 1')).toBe('a');
    expect(await store.db.selectFrom('device').select('device_key').execute()).toEqual([
      { device_key: Buffer.from('iatomic') },
    ]);
  });

  it('a push that is not wanted when the transaction begins is left out', async () => {
    const early = { push: push('left out', 'A', 'early'), arrivalIndex: 0, isWanted: () => false };
    await savePushes(store, { pushes: [early, { push: push('saved', 'B', 'late'), arrivalIndex: 1 }] });
    expect(await positionOf('saved')).toBe('late');
    expect(await positionOf('left out')).toBeUndefined();
  });

  it('a push that is not wanted at the commit rolls everything back', async () => {
    let asked = 0;
    const expiring = { push: push('undone 1', 'A', 'a'), arrivalIndex: 0, isWanted: () => asked++ === 0 };
    const pushes = [expiring, { push: push('undone 2', 'B', 'b'), arrivalIndex: 1 }];
    await expect(savePushes(store, { pushes })).rejects.toThrow('no longer wanted');
    expect([await positionOf('undone 1'), await positionOf('undone 2')]).toEqual([undefined, undefined]);
  });

  it('is read as it was saved, with every character', async () => {
    const texts = ['', 'NUL\u0000end', 'ä€😀', '\'"\\%_', '\u0001\t\r\n\u007f'];
    for (const text of texts) {
      const saved = push(`characters ${text}`, text, `at ${text}`);
      const named = { ...saved, device: { ...saved.device, name: `Kobo ${text}` } };
      const again = { ...named, position: `again at ${text}` };
      for (const each of [named, again]) {
        await savePushes(store, { pushes: [{ push: each, arrivalIndex: 0 }], isLastDevice: () => true });
        const { document, position, device } = each;
        const record = (await newestProgress(store, [each])).get(progressKeyText(each));
        expect(record).toMatchObject({ document, position, device });
      }
    }
  });

  it('a batch that is believed to be of the last devices is saved whole where one is not, or is of another hour', async () => {
    const names = ['believed 1', 'believed 2', 'believed 3'];
    const batchOf = (device: string, position: string, pushedMs: number) =>
      names.map((name, index) => ({
        push: { ...push(name, index === 1 ? device : 'A', `${position}${String(index)}`), pushedMs },
        arrivalIndex: index,
      }));
    const hourMs = 3_600_000;
    for (const [device, position, pushedMs] of [
      ['A', 'first', 1],
      ['A', 'same hour', 2],
      ['A', 'next hour', hourMs],
      ['B', 'other device', 2 * hourMs],
    ] as const) {
      await savePushes(store, { pushes: batchOf(device, position, pushedMs), isLastDevice: () => true });
      expect(await Promise.all(names.map(positionOf))).toEqual(
        names.map((_name, index) => `${position}${String(index)}`),
      );
      const { rows } = await sql<{ pushed_hour: number }>`
        select distinct pushed_hour from document_progress
        where user_id = 7 and document in (${sql.join(names.map((name) => Buffer.from(name)))})`.execute(
        store.db,
      );
      expect(rows).toEqual([{ pushed_hour: Math.floor(pushedMs / hourMs) }]);
    }
    expect(await positionsOf('believed 2')).toEqual(['B: other device1', 'A: next hour1']);
  });

  it('many documents are read with one statement, and none is mistaken for another', async () => {
    const names = Array.from({ length: 150 }, (_, i) => `many ${String(i)}`);
    await savePushes(store, {
      pushes: names.map((name, arrivalIndex) => ({ push: push(name, 'A', name), arrivalIndex })),
    });
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

function compare(left: string, right: string): number {
  return left < right ? -1 : 1;
}
