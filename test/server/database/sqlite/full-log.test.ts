import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { openStore, type Store } from '../../../../server/database/store.js';
import { MAY_MOUNT, mountSmallDisk } from '../../../support/small-disk.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const ROWS = 50;

test.runIf(MAY_MOUNT)('on a full disk commits go on that change what the file has room for', async () => {
  const { path } = await temporaryFolder();
  const disk = mountSmallDisk(path, 4096);
  onTestFinished(() => disk.remove());
  const url = `sqlite:${join(path, 'a.sqlite')}`;
  const made = await openStore(url);
  await sql`create table t (id integer primary key, a blob)`.execute(made.db);
  await sql`insert into t (a) with recursive n (i) as (values (1) union all select i + 1 from n where i < ${ROWS})
    select zeroblob(4000) from n`.execute(made.db);
  await made.close();

  const store = await openStore(url);
  onTestFinished(() => store.close());
  const change = ({ db }: Store): Promise<string> =>
    sql`update t set a = randomblob(4000)`.execute(db).then(
      () => 'written',
      (error: unknown) => String(Object(error).code),
    );
  expect(await change(store)).toBe('written');
  disk.fill();
  const results: string[] = [];
  for (let i = 0; i < 10; i++) results.push(await change(store));
  // The first one does not fit into the log, which is in the file then; the log has room for one at a time.
  expect(results).toEqual(Array.from({ length: 5 }, () => ['SQLITE_FULL', 'written']).flat());
});
