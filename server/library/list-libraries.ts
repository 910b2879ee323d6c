import type { Actor } from '../domain/actor.js';
import { type Page, pageOf, type PageRequest } from '../domain/page.js';
import { librariesPage, type LibrarySummary as ListedLibrary } from './library-page.js';
import type { Store } from '../database/store.js';
import { viewerOf } from './viewer.js';

export type { ListedLibrary };

/** The libraries that the actor may see, by name. */
export async function listLibraries(
  store: Store,
  actor: Actor,
  { after, limit }: PageRequest<string>,
): Promise<Page<ListedLibrary, string>> {
  const rows = await librariesPage(store, viewerOf(actor), { afterName: after, limit: limit + 1 });
  return pageOf(rows, limit, ({ library }) => library.name);
}
