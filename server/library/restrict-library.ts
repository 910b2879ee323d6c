import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import type { LibraryId } from '../domain/ids.js';
import { getLibrary } from './get-library.js';
import { setRestricted } from './library-reader-repository.js';

/**
 * Sets whether a library is visible only to its readers. For all other users its books are unknown documents then. The
 * list of readers does not change. For actors with `library:manage`: the caller checks it.
 *
 * @throws DogearError `library-not-found`, also for a library that the actor may not see
 */
export async function restrictLibrary(
  store: Store,
  actor: Actor,
  id: LibraryId,
  isRestricted: boolean,
): Promise<void> {
  await getLibrary(store, actor, id);
  await setRestricted(store, id, isRestricted);
}
