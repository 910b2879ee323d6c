import type { MarkedBook } from '../book/book-repository.js';
import type { BookId } from '../domain/ids.js';
import type { SqlDialect } from '../database/store.js';
import type { ScannedFile } from './scanned-file.js';

/**
 * Files of one transaction. MySQL: at 500 the commit costs a few microseconds a file. SQLite writes every page
 * of the digests' indexes that a transaction touched to its log, nearly all of them at any size, so fewer and
 * larger ones: 2,000 files took 17 µs each where 512 took 24.
 */
export const COMMIT_FILES = { mysql: 500, sqlite: 2000 } as const;
/** What was hashed waits no longer than this for its transaction to fill. */
const COMMIT_AFTER_MS = 1000;
/** Two transactions in flight hide the round trips to a server; SQLite has one writer. */
const TRANSACTIONS_AT_ONCE = { mysql: 2, sqlite: 1 } as const;

/** What one transaction writes of the files that were found. */
export interface ScanBatch {
  readonly files: readonly ScannedFile[];
  /** Missing books that are back, unchanged. */
  readonly returned: readonly BookId[];
  /** Unchanged books that take over the marks of their files. */
  readonly marked: readonly MarkedBook[];
}

/**
 * Gathers files until there are enough for a transaction, and runs a bounded number of transactions at a time. Whoever
 * adds files waits for a free place, which holds the walk and the hashing back to the speed of the database.
 */
export class CommitQueue {
  readonly #dialect: SqlDialect;
  readonly #commit: (batch: ScanBatch) => Promise<void>;
  readonly #running = new Set<Promise<void>>();
  #files: ScannedFile[] = [];
  #returned: BookId[] = [];
  #marked: MarkedBook[] = [];
  /** When the first of those that wait was added. */
  #waitingSinceMs = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(dialect: SqlDialect, commit: (batch: ScanBatch) => Promise<void>) {
    this.#dialect = dialect;
    this.#commit = commit;
  }

  add(file: ScannedFile): void {
    this.#noteBeginning();
    this.#files.push(file);
  }

  addReturned(ids: readonly BookId[]): void {
    if (ids.length === 0) return;
    this.#noteBeginning();
    this.#returned.push(...ids);
  }

  addMarked(books: readonly MarkedBook[]): void {
    if (books.length === 0) return;
    this.#noteBeginning();
    this.#marked.push(...books);
  }

  /** Begins a transaction when enough has gathered, or when it has waited long enough. Throws the first failure. */
  async commitWhenFull(): Promise<void> {
    const waiting = this.#waiting;
    const waitedMs = performance.now() - this.#waitingSinceMs;
    if (waiting >= COMMIT_FILES[this.#dialect] || (waiting > 0 && waitedMs > COMMIT_AFTER_MS)) {
      await this.commitRest();
    }
  }

  /** Begins a transaction with whatever has gathered. Throws the first failure. */
  async commitRest(): Promise<void> {
    if (this.#waiting === 0) return;
    const batch: ScanBatch = { files: this.#files, returned: this.#returned, marked: this.#marked };
    this.#files = [];
    this.#returned = [];
    this.#marked = [];
    while (this.#running.size >= TRANSACTIONS_AT_ONCE[this.#dialect]) await Promise.race(this.#running);
    this.#throwFailure();
    const running = this.#commit(batch)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#running.delete(running);
      });
    this.#running.add(running);
  }

  /** Waits for every transaction that was begun, and throws the first failure. */
  async drain(): Promise<void> {
    await Promise.all(this.#running);
    this.#throwFailure();
  }

  get #waiting(): number {
    return this.#files.length + this.#returned.length + this.#marked.length;
  }

  #noteBeginning(): void {
    if (this.#waiting === 0) this.#waitingSinceMs = performance.now();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
