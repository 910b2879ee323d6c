import type { Store } from '../database/store.js';
import { DogearError } from '../domain/dogear-error.js';
import type { Library } from './library.js';
import { findLibraryById, updateLibrary } from './library-repository.js';
import { checkedExtensions, checkedName, rootFolder } from './library-settings.js';

/** The new settings of a library. Settings that are `undefined` stay as they are. */
export interface LibraryChangeRequest {
  readonly name?: string | undefined;
  /** As in `LibraryRequest`. */
  readonly root?: string | undefined;
  /** As in `LibraryRequest`; `['default']`: every extension that KOReader opens. */
  readonly extensions?: readonly string[] | undefined;
  readonly koreaderHashes?: boolean | undefined;
}

/**
 * Changes a library's settings. They take effect at the next scan; no book changes before it. Permissions are not
 * checked here.
 *
 * @returns the library after the change
 * @throws DogearError `library-not-found` when the library was removed meanwhile; `library-exists` when the new name is
 *   taken; `library-invalid` for a bad name or extension; `root-missing`, `root-not-a-folder`
 */
export async function changeLibrary(
  store: Store,
  library: Library,
  request: LibraryChangeRequest,
): Promise<Library> {
  const newName = request.name === undefined ? library.name : checkedName(request.name);
  const extensions = request.extensions?.join() === 'default' ? undefined : request.extensions;
  const isChanged = await updateLibrary(store, library.id, {
    ...(newName === library.name ? {} : { name: newName }),
    ...(request.root === undefined ? {} : { root: await rootFolder(request.root) }),
    ...(request.extensions === undefined ? {} : { extensions: extensions && checkedExtensions(extensions) }),
    ...(request.koreaderHashes === undefined ? {} : { koreaderHashes: request.koreaderHashes }),
  });
  if (!isChanged) throw new DogearError('library-exists', `There is a library "${newName}" already.`);
  const changed = await findLibraryById(store, library.id);
  if (changed !== undefined) return changed;
  throw new DogearError('library-not-found', `The library "${newName}" has been removed.`);
}
