import { describe, expect, it, onTestFinished } from 'vitest';
import { getProgress } from '../../../server/sync/get-progress.js';
import { SyncStore } from '../../../server/sync/sync-store.js';
import { testDatabases } from '../../support/databases.js';
import { openHookedStore } from '../../support/hooked-store.js';
import { openTestStore } from '../../support/open-test-store.js';
import { pushOf } from '../../support/progress-push.js';

describe.each(testDatabases())('a pull on $name', (kind) => {
  it('reads all documents of a book with one statement, also when the catalogue has to be read first', async () => {
    const store = await openTestStore(kind);
    onTestFinished(() => store.close());
    const digest = 'd41d8cd98f00b204e9800998ecf8427e';
    await new SyncStore(store).pushes.push(pushOf(digest, 'Kobo', 'here'));
    const statements: string[] = [];
    const hooked = openHookedStore(store.url, {
      beforeStatement: (text) => void statements.push(/document_progress|book/.exec(text)?.[0] ?? ''),
    });
    onTestFinished(() => hooked.close());
    const { userId, document } = pushOf(digest, '', '');
    const principal = { userId } as Parameters<typeof getProgress>[1];
    const record = await getProgress(new SyncStore(hooked), principal, document, performance.now());
    expect(record?.position).toBe('here');
    const read = statements.filter((table) => table !== '');
    expect(read.length).toBeGreaterThan(1);
    expect(read.indexOf('document_progress')).toBe(read.length - 1);
  });
});
