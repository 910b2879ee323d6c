import type { BookRow } from '../book/book.js';
import type { LibraryId } from '../domain/ids.js';
import { nextBookRows } from '../book/book-repository.js';
import type { Store } from '../database/store.js';
import { retrying } from '../database/transaction.js';

/**
 * Rows of a page: large enough that the round trip does not count. With four times as many, which are as fast, a rescan
 * of 200,000 books takes 20 MB more: what lives as long as a page does not die young.
 */
const PAGE_ROWS = 1000;

/** The books of a library in byte order of their paths, a page at a time; the next one is read ahead. */
export class BookRows {
  readonly #store: Store;
  readonly #libraryId: LibraryId;
  #ahead: Promise<readonly BookRow[]>;

  constructor(store: Store, libraryId: LibraryId) {
    this.#store = store;
    this.#libraryId = libraryId;
    this.#ahead = this.#read(Buffer.alloc(0));
  }

  /** The next page; empty once all have been given. */
  async next(): Promise<readonly BookRow[]> {
    const page = await this.#ahead;
    const last = page.at(-1);
    this.#ahead = last === undefined ? Promise.resolve([]) : this.#read(last.path);
    return page;
  }

  #read(afterPath: Buffer): Promise<readonly BookRow[]> {
    const page = retrying(() => nextBookRows(this.#store, this.#libraryId, afterPath, PAGE_ROWS));
    // Awaited by `next`; a scan that ends before must not leave an unhandled rejection behind.
    page.catch(() => undefined);
    return page;
  }
}
