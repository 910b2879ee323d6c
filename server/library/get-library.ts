import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { LibraryId } from '../domain/ids.js';
import type { Library, LibrarySummary } from './library.js';
import { allLibraries, findLibraryByName, findVisibleLibrary } from './library-repository.js';
import { libraryVisibilityOf } from './library-visibility.js';

/**
 * Finds a library that the actor may see.
 *
 * @throws DogearError `library-not-found`, also for a library that the actor may not see
 */
export async function getLibrary(store: Store, actor: Actor, id: LibraryId): Promise<LibrarySummary> {
  const found = await findVisibleLibrary(store, libraryVisibilityOf(actor), id);
  if (found !== undefined) return found;
  throw new DogearError('library-not-found', `There is no library ${String(id)} that you may see.`);
}

/** For the operator, who may see all libraries. @throws DogearError `library-not-found` */
export async function getLibraryByName(store: Store, name: string): Promise<Library> {
  const library = await findLibraryByName(store, name);
  if (library !== undefined) return library;
  const names = (await allLibraries(store)).map((known) => `"${known.name}"`).join(', ');
  throw new DogearError(
    'library-not-found',
    `There is no library "${name}"${names === '' ? '; no library has been added yet.' : `; there is ${names}.`}`,
  );
}

/**
 * Finds libraries by name, for the operator, who may see all libraries.
 *
 * @param names empty: all libraries
 * @returns the libraries in the order of `names`; all libraries are ordered by name
 * @throws DogearError `library-not-found`
 */
export async function getLibrariesByName(
  store: Store,
  names: readonly string[],
): Promise<readonly Library[]> {
  if (names.length === 0) return allLibraries(store);
  const libraries: Library[] = [];
  for (const name of names) libraries.push(await getLibraryByName(store, name));
  return libraries;
}
