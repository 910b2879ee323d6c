import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDocument } from '../../../server/domain/document.js';
import { userId } from '../../../server/domain/ids.js';
import { documentsOfAllUsers, documentsOfUser } from '../../../server/sync/device-progress-repository.js';
import { deletePositionOfDevice, savePushes } from '../../../server/sync/progress-repository.js';
import type { DocumentCursor, DocumentSummary } from '../../../server/sync/progress.js';
import type { PageRequest } from '../../../server/domain/page.js';
import { deviceKey } from '../../../server/device/device.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';
import { pushOf } from '../../support/progress-push.js';

const HOUR_MS = 3_600_000;

describe.each(testDatabases())('lists of the newest documents on $name', (kind) => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  async function push(user: number, name: string, hours: number, device = 'Kobo'): Promise<void> {
    const pushed = pushOf(name, device, 'here');
    await savePushes(store, {
      pushes: [{ push: { ...pushed, userId: userId(user), pushedMs: hours * HOUR_MS }, arrivalIndex: 0 }],
    });
  }

  async function allPages(
    read: (page: PageRequest<DocumentCursor>) => Promise<readonly DocumentSummary[]>,
    limit: number,
  ): Promise<readonly string[]> {
    const lines: string[] = [];
    let after: DocumentCursor | undefined;
    for (let pages = 0; pages < 100; pages += 1) {
      const page = await read({ after, limit });
      lines.push(...page.map((each) => `${String(each.userId)} ${each.record.document}`));
      const last = page.at(-1);
      if (last === undefined) break;
      const { pushedHour, record } = last;
      const { arrival, document } = record;
      after = { pushedHour, arrival, userId: last.userId, document };
    }
    return lines;
  }

  it('have each document once, the last pushed first, on pages of any size', async () => {
    await push(2, 'first', 5.2);
    await push(1, 'second', 5.3);
    await push(2, 'third', 5.1);
    await push(1, 'fourth', 7.5);
    await push(3, 'fifth', 9);
    await push(1, 'sixth', 9.9);
    await push(2, 'first', 9.9);
    // Written before the hours were.
    await push(3, 'old one', 4);
    await push(1, 'old two', 4);
    const old = ['old one', 'old two'].map((name) => Buffer.from(name));
    await store.db
      .updateTable('document_progress')
      .set({ pushed_hour: 0 })
      .where('document', 'in', old)
      .execute();
    for (const limit of [1, 2, 3, 5, 100]) {
      expect(await allPages((page) => documentsOfAllUsers(store, page), limit)).toEqual([
        '2 first',
        '1 sixth',
        '3 fifth',
        '1 fourth',
        '2 third',
        '1 second',
        '1 old two',
        '3 old one',
      ]);
      // One's own are in the order of arrival, whatever the clock said.
      expect(await allPages((page) => documentsOfUser(store, userId(1), page), limit)).toEqual([
        '1 old two',
        '1 sixth',
        '1 fourth',
        '1 second',
      ]);
    }
  });

  it('show a document at the hour of the position that is left when the newest one is deleted', async () => {
    await push(4, 'read on two', 20, 'Kobo');
    await push(4, 'read on one', 21, 'Kobo');
    await push(4, 'read on two', 22, 'Boox');
    const key = { userId: userId(4), document: documentOf('read on two') };
    const boox = Buffer.from(deviceKey({ name: 'Boox', id: 'Boox' }));
    expect(await deletePositionOfDevice(store, key, boox)).toBe(true);
    const [newest, next] = await documentsOfAllUsers(store, { after: undefined, limit: 2 });
    expect([newest?.record.document, next?.record.document]).toEqual(['read on one', 'read on two']);
    expect(next?.pushedHour).toBe(20);
  });
});

function documentOf(name: string) {
  const document = parseDocument(name);
  if (document === undefined) throw new Error(`${name} is no document`);
  return document;
}
