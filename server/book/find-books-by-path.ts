import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import type { BookId } from '../domain/ids.js';
import { visibleLibraries } from '../library/library-repository.js';
import { libraryVisibilityOf } from '../library/library-visibility.js';
import { booksAtPaths } from './book-repository.js';

const SLASH = Buffer.from('/');

/**
 * The books that the actor may see at a path: relative to the root of their library, or absolute, in the bytes of the file
 * system. A path in no library has none.
 */
export async function findBooksByPath(store: Store, actor: Actor, path: Buffer): Promise<readonly BookId[]> {
  const found: BookId[] = [];
  for (const { id, root } of await visibleLibraries(store, libraryVisibilityOf(actor))) {
    const folder = Buffer.concat([root, SLASH]);
    const isInside = path.subarray(0, folder.length).equals(folder);
    const places = await booksAtPaths(store, id, [isInside ? path.subarray(folder.length) : path]);
    found.push(...places.map((place) => place.id));
  }
  return found;
}
