import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertUser } from '../../../server/accounts/user-repository.js';
import { type Actor, OPERATOR } from '../../../server/domain/actor.js';
import type { LibraryId, UserId } from '../../../server/domain/ids.js';
import type { Permission } from '../../../server/domain/permission.js';
import {
  addReader,
  deleteAccessToLibrary,
  readLibraryAccess,
  setRestricted,
} from '../../../server/library/library-reader-repository.js';
import {
  deleteLibraryRow,
  findVisibleLibrary,
  insertLibrary,
  librariesPage,
  visibleLibraries,
} from '../../../server/library/library-repository.js';
import { isVisibleIn, libraryVisibilityOf } from '../../../server/library/library-visibility.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';

type UserName = 'anna' | 'berta';
type CallerName = UserName | 'manager' | 'operator';

interface Case {
  readonly library: string;
  readonly isRestricted: boolean;
  readonly readers: readonly UserName[];
  /** `rows-left`: a reader was added while the library was removed, so that rows without a library remain. */
  readonly removed?: 'completely' | 'rows-left';
  readonly visibleTo: readonly CallerName[];
}

const EVERYBODY = ['anna', 'berta', 'manager', 'operator'] as const;

/** The rule of library-visibility.ts. Both of its forms must give the answers of this table. */
const CASES: readonly Case[] = [
  { library: 'unrestricted', isRestricted: false, readers: [], visibleTo: EVERYBODY },
  { library: 'unrestricted, with a reader', isRestricted: false, readers: ['anna'], visibleTo: EVERYBODY },
  {
    library: 'restricted, with one reader',
    isRestricted: true,
    readers: ['anna'],
    visibleTo: ['anna', 'manager', 'operator'],
  },
  {
    library: 'restricted, with two readers',
    isRestricted: true,
    readers: ['anna', 'berta'],
    visibleTo: EVERYBODY,
  },
  {
    library: 'restricted, without readers',
    isRestricted: true,
    readers: [],
    visibleTo: ['manager', 'operator'],
  },
  { library: 'removed', isRestricted: false, readers: [], removed: 'completely', visibleTo: [] },
  {
    library: 'removed, restricted before',
    isRestricted: true,
    readers: ['anna'],
    removed: 'completely',
    visibleTo: [],
  },
  {
    library: 'removed, with its rows of readers left',
    isRestricted: true,
    readers: ['anna'],
    removed: 'rows-left',
    visibleTo: [],
  },
];

describe.each(testDatabases())('who may see a library on $name', (kind) => {
  let store: TestStore;
  let actors: Readonly<Record<CallerName, Actor>>;
  const ids = new Map<string, LibraryId>();

  beforeAll(async () => {
    store = await openTestStore(kind);
    const users = { anna: await addUser('anna'), berta: await addUser('berta') };
    actors = {
      anna: actorOf(users.anna, ['feature:koreader_sync', 'library:scan']),
      berta: actorOf(users.berta, []),
      manager: actorOf(await addUser('manager'), ['library:manage']),
      operator: OPERATOR,
    };
    for (const { library: name, isRestricted, readers, removed } of CASES) {
      const library = await insertLibrary(store, {
        name,
        root: Buffer.from(`/books/${name}`),
        extensions: undefined,
        koreaderHashes: true,
      });
      if (library === undefined) throw new Error(`the name ${name} is taken`);
      const { id } = library;
      ids.set(name, id);
      await setRestricted(store, id, isRestricted);
      for (const reader of readers) await addReader(store, id, users[reader]);
      if (removed !== undefined) await deleteLibraryRow(store, id);
      if (removed === 'completely') await deleteAccessToLibrary(store, id);
    }
  });

  afterAll(() => store.close());

  async function addUser(name: string): Promise<UserId> {
    const user = await insertUser(store, {
      name,
      passwordHash: undefined,
      isOwner: false,
      permissions: new Set(),
    });
    if (user === undefined) throw new Error(`the name ${name} is taken`);
    return user.id;
  }

  describe.each(EVERYBODY)('%s', (caller) => {
    const visible = CASES.filter(({ visibleTo }) => visibleTo.includes(caller)).map(({ library }) => library);

    it.each(CASES)('and the library $library', async ({ library, isRestricted, visibleTo }) => {
      const id = ids.get(library);
      if (id === undefined) throw new Error('the library was not added');
      const visibility = libraryVisibilityOf(actors[caller]);
      const isVisible = visibleTo.includes(caller);
      expect(isVisibleIn(await readLibraryAccess(store), visibility)(id)).toBe(isVisible);
      const found = await findVisibleLibrary(store, visibility, id);
      expect(found?.library.name).toBe(isVisible ? library : undefined);
      expect(found?.isRestricted).toBe(isVisible ? isRestricted : undefined);
    });

    it('and the lists of libraries', async () => {
      const visibility = libraryVisibilityOf(actors[caller]);
      const inMemory = isVisibleIn(await readLibraryAccess(store), visibility);
      expect([...ids].filter(([, id]) => inMemory(id)).map(([name]) => name)).toEqual(visible);
      const listed = await visibleLibraries(store, visibility);
      expect(listed.map(({ name }) => name)).toEqual(visible);
      const [first, ...others] = visible.toSorted();
      const page = await librariesPage(store, visibility, { afterName: first, limit: CASES.length });
      expect(page.map(({ library }) => library.name)).toEqual(others);
      const start = await librariesPage(store, visibility, { afterName: undefined, limit: 1 });
      expect(start.map(({ library }) => library.name)).toEqual([first]);
    });
  });
});

function actorOf(userId: UserId, permissions: readonly Permission[]): Actor {
  return { userId, isOwner: false, permissions: new Set(permissions) };
}
