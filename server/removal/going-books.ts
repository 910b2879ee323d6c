import { booksToRemove, type RemovalScope } from '../book/book-repository.js';
import { countLostDigests } from '../book/digest-repository.js';
import { countLinksOfBooks } from '../book/document-link-repository.js';
import { withoutHeirs } from '../book/inherit-digests.js';
import type { Store } from '../database/store.js';
import type { BookId } from '../domain/ids.js';

export interface RemovalCounts {
  readonly books: number;
  /**
   * Digests by which no book is found afterwards: devices that send them get 404 until a scan finds a book of the same
   * content. Former digests count too.
   */
  readonly digests: number;
  /** Links of documents to the books that lead nowhere afterwards, until a scan finds a book of the same content. */
  readonly links: number;
}

/** Books whose digests one statement looks up. */
const BOOKS_AT_ONCE = 500;

/** What a removal would remove. Reads every digest of the books, in pages. */
export async function countRemoval(store: Store, scope: RemovalScope): Promise<RemovalCounts> {
  let books = 0;
  let digests = 0;
  let links = 0;
  for await (const ids of pagesToRemove(store, scope)) {
    books += ids.length;
    const lost = await withoutHeirs(store, scope, ids);
    digests += await countLostDigests(store, scope, lost);
    links += await countLinksOfBooks(store, lost);
  }
  return { books, digests, links };
}

/** The books of the scope, in pages of bounded statements. */
export async function* pagesToRemove(store: Store, scope: RemovalScope): AsyncGenerator<readonly BookId[]> {
  for (let afterPath: Buffer | undefined = Buffer.alloc(0); afterPath !== undefined;) {
    const page = await booksToRemove(store, scope, afterPath, BOOKS_AT_ONCE);
    if (page.ids.length > 0) yield page.ids;
    afterPath = page.lastPath;
  }
}
