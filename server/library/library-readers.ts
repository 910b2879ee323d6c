import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { LibraryId, UserId } from '../domain/ids.js';
import { type Page, pageOf, type PageRequest } from '../domain/page.js';
import type { User } from '../accounts/user.js';
import { addReader, readersPage, removeReader } from './library-reader-repository.js';
import type { Store } from '../database/store.js';
import { findUserById } from '../accounts/user-repository.js';
import { getLibrary } from './get-library.js';

/** @throws DogearError `library-not-found` */
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
 * Lets the user see the library while it is restricted, or no longer.
 *
 * @throws DogearError `library-not-found`, `user-not-found`
 */
export async function setReader(
  store: Store,
  actor: Actor,
  id: LibraryId,
  userId: UserId,
  isReader: boolean,
): Promise<void> {
  await getLibrary(store, actor, id);
  if (!isReader) {
    await removeReader(store, id, userId);
    return;
  }
  if ((await findUserById(store, userId)) === undefined) {
    throw new DogearError('user-not-found', `There is no user ${String(userId)}.`);
  }
  await addReader(store, id, userId);
}
