import { statSync } from 'node:fs';
import { sql } from 'kysely';
import { expect, onTestFinished, test, vi } from 'vitest';
import { withLongLog } from '../../../../server/database/long-log.js';
import { openStore, type Store } from '../../../../server/database/store.js';
import { openHookedStore } from '../../../support/hooked-store.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

/** More than SQLite's own number. */
const PAGES = 1100;

test('a push beside a scan does not write the pages of the scan into the file', async () => {
  const file = `${(await temporaryFolder()).path}/a.sqlite`;
  const [scanning, pushing] = await Promise.all([openStore(`sqlite:${file}`), openStore(`sqlite:${file}`)]);
  const write = (store: Store, pages: number): Promise<unknown> =>
    sql`insert into t with recursive n (i) as (values (1) union all select i + 1 from n where i < ${pages})
      select zeroblob(4000) from n`.execute(store.db);
  try {
    await sql`create table t (a blob)`.execute(scanning.db);
    const beforeBytes = statSync(file).size;
    await withLongLog(pushing, 'beside-scan', () =>
      withLongLog(scanning, 'scan', async () => {
        await write(scanning, PAGES);
        await write(pushing, 1);
      }),
    );
    expect(statSync(file).size).toBe(beforeBytes);
    await write(pushing, 1);
    expect(statSync(file).size).toBeGreaterThan(PAGES * 4000);
  } finally {
    await scanning.close();
    await pushing.close();
  }
});

test('a server that nobody pushes to during a scan keeps the thread that knows of the longer log', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  let said = 0;
  const store = openHookedStore(`sqlite:${(await temporaryFolder()).path}/a.sqlite`, {
    beforeStatement: (text) => void (text.includes('wal_autocheckpoint') && said++),
  });
  onTestFinished(() => store.close());
  await withLongLog(store, 'beside-scan', async () => {
    expect(said).toBe(1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(said).toBe(2);
  });
  // The last time it is the usual number.
  await vi.advanceTimersByTimeAsync(60_000);
  expect(said).toBe(3);
});
