import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertUser } from '../../../server/accounts/user-repository.js';
import { removeUser } from '../../../server/removal/remove-user.js';
import { savePushes } from '../../../server/sync/progress-repository.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';
import { pushOf } from '../../support/progress-push.js';
import { storedPositions } from '../../support/stored-positions.js';

describe.each(testDatabases())('removing a user from $name', (kind) => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore(kind);
  });
  afterEach(() => store.close());

  it('leaves nothing of pushes that were committed while the user was removed', async () => {
    const user = await insertUser(store, {
      name: 'anna',
      passwordHash: undefined,
      isOwner: false,
      permissions: new Set(),
    });
    if (user === undefined) throw new Error('the test is wrong');
    const save = async (round: number): Promise<void> => {
      const pushes = Array.from({ length: 20 }, (_, index) => ({
        push: {
          ...pushOf(`${String(round)} ${String(index).padStart(2, '0')}`, 'Kobo', 'x'),
          userId: user.id,
        },
        arrivalIndex: index,
      }));
      const device = { userId: user.id, device: { name: 'Kobo', id: 'Kobo' }, seenSeconds: 1 };
      // A deadlock with the removal undoes the push, as the push queue would see it.
      await savePushes(store, { pushes, devices: [device] }).catch(() => undefined);
    };
    for (let round = 0; round < 30; round++) await save(round);
    const removal = removeUser(store, user.id);
    // These are committed while the user exists, but for the last ones, which may come after everything.
    let round = 100;
    for (; await exists(); round++) await save(round);
    await removal;
    const left = await storedPositions(store);
    const last = `${String(round - 1)} `;
    expect(left.filter(({ document }) => !document.startsWith(last))).toEqual([]);
    expect(await store.db.selectFrom('user').selectAll().execute()).toEqual([]);
    if (left.length === 0) expect(await store.db.selectFrom('device').selectAll().execute()).toEqual([]);

    async function exists(): Promise<boolean> {
      return (await store.db.selectFrom('user').select('id').execute()).length > 0;
    }
  });
});
