import { createHash } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { userId } from '../../../server/domain/ids.js';
import { parseDocument, type Document } from '../../../server/domain/document.js';
import { SyncError } from '../../../server/domain/sync-error.js';
import { SyncStore } from '../../../server/sync/sync-store.js';
import { testDatabases } from '../../support/databases.js';
import { openHookedStore } from '../../support/hooked-store.js';
import { openTestStore } from '../../support/open-test-store.js';

describe.each(testDatabases())('documents that are not cached, on $name,', (kind) => {
  it('are looked up for one user while another has many look-ups waiting', async () => {
    const store = await openTestStore(kind);
    onTestFinished(() => store.close());
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const hooked = openHookedStore(store.url, {
      beforeStatement: (text) => (text.includes('partial_md5') ? held : undefined),
    });
    onTestFinished(() => hooked.close());
    const sync = new SyncStore(hooked);
    const outcomes = Array.from({ length: 9000 }, (_none, i) => outcomeOf(sync, 1, digestOf(i)));
    const other = outcomeOf(sync, 2, digestOf(10_000));
    goOn();
    const counts = new Map<string, number>();
    for (const outcome of await Promise.all(outcomes)) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    expect(await other).toBe('unknown');
    // An eighth of the queue.
    expect(Object.fromEntries(counts)).toEqual({ unknown: 1024, overloaded: 9000 - 1024 });
    expect(await outcomeOf(sync, 1, digestOf(1))).toBe('unknown');
  });
});

async function outcomeOf(sync: SyncStore, user: number, document: Document): Promise<string> {
  try {
    return (await sync.isKnown(userId(user), document)) ? 'known' : 'unknown';
  } catch (error) {
    return error instanceof SyncError ? error.code : String(error);
  }
}

function digestOf(index: number): Document {
  const document = parseDocument(createHash('md5').update(String(index)).digest('hex'));
  if (document === undefined) throw new Error('the test is wrong');
  return document;
}
