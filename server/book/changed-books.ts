import type { Engine } from '../../engine/index.js';
import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { BookId } from '../domain/ids.js';
import type { Store } from '../database/store.js';
import { rehashBook } from './rehash-book.js';

/** More are left to the next scan, which finds them by their size or time. Each takes a thread of the engine. */
const BOOKS_AT_ONCE = 2;

/** A file that could not be hashed is not tried again at each request of a page that stays open. */
const PAUSE_MS = 60_000;
/** Of more books that could not be hashed the first one is forgotten. */
const MAX_PAUSED = 1000;

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
  /** Until when each book is not tried again, by `performance.now()`. */
  readonly #pausedUntilMs = new Map<BookId, number>();
  #isClosed = false;

  constructor(options: ChangedBooksOptions) {
    this.#options = options;
  }

  /**
   * Begins to hash a book again. Does nothing if that is being done, or for too many other books, or if it failed within
   * the last minute. Never throws.
   */
  readonly rehash = (actor: Actor, id: BookId): void => {
    if (this.#isClosed || this.#hashing.has(id) || this.#hashing.size >= BOOKS_AT_ONCE) return;
    if (performance.now() < (this.#pausedUntilMs.get(id) ?? 0)) return;
    this.#hashing.add(id);
    void this.#rehash(actor, id).finally(() => this.#hashing.delete(id));
  };

  async #rehash(actor: Actor, id: BookId): Promise<void> {
    try {
      const { state } = await rehashBook(this.#options, actor, id, { isChanged: true });
      if (state === 'hashed') this.#pausedUntilMs.delete(id);
      else this.#pause(id);
    } catch (error) {
      this.#pause(id);
      if (!(error instanceof DogearError) && !this.#isClosed) this.#options.onError(error);
    }
  }

  #pause(id: BookId): void {
    this.#pausedUntilMs.delete(id);
    const [first] = this.#pausedUntilMs.keys();
    if (first !== undefined && this.#pausedUntilMs.size >= MAX_PAUSED) this.#pausedUntilMs.delete(first);
    this.#pausedUntilMs.set(id, performance.now() + PAUSE_MS);
  }

  /** Books that are being hashed fail when the engine and the database are closed after this. The next scan finds them. */
  close(): void {
    this.#isClosed = true;
  }
}
