import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { LibraryId, UserId } from '../domain/ids.js';
import { type Page, pageOf, type PageRequest } from '../domain/page.js';
import type { User } from '../accounts/user.js';
import { addReader, readersPage, removeReader } from './library-reader-repository.js';
import type { Store } from '../database/store.js';
import { findUserById } from '../accounts/user-repository.js';
import { getLibrary } from './get-library.js';

/**
 * A page of the readers of a library, ordered by name: the users who may see it while it is restricted. For actors with
 * `library:manage`: the caller checks it.
 *
 * @param after the name of the last user of the previous page
 * @throws DogearError `library-not-found`, also for a library that the actor may not see
 */
export async function listReaders(
  store: Store,
  actor: Actor,
  id: LibraryId,
  { after, limit }: PageRequest<string>,
): Promise<Page<User, string>> {
  await getLibrary(store, actor, id);
  const rows = await readersPage(store, id, { afterName: after, limit: limit + 1 });
  return pageOf(rows, limit, (user) => user.name);
}

/**
 * Adds a user to the readers of a library, or removes the user from them. Readers may see the library while it is
 * restricted. Does nothing if nothing changes. For actors with `library:manage`: the caller checks it.
 *
 * @throws DogearError `library-not-found`, also for a library that the actor may not see; `user-not-found` when a user
 *   to add does not exist
 */
export async function setReader(
  store: Store,
  actor: Actor,
  id: LibraryId,
  userId: UserId,
  isReader: boolean,
): Promise<void> {
  await getLibrary(store, actor, id);
  await writeReader(store, id, userId, isReader);
}

/** The same without a look at the library. @throws DogearError `user-not-found` when a user to add does not exist */
export async function writeReader(
  store: Store,
  id: LibraryId,
  userId: UserId,
  isReader: boolean,
): Promise<void> {
  if (!isReader) {
    await removeReader(store, id, userId);
    return;
  }
  if ((await findUserById(store, userId)) === undefined) {
    throw new DogearError('user-not-found', `There is no user ${String(userId)}.`);
  }
  await addReader(store, id, userId);
}
