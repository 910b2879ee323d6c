import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { LibraryId, UserId } from '../domain/ids.js';
import { getLibrary } from './get-library.js';
import type { FileRules, LibrarySummary } from './library.js';
import { setRestricted } from './library-reader-repository.js';
import { writeReader } from './library-readers.js';
import { updateLibrary } from './library-repository.js';
import { checkedExtensions, checkedFileRules, checkedName, rootFolder } from './library-settings.js';

/** The new settings of a library. Settings that are `undefined` stay as they are. */
export interface LibraryChangeRequest {
  readonly name?: string | undefined;
  /** As in `LibraryRequest`. */
  readonly root?: Buffer | string | undefined;
  /** As in `LibraryRequest`; `['default']`: every extension that KOReader opens. */
  readonly extensions?: readonly string[] | undefined;
  readonly koreaderHashes?: boolean | undefined;
  /** Books that a new rule leaves out are missing after the next scan. */
  readonly fileRules?: Partial<FileRules> | undefined;
  /** Whether only its readers may see it. For all other users its books are unknown documents then. */
  readonly isRestricted?: boolean | undefined;
  readonly addReader?: UserId | undefined;
  readonly removeReader?: UserId | undefined;
}

/**
 * Changes a library, all of it or nothing. New settings take effect at the next scan, and no book changes before it; a
 * restriction and readers take effect at once. For actors with `library:manage`: the caller checks it.
 *
 * @returns the library after the change
 * @throws DogearError `library-not-found`, also for a library that the actor may not see; `library-exists` when the new
 *   name is taken; `library-invalid` for a bad name, extension or pattern; `root-missing`, `root-not-a-folder`; `user-not-found`
 *   when a reader to add does not exist
 */
export async function changeLibrary(
  store: Store,
  actor: Actor,
  id: LibraryId,
  request: LibraryChangeRequest,
): Promise<LibrarySummary> {
  const { library } = await getLibrary(store, actor, id);
  const name = request.name === undefined ? library.name : checkedName(request.name);
  const extensions = request.extensions?.join() === 'default' ? undefined : request.extensions;
  const changes = {
    ...(request.name === undefined ? {} : { name }),
    // Storage may be slow, so it is asked before the transaction begins.
    ...(request.root === undefined ? {} : { root: await rootFolder(request.root) }),
    ...(request.extensions === undefined ? {} : { extensions: extensions && checkedExtensions(extensions) }),
    ...(request.koreaderHashes === undefined ? {} : { koreaderHashes: request.koreaderHashes }),
    ...(request.fileRules === undefined ? {} : { fileRules: checkedFileRules(request.fileRules) }),
  };
  return inTransaction(store, async (transaction) => {
    if (!(await updateLibrary(transaction, id, changes))) {
      throw new DogearError('library-exists', `There is a library "${name}" already.`);
    }
    const { isRestricted, addReader, removeReader } = request;
    if (isRestricted !== undefined) await setRestricted(transaction, id, isRestricted);
    if (addReader !== undefined) await writeReader(transaction, id, addReader, true);
    if (removeReader !== undefined) await writeReader(transaction, id, removeReader, false);
    return getLibrary(transaction, actor, id);
  });
}
