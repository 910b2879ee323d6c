import { sql } from 'kysely';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { SchemaWatch } from '../../../server/database/schema-watch.js';
import { testDatabases } from '../../support/databases.js';
import { openHookedStore } from '../../support/hooked-store.js';
import { openTestStore } from '../../support/open-test-store.js';

describe.each(testDatabases())('a server on $name', (kind) => {
  it('refuses requests while a newer version has migrated the database', async () => {
    const store = await openTestStore(kind);
    onTestFinished(() => store.close());
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const found: unknown[] = [];
    let looks = 0;
    const watched = openHookedStore(store.url, {
      afterStatement: (text) => void (text.includes('schema_migration') && looks++),
    });
    onTestFinished(() => watched.close());
    const watch = new SchemaWatch(watched, {
      onNewer: (unknown) => found.push(unknown),
      onError: (error) => found.push(error),
    });
    onTestFinished(() => watch.close());
    await vi.waitUntil(() => looks === 1, { timeout: 10_000 });
    expect(watch.refusal()).toBeUndefined();
    await sql`insert into schema_migration (name, timestamp) values ('9999-later', '')`.execute(store.db);
    // Looks are three seconds apart. After five seconds, a second look could begin here while the first one is awaited.
    await vi.advanceTimersByTimeAsync(3000);
    await vi.waitUntil(() => watch.refusal() !== undefined, { timeout: 10_000 });
    expect(watch.refusal()).toMatchObject({ code: 'unavailable' });
    expect(found).toEqual([['9999-later']]);
    await sql`delete from schema_migration where name = '9999-later'`.execute(store.db);
    await vi.advanceTimersByTimeAsync(3000);
    await vi.waitUntil(() => watch.refusal() === undefined, { timeout: 10_000 });
    expect(looks).toBe(3);
  });
});
