import { type BookId, bookId } from '../domain/ids.js';

/** Ids of one page of bits: 128 bytes, and some 200 more for the page's objects. */
const PAGE_IDS = 1024;
const WORD_BITS = 32;

/**
 * Pages of one set, so that it never takes more than some 6 MB. That is room for 16 million books whose ids lie close
 * together, as a database gives them to the books of one scan, and for 16,384 books where each lies a thousand ids from
 * the next. A scan with more gone or moved books stays correct: see {@link GoneBooks.isComplete}.
 */
const MOST_PAGES = 16_384;

/** A set of ids with one bit for each, in pages that are made when they are needed. */
class BookIdSet {
  readonly #pages = new Map<number, Uint32Array>();

  get isEmpty(): boolean {
    return this.#pages.size === 0;
  }

  /** @returns false when the set is full and the id was not added */
  add(id: BookId): boolean {
    const { page: number, word, bit } = bitOf(id);
    let page = this.#pages.get(number);
    if (page === undefined) {
      if (this.#pages.size === MOST_PAGES) return false;
      page = new Uint32Array(PAGE_IDS / WORD_BITS);
      this.#pages.set(number, page);
    }
    page[word] = (page[word] ?? 0) | bit;
    return true;
  }

  has(id: BookId): boolean {
    const { page, word, bit } = bitOf(id);
    return ((this.#pages.get(page)?.[word] ?? 0) & bit) !== 0;
  }

  clear(): void {
    this.#pages.clear();
  }

  /** In ascending order. */
  *ids(): Generator<BookId> {
    for (const number of [...this.#pages.keys()].toSorted((left, right) => left - right)) {
      for (const [word, bits] of this.#pages.get(number)?.entries() ?? []) {
        for (let at = 0; at < WORD_BITS; at++) {
          if ((bits & (1 << at)) !== 0) yield bookId(number * PAGE_IDS + word * WORD_BITS + at);
        }
      }
    }
  }
}

/** Ids may be larger than 32 bits, so the page is found by division. */
function bitOf(id: BookId): { readonly page: number; readonly word: number; readonly bit: number } {
  const within = id % PAGE_IDS;
  return { page: Math.floor(id / PAGE_IDS), word: within >>> 5, bit: 1 << (within & 31) };
}

/**
 * The books whose files a scan did not find at their paths, and those that it found elsewhere. Both are only known at
 * the end of the scan, when nothing may be in memory for each book but a bit: a library that moved as a whole has all
 * its books here, twice.
 */
export class GoneBooks {
  readonly #gone = new BookIdSet();
  readonly #moved = new BookIdSet();
  #isComplete = true;
  #isEmpty = true;
  #forgetsMoves = false;

  /** Whether no book was added as gone, kept or not. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /**
   * Whether every gone book is among `missing`. When it is not, one of the sets was full, and the other gone books have to
   * be found by comparing the folders with the catalogue once more.
   */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  addGone(id: BookId): void {
    this.#isEmpty = false;
    if (this.#forgetsMoves || !this.#gone.add(id)) this.#isComplete = false;
  }

  addMoved(id: BookId): void {
    if (this.#moved.add(id)) return;
    // A gone book may be one of the moved books that are not known. So none can be called missing.
    this.#forgetsMoves = true;
    if (!this.#gone.isEmpty) this.#isComplete = false;
    this.#gone.clear();
  }

  /** Whether the book has become another file in this scan. May be false for one that moved once the set is full. */
  hasMoved(id: BookId): boolean {
    return this.#moved.has(id);
  }

  /** The books that are gone and have not moved, in ascending order, so many at a time. */
  *missing(limit: number): Generator<readonly BookId[]> {
    let ids: BookId[] = [];
    for (const id of this.#gone.ids()) {
      if (this.#moved.has(id)) continue;
      ids.push(id);
      if (ids.length < limit) continue;
      yield ids;
      ids = [];
    }
    if (ids.length > 0) yield ids;
  }
}
