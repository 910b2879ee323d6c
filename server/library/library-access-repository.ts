import type { LibraryId, UserId } from '../domain/ids.js';
import { inTransaction } from '../database/transaction.js';
import type { Store } from '../database/store.js';

/** Who may see which library, for every library that there is. */
export type LibraryAccess = ReadonlyMap<LibraryId, ReadonlySet<UserId> | 'everybody'>;

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
