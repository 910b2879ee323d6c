import { utimesSync } from 'node:fs';
import { sql } from 'kysely';
import { expect, it, onTestFinished } from 'vitest';
import { LookAfterCommits } from '../../../../server/database/look-after-commits.js';
import { fileStamp } from '../../../../server/database/sqlite/file-stamp.js';
import { openStore } from '../../../../server/database/store.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

/** As if what was written had been written an hour ago. */
function age(...files: readonly string[]): void {
  const seconds = Date.now() / 1000 - 3600;
  for (const file of files) utimesSync(file, seconds, seconds);
}

it('the stamp of an SQLite file differs after a commit, and not after it was opened, read and closed', async () => {
  const file = `${(await temporaryFolder()).path}/a.sqlite`;
  const store = await openStore(`sqlite:${file}`);
  await sql`create table t (n integer)`.execute(store.db);
  // Too young to tell.
  expect(store.stamp()).toBeUndefined();
  await store.close();
  age(file);
  const before = fileStamp(file);
  expect(before).toBeDefined();

  const again = await openStore(`sqlite:${file}`);
  await sql`select * from t`.execute(again.db);
  expect(again.stamp()).toBe(before);
  await again.close();
  expect(fileStamp(file)).toBe(before);

  const writing = await openStore(`sqlite:${file}`);
  onTestFinished(() => writing.close());
  await sql`insert into t values (1)`.execute(writing.db);
  expect(writing.stamp()).toBeUndefined();
  age(`${file}-wal`);
  const written = writing.stamp();
  expect(written).toBeDefined();
  expect(written).not.toBe(before);
});

it('a look is repeated until nothing is to be done, and then after the next commit, or where nothing tells', async () => {
  let stamp: string | undefined = 'one';
  let looks = 0;
  let isSettled = false;
  const repeated = new LookAfterCommits({ stamp: () => stamp });
  const look = async (): Promise<number> => {
    await repeated.look(() => {
      looks++;
      return Promise.resolve(isSettled);
    });
    return looks;
  };
  expect([await look(), await look()]).toEqual([1, 2]);
  isSettled = true;
  expect([await look(), await look(), await look()]).toEqual([3, 3, 3]);
  stamp = 'two';
  expect([await look(), await look()]).toEqual([4, 4]);
  stamp = undefined;
  expect([await look(), await look()]).toEqual([5, 6]);
  stamp = 'two';
  expect([await look(), await look()]).toEqual([7, 7]);
});

it('a look that fails, or during which something is committed, is repeated', async () => {
  const stamps = ['one', 'one', 'two', 'two'];
  const repeated = new LookAfterCommits({ stamp: () => stamps.shift() });
  await expect(repeated.look(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
  let looks = 0;
  for (let each = 0; each < 3; each++)
    await repeated.look(() => {
      looks++;
      return Promise.resolve(true);
    });
  // The commit was behind the stamp of the first of these looks.
  expect(looks).toBe(2);
});
