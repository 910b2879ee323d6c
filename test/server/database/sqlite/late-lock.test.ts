import { join } from 'node:path';
import LibsqlDatabase from 'libsql';
import { expect, it, onTestFinished, vi } from 'vitest';
import { faultMessage } from '../../../../server/database/database-fault.js';
import { openStore } from '../../../../server/database/store.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

it('a write lock that another program holds is told while transactions wait for it, and they go on after it', async () => {
  const { path } = await temporaryFolder();
  const file = join(path, 'locked.db');
  const failures: unknown[] = [];
  const store = await openStore(`sqlite:${file}`, { onFailure: (error) => failures.push(error) });
  onTestFinished(() => store.close());
  const other = new LibsqlDatabase(file);
  onTestFinished(() => void other.close());
  other.exec('begin immediate');
  let isDone = false;
  const waiting = store.db
    .transaction()
    .execute(() => Promise.resolve())
    .then(() => (isDone = true));
  await vi.waitFor(() => expect(failures).toHaveLength(1), 8_000);
  expect(isDone).toBe(false);
  expect(faultMessage(failures[0])).toMatch(/held the write lock.* Another transaction holds a lock/);
  other.exec('rollback');
  await waiting;
  await store.db.transaction().execute(() => Promise.resolve());
  expect(failures).toHaveLength(1);
});
