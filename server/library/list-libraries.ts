import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import { type Page, pageOf, type PageRequest } from '../domain/page.js';
import type { LibrarySummary } from './library.js';
import { librariesPage } from './library-repository.js';
import { libraryVisibilityOf } from './library-visibility.js';

/**
 * A page of the libraries that the actor may see, ordered by name.
 *
 * @param after the name of the last library of the previous page
 */
export async function listLibraries(
  store: Store,
  actor: Actor,
  { after, limit }: PageRequest<string>,
): Promise<Page<LibrarySummary, string>> {
  const rows = await librariesPage(store, libraryVisibilityOf(actor), { afterName: after, limit: limit + 1 });
  return pageOf(rows, limit, ({ library }) => library.name);
}
