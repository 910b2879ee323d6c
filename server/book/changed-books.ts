import type { Engine } from '../../engine/index.js';
import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { BookId } from '../domain/ids.js';
import type { Store } from '../database/store.js';
import { rehashBook } from './rehash-book.js';

/** More are left to the next scan, which finds them by their size or time. Each takes a thread of the engine. */
const BOOKS_AT_ONCE = 2;

export interface ChangedBooksOptions {
  readonly store: Store;
  readonly engine: Engine;
  /** Called with the error of a book that could not be hashed again, unless it is a DogearError: those are expected. */
  readonly onError: (error: unknown) => void;
}

/** Hashes books beside the requests that found their files changed since the last scan. */
export class ChangedBooks {
  readonly #options: ChangedBooksOptions;
  readonly #hashing = new Set<BookId>();
  #isClosed = false;

  constructor(options: ChangedBooksOptions) {
    this.#options = options;
  }

  /** Begins to hash a book again. Does nothing if that is being done, or for too many other books. Never throws. */
  readonly rehash = (actor: Actor, id: BookId): void => {
    if (this.#isClosed || this.#hashing.has(id) || this.#hashing.size >= BOOKS_AT_ONCE) return;
    this.#hashing.add(id);
    void rehashBook(this.#options, actor, id)
      .catch((error: unknown) => {
        if (!(error instanceof DogearError) && !this.#isClosed) this.#options.onError(error);
      })
      .finally(() => this.#hashing.delete(id));
  };

  /** Books that are being hashed fail when the engine and the database are closed after this. The next scan finds them. */
  close(): void {
    this.#isClosed = true;
  }
}
