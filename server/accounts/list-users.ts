import { type Page, pageOf, type PageRequest } from '../domain/page.js';
import type { UserSummary } from './user.js';
import { usersPage } from './user-repository.js';
import type { Store } from '../database/store.js';

/**
 * A page of all users, ordered by name. For actors who may see all users: the caller checks `user:manage`.
 *
 * @param after the name of the last user of the previous page
 */
export async function listUsers(
  store: Store,
  { after, limit }: PageRequest<string>,
): Promise<Page<UserSummary, string>> {
  const rows = await usersPage(store, { afterName: after, limit: limit + 1 });
  return pageOf(rows, limit, (user) => user.name);
}
