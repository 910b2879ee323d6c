import type { LibraryId, UserId } from '../domain/ids.js';
import type { User } from '../accounts/user.js';
import { bulkUpsert } from '../database/bulk-write.js';
import type { Store } from '../database/store.js';
import { toUser } from '../accounts/user-repository.js';

/** Who may see the library while it is restricted, by name. */
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

/** May be done again. */
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
}

/** May be done again. */
export async function removeReader(store: Store, library: LibraryId, user: UserId): Promise<void> {
  await store.db
    .deleteFrom('library_reader')
    .where('library_id', '=', library)
    .where('user_id', '=', user)
    .execute();
}

/** Whether only its readers see the library from now on; who they are is left as it is. */
export async function restrictLibrary(
  store: Store,
  library: LibraryId,
  isRestricted: boolean,
): Promise<void> {
  if (isRestricted) {
    await bulkUpsert(
      store,
      { table: 'restricted_library', columns: ['library_id'], key: ['library_id'], update: [] },
      [library],
    );
  } else {
    await store.db.deleteFrom('restricted_library').where('library_id', '=', library).execute();
  }
}
