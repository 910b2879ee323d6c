import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SyncStore } from '../../../server/sync/sync-store.js';
import { openStore } from '../../../server/database/store.js';
import { inTransaction } from '../../../server/database/transaction.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';
import { pushOf as push } from '../../support/progress-push.js';

async function sqliteStore(): Promise<TestStore> {
  const kind = testDatabases().find(({ name }) => name === 'sqlite');
  if (kind === undefined) throw new Error('there is an SQLite database for tests');
  const store = await openTestStore(kind);
  onTestFinished(() => store.close());
  return store;
}

describe('the sync store over SQLite', () => {
  it('returns the last push of a document although an earlier one was in a batch that was split', async () => {
    const store = await sqliteStore();
    await sql`create trigger refuse before insert on document_progress when new.device_name = cast('bad' as blob)
      begin select raise(abort, 'refused by the test'); end`.execute(store.db);
    const sync = new SyncStore(store);
    const names = Array.from({ length: 200 }, (_none, i) => `d${String(i).padStart(3, '0')}`);
    const pushes = [push('a', 'bad', 'x'), ...names.map((name) => push(name, 'Kobo', 'early'))];
    const outcomes = await Promise.allSettled(pushes.map((each) => sync.pushes.push(each)));
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    // The earlier push of this document had the highest arrival number of its batch.
    for (const name of names.toReversed()) await sync.pushes.push(push(name, 'Boox', 'late'));
    const records = await Promise.all(names.map((name) => sync.pulls.pull(push(name, 'Boox', ''))));
    expect(records.map((record) => record?.position)).toEqual(names.map(() => 'late'));
  });

  it('answers a pull while another connection writes', async () => {
    const store = await sqliteStore();
    const sync = new SyncStore(store);
    await sync.pushes.push(push('a', 'Kobo', 'here'));
    const other = await openStore(store.url);
    onTestFinished(() => other.close());
    let isWriting = true;
    let end = (): void => undefined;
    const held = new Promise<void>((resolve) => (end = resolve));
    let writing: Promise<unknown> = Promise.resolve();
    await new Promise<void>((begun) => {
      writing = inTransaction(other, () => {
        begun();
        return held;
      }).then(() => (isWriting = false));
    });
    const waiting = sync.pushes.push(push('b', 'Kobo', 'there'));
    await delay(100);
    const record = await sync.pulls.pull(push('a', 'Kobo', ''));
    expect([record?.position, isWriting]).toEqual(['here', true]);
    end();
    await Promise.all([writing, waiting]);
  });
});
