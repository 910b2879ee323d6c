import type { Actor } from '../domain/actor.js';
import type { LibraryId } from '../domain/ids.js';
import { restrictLibrary as restrictRow } from './library-reader-repository.js';
import type { Store } from '../database/store.js';
import { findLibraryFor } from './get-library.js';

/**
 * Whether only its readers see the library from now on. To everybody else its books are unknown documents then.
 *
 * @throws DogearError `library-not-found`
 */
export async function restrictLibrary(
  store: Store,
  actor: Actor,
  id: LibraryId,
  isRestricted: boolean,
): Promise<void> {
  await findLibraryFor(store, actor, id);
  await restrictRow(store, id, isRestricted);
}
