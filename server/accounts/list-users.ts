import { DogearError } from '../domain/dogear-error.js';
import type { UserId } from '../domain/ids.js';
import { type Page, pageOf, type PageRequest } from '../domain/page.js';
import type { UserSummary } from './user.js';
import { findUserById, usersPage } from './user-repository.js';
import type { Store } from '../database/store.js';

/** By name. For those who may see all users: the edge asks for `user:manage`. */
export async function listUsers(
  store: Store,
  { after, limit }: PageRequest<string>,
): Promise<Page<UserSummary, string>> {
  const rows = await usersPage(store, { afterName: after, limit: limit + 1 });
  return pageOf(rows, limit, (user) => user.name);
}

/** @throws DogearError `user-not-found` */
export async function getUser(store: Store, id: UserId): Promise<UserSummary> {
  const user = await findUserById(store, id);
  if (user !== undefined) return user;
  throw new DogearError('user-not-found', `There is no user ${String(id)}.`);
}
