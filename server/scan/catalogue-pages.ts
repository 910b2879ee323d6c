import type { BookRow } from '../book/book.js';
import type { LibraryId } from '../domain/ids.js';
import { nextBookRows } from '../book/book-repository.js';
import type { Store } from '../database/store.js';
import { retrying } from '../database/transaction.js';

/**
 * Rows of a page: large enough that the round trip does not count. Pages of four times as many rows are as fast, but a
 * rescan of 200,000 books then takes 20 MB more: rows that live as long as a page outlive the young generation.
 */
const PAGE_ROWS = 1000;

/** The books of a library in byte order of their paths, a page at a time. The next page is read ahead. */
export class CataloguePages {
  readonly #store: Store;
  readonly #libraryId: LibraryId;
  readonly #hashedSinceMs: number | undefined;
  #ahead: Promise<readonly BookRow[]>;

  /** @param hashedSinceMs milliseconds since 1970: digests from before do not count */
  constructor(store: Store, libraryId: LibraryId, hashedSinceMs?: number) {
    this.#store = store;
    this.#libraryId = libraryId;
    this.#hashedSinceMs = hashedSinceMs;
    this.#ahead = this.#read(Buffer.alloc(0));
  }

  /** Whether `next` has no more books to give. Takes nothing. */
  async isAtEnd(): Promise<boolean> {
    return (await this.#ahead).length === 0;
  }

  /** The next page; empty once all books have been given. */
  async next(): Promise<readonly BookRow[]> {
    const page = await this.#ahead;
    const last = page.at(-1);
    this.#ahead = last === undefined ? Promise.resolve([]) : this.#read(last.path);
    return page;
  }

  #read(afterPath: Buffer): Promise<readonly BookRow[]> {
    const page = retrying(() =>
      nextBookRows(this.#store, this.#libraryId, afterPath, PAGE_ROWS, this.#hashedSinceMs),
    );
    // `next` awaits it. A scan that ends earlier must not leave an unhandled rejection behind.
    page.catch(() => undefined);
    return page;
  }
}
