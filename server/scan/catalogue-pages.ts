import type { BookRow } from '../book/book.js';
import type { LibraryId } from '../domain/ids.js';
import { nextBookRows } from '../book/book-repository.js';
import type { Store } from '../database/store.js';
import { retrying } from '../database/transaction.js';
import { rangeOf } from './touched-places.js';

/**
 * Rows of a page: large enough that the round trip does not count. Pages of four times as many rows are as fast, but a
 * rescan of 200,000 books then takes 20 MB more: rows that live as long as a page outlive the young generation.
 */
const PAGE_ROWS = 1000;

export interface CataloguePagesOptions {
  /** Milliseconds since 1970: digests from before do not count. */
  readonly hashedSinceMs?: number | undefined;
  /** Only books at these places, and some others beside them; see touched-places.ts. */
  readonly within?: readonly Buffer[] | undefined;
}

/** The books of a library in byte order of their paths, a page at a time. The next page is read ahead. */
export class CataloguePages {
  readonly #store: Store;
  readonly #libraryId: LibraryId;
  readonly #hashedSinceMs: number | undefined;
  readonly #within: readonly Buffer[] | undefined;
  /** The place of the next page. */
  #place = 0;
  #ahead: Promise<readonly BookRow[]>;

  constructor(store: Store, libraryId: LibraryId, { hashedSinceMs, within }: CataloguePagesOptions = {}) {
    this.#store = store;
    this.#libraryId = libraryId;
    this.#hashedSinceMs = hashedSinceMs;
    this.#within = within;
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
    const within = this.#within;
    const page = within === undefined ? this.#rows(afterPath) : this.#readWithin(within, afterPath);
    // `next` awaits it. A scan that ends earlier must not leave an unhandled rejection behind.
    page.catch(() => undefined);
    return page;
  }

  async #readWithin(places: readonly Buffer[], afterPath: Buffer): Promise<readonly BookRow[]> {
    for (; this.#place < places.length; this.#place++) {
      const place = places[this.#place];
      if (place === undefined) break;
      const [after, before] = rangeOf(place);
      const rows = await this.#rows(afterPath.compare(after) > 0 ? afterPath : after, before);
      if (rows.length > 0) return rows;
    }
    return [];
  }

  #rows(after: Buffer, before?: Buffer): Promise<readonly BookRow[]> {
    return retrying(() =>
      nextBookRows(this.#store, this.#libraryId, after, PAGE_ROWS, this.#hashedSinceMs, before),
    );
  }
}
