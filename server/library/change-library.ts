import type { Store } from '../database/store.js';
import { DogearError } from '../domain/dogear-error.js';
import type { Library } from './library.js';
import { findLibraryById, updateLibrary } from './library-repository.js';
import { checkedExtensions, checkedName, rootFolder } from './library-settings.js';

/** What is `undefined` stays as it is. */
export interface LibraryChangeRequest {
  readonly name?: string | undefined;
  readonly root?: string | undefined;
  /** `['default']`: every extension that KOReader opens. */
  readonly extensions?: readonly string[] | undefined;
  readonly koreaderHashes?: boolean | undefined;
}

/**
 * Changes a library's settings. The next scan acts on them; no book changes before it.
 *
 * @returns the library as it is stored afterwards
 * @throws DogearError `library-not-found`, `library-exists`, `library-invalid`, `root-missing`, `root-not-a-folder`
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
