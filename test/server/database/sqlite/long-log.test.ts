import { statSync } from 'node:fs';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { withLongLog } from '../../../../server/database/long-log.js';
import { openStore, type Store } from '../../../../server/database/store.js';
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
