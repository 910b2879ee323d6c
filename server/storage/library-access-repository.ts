import type { LibraryId, UserId } from '../domain/ids.js';
import { inTransaction } from './transaction.js';
import type { Store } from './store.js';

/** Who may see which restricted library; a library that is not in it is everybody's. */
export type LibraryAccess = ReadonlyMap<LibraryId, ReadonlySet<UserId>>;

export async function readLibraryAccess(store: Store): Promise<LibraryAccess> {
  const rows = await store.db
    .selectFrom('restricted_library as l')
    .leftJoin('library_reader as r', 'r.library_id', 'l.library_id')
    .select(['l.library_id', 'r.user_id'])
    .execute();
  const access = new Map<LibraryId, Set<UserId>>();
  for (const { library_id: library, user_id: user } of rows) {
    const readers = access.get(library) ?? new Set();
    if (user !== null) readers.add(user);
    access.set(library, readers);
  }
  return access;
}

/** @param readers the only ones who may see the library from now on; `undefined`: everybody */
export async function setLibraryReaders(
  store: Store,
  library: LibraryId,
  readers: readonly UserId[] | undefined,
): Promise<void> {
  await inTransaction(store, async ({ db }) => {
    await db.deleteFrom('library_reader').where('library_id', '=', library).execute();
    await db.deleteFrom('restricted_library').where('library_id', '=', library).execute();
    if (readers === undefined) return;
    await db.insertInto('restricted_library').values({ library_id: library }).execute();
    if (readers.length === 0) return;
    const rows = [...new Set(readers)].map((user_id) => ({ library_id: library, user_id }));
    await db.insertInto('library_reader').values(rows).execute();
  });
}
