import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertUser } from '../../../server/accounts/user-repository.js';
import type { OpenStore } from '../../../server/database/store.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import { userId } from '../../../server/domain/ids.js';
import { addLibrary } from '../../../server/library/add-library.js';
import { changeLibrary } from '../../../server/library/change-library.js';
import { allLibraries } from '../../../server/library/library-repository.js';
import { readersPage } from '../../../server/library/library-reader-repository.js';
import { listLibraries } from '../../../server/library/list-libraries.js';
import { bookFolder } from '../../support/book-folder.js';
import { testDatabases } from '../../support/databases.js';
import { openHookedStore } from '../../support/hooked-store.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';

const ALL = { after: undefined, limit: 10 };
const READERS = { afterName: undefined, limit: 10 };

describe.each(testDatabases())('a library on $name', (kind) => {
  let store: TestStore;
  /** The same database, which refuses to write restrictions. */
  let refusing: OpenStore;
  let root: string;

  beforeEach(async () => {
    store = await openTestStore(kind);
    refusing = openHookedStore(store.url, {
      beforeStatement: (text) => {
        if (/(insert into|delete from) .?restricted_library/.test(text))
          throw new Error('refused by the test');
      },
    });
    root = (await bookFolder()).path;
  });

  afterEach(async () => {
    await refusing.close();
    await store.close();
  });

  it('is not added at all when its restriction cannot be written', async () => {
    const request = { name: 'secret', root, isRestricted: true };
    await expect(addLibrary(refusing, request)).rejects.toThrow('refused by the test');
    expect(await allLibraries(store)).toEqual([]);
    await addLibrary(store, request);
    const { items } = await listLibraries(store, OPERATOR, ALL);
    expect(items).toMatchObject([{ library: { name: 'secret' }, isRestricted: true }]);
  });

  it('changes completely or not at all', async () => {
    const { id } = await addLibrary(store, { name: 'before', root });
    const change = { name: 'after', koreaderHashes: false, isRestricted: true };
    await expect(changeLibrary(refusing, OPERATOR, id, change)).rejects.toThrow('refused by the test');
    const nobody = { ...change, addReader: userId(12345) };
    await expect(changeLibrary(store, OPERATOR, id, nobody)).rejects.toMatchObject({
      code: 'user-not-found',
    });
    expect(await listLibraries(store, OPERATOR, ALL)).toMatchObject({
      items: [{ library: { name: 'before', koreaderHashes: true }, isRestricted: false }],
    });
    const anna = await insertUser(store, {
      name: 'anna',
      passwordHash: undefined,
      isOwner: false,
      permissions: new Set(),
    });
    expect(await changeLibrary(store, OPERATOR, id, { ...change, addReader: anna?.id })).toMatchObject({
      library: { id, name: 'after', koreaderHashes: false },
      isRestricted: true,
    });
    expect(await readersPage(store, id, READERS)).toMatchObject([{ name: 'anna' }]);
    await changeLibrary(store, OPERATOR, id, { isRestricted: false, removeReader: anna?.id });
    expect(await readersPage(store, id, READERS)).toEqual([]);
  });
});
