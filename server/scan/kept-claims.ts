import { type CataloguedFile, claimKept } from '../book/inherit-digests.js';
import { hasKeptDigests } from '../book/kept-digest-repository.js';
import type { Store } from '../database/store.js';
import { inTransaction, retrying } from '../database/transaction.js';
import type { LibraryId } from '../domain/ids.js';

/**
 * Files after which MySQL is asked whether there is anything to claim. Two questions a batch, of which nearly every one is
 * answered "nothing", took 4 % of a first scan. Of each file some 300 bytes are remembered.
 */
const FILES_BETWEEN_LOOKS = 5000;
/**
 * The same in time, for storage that answers late. What is not claimed when the process is killed stays so: the next scan
 * finds those files unchanged.
 */
const LOOK_AFTER_MS = 2000;
/** Of one transaction: readers' pushes may wait for its locks. */
const FILES_AT_ONCE = 500;

/**
 * Gives the books that a scan writes the digests and links that removed books of their content left (inherit-digests.ts):
 * in the transaction that writes them, and in MySQL once more after its commit, because a removal that is committed in the
 * same moment sees no more of these books than they of it. As long as MySQL has nothing to claim, both wait for 5000 files or two
 * seconds, whichever comes first.
 */
export class KeptClaims {
  readonly #store: Store;
  readonly #libraryId: LibraryId;
  #isClaiming: boolean;
  /** Committed, and not looked for since. */
  #files: CataloguedFile[] = [];
  readonly #nowMs: () => number;
  #lookedMs: number;

  private constructor(store: Store, libraryId: LibraryId, isClaiming: boolean, nowMs: () => number) {
    this.#store = store;
    this.#libraryId = libraryId;
    this.#isClaiming = isClaiming;
    this.#nowMs = nowMs;
    this.#lookedMs = nowMs();
  }

  /** @param nowMs a clock that never steps */
  static async begin(
    store: Store,
    libraryId: LibraryId,
    nowMs: () => number = () => performance.now(),
  ): Promise<KeptClaims> {
    // SQLite has one writer at a time, and asking it costs little.
    const isClaiming = store.dialect === 'sqlite' || (await retrying(() => hasKeptDigests(store)));
    return new KeptClaims(store, libraryId, isClaiming, nowMs);
  }

  /** @param files that the transaction has written */
  async within(transaction: Store, files: readonly CataloguedFile[]): Promise<void> {
    if (this.#isClaiming) await claimKept(transaction, this.#libraryId, files);
  }

  /** @param files of a transaction that was committed */
  noteCommitted(files: readonly CataloguedFile[]): void {
    if (this.#store.dialect === 'mysql') this.#files.push(...files);
  }

  /** To be called after each commit. */
  async look(): Promise<void> {
    const isDue =
      this.#isClaiming ||
      this.#files.length >= FILES_BETWEEN_LOOKS ||
      this.#nowMs() - this.#lookedMs >= LOOK_AFTER_MS;
    if (isDue) await this.end();
  }

  /** After the last commit, and again where it fails: what it did not claim it keeps. */
  async end(): Promise<void> {
    this.#lookedMs = this.#nowMs();
    const files = this.#files;
    this.#files = [];
    try {
      await this.#claim(files);
    } catch (error) {
      this.#files.push(...files);
      throw error;
    }
  }

  async #claim(files: readonly CataloguedFile[]): Promise<void> {
    if (files.length === 0 || !(await retrying(() => hasKeptDigests(this.#store)))) return;
    this.#isClaiming = true;
    for (let start = 0; start < files.length; start += FILES_AT_ONCE) {
      const some = files.slice(start, start + FILES_AT_ONCE);
      await inTransaction(this.#store, (transaction) => claimKept(transaction, this.#libraryId, some));
    }
  }
}
