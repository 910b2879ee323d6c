import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addLibrary } from '../../../server/library/add-library.js';
import { testDatabases } from '../../support/databases.js';
import { connectionLost, openHookedStore } from '../../support/hooked-store.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.js';

describe.each(testDatabases())('adding a library on $name', (kind) => {
  let store: TestStore;
  let folder: TemporaryFolder;

  beforeEach(async () => {
    store = await openTestStore(kind);
    folder = await temporaryFolder();
  });

  afterEach(async () => {
    await store.close();
    await folder.remove();
  });

  it('succeeds when the answer to the commit was lost, and refuses the name to everybody else', async () => {
    let commits = 0;
    const unlucky = openHookedStore(store.url, {
      afterCommit: () => {
        if (commits++ === 0) throw connectionLost();
      },
    });
    const request = { name: 'books', root: folder.path, isRestricted: true };
    const library = await addLibrary(unlucky, request);
    expect(commits).toBe(2);
    await unlucky.close();
    const rows = await store.db.selectFrom('library').select(['id', 'name']).execute();
    expect(rows).toEqual([{ id: library.id, name: 'books' }]);
    expect(await store.db.selectFrom('restricted_library').selectAll().execute()).toHaveLength(1);
    await expect(addLibrary(store, request)).rejects.toMatchObject({ code: 'library-exists' });
  });
});
