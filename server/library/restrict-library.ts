import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import type { LibraryId } from '../domain/ids.js';
import { getLibrary } from './get-library.js';
import { setRestricted } from './library-reader-repository.js';

/**
 * Sets whether only its readers may see the library. For every other user its books become unknown documents.
 *
 * @throws DogearError `library-not-found`
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
