import { toUser } from '../accounts/user-repository.js';
import type { User } from '../accounts/user.js';
import { bulkUpsert } from '../database/bulk-write.js';
import type { Store } from '../database/store.js';
import type { LibraryId, UserId } from '../domain/ids.js';
import { touchLibrary } from './library-repository.js';
import type { LibraryAccess } from './library-visibility.js';

// SQL of two tables. A library with a row in `restricted_library` is visible only to its readers, which are the users in
// `library_reader`.

/** Reads who may see which library, for all libraries, in one statement. */
export async function readLibraryAccess(store: Store): Promise<LibraryAccess> {
  const rows = await store.db
    .selectFrom('library as l')
    .leftJoin('restricted_library as x', 'x.library_id', 'l.id')
    .leftJoin('library_reader as r', 'r.library_id', 'x.library_id')
    .select(['l.id as library', 'x.library_id as restricted', 'r.user_id as user'])
    .execute();
  const access = new Map<LibraryId, Set<UserId> | 'everybody'>();
  for (const { library, restricted, user } of rows) {
    if (restricted === null) {
      access.set(library, 'everybody');
      continue;
    }
    const known = access.get(library);
    const readers = known instanceof Set ? known : new Set<UserId>();
    if (user !== null) readers.add(user);
    access.set(library, readers);
  }
  return access;
}

/** A page of the users who may see the library while it is restricted, ordered by name. */
export async function readersPage(
  store: Store,
  library: LibraryId,
  page: { readonly afterName: string | undefined; readonly limit: number },
): Promise<readonly User[]> {
  let query = store.db
    .selectFrom('library_reader')
    .innerJoin('user', 'user.id', 'library_reader.user_id')
    .selectAll('user')
    .where('library_reader.library_id', '=', library);
  if (page.afterName !== undefined) query = query.where('user.name', '>', page.afterName);
  const rows = await query.orderBy('user.name').limit(page.limit).execute();
  return rows.map(toUser);
}

/** Does nothing if the user is a reader already. */
export async function addReader(store: Store, library: LibraryId, user: UserId): Promise<void> {
  await bulkUpsert(
    store,
    {
      table: 'library_reader',
      columns: ['library_id', 'user_id'],
      key: ['library_id', 'user_id'],
      update: [],
    },
    [library, user],
  );
  await touchLibrary(store, library);
}

/** Does nothing if the user is not a reader. */
export async function removeReader(store: Store, library: LibraryId, user: UserId): Promise<void> {
  await store.db
    .deleteFrom('library_reader')
    .where('library_id', '=', library)
    .where('user_id', '=', user)
    .execute();
  await touchLibrary(store, library);
}

/** Sets whether only its readers may see the library. The list of readers does not change. */
export async function setRestricted(store: Store, library: LibraryId, isRestricted: boolean): Promise<void> {
  if (isRestricted) {
    await bulkUpsert(
      store,
      { table: 'restricted_library', columns: ['library_id'], key: ['library_id'], update: [] },
      [library],
    );
  } else {
    await store.db.deleteFrom('restricted_library').where('library_id', '=', library).execute();
  }
  await touchLibrary(store, library);
}

/** Deletes the restriction and all readers of the library. If the library still exists, every user may see it then. */
export async function deleteAccessToLibrary({ db }: Store, library: LibraryId): Promise<void> {
  await db.deleteFrom('library_reader').where('library_id', '=', library).execute();
  await db.deleteFrom('restricted_library').where('library_id', '=', library).execute();
}

/** Deletes the user from the readers of every library. */
export async function deleteReaderEverywhere({ db }: Store, user: UserId): Promise<void> {
  await db.deleteFrom('library_reader').where('user_id', '=', user).execute();
}
