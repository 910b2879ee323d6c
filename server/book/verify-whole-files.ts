import { stat } from 'node:fs/promises';
import { readDatabaseNowMs } from '../database/database-clock.js';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import { errorCode, errorMessage } from '../domain/error-text.js';
import type { BookId } from '../domain/ids.js';
import type { Library } from '../library/library.js';
import type { CataloguedBook } from './book.js';
import { lockBooks } from './book-repository.js';
import { fileOfBook, ReadingPace, sha256OfFile } from './sha256-of-file.js';
import { pagesOfBooks, type VerifyFinding } from './verify-library.js';
import { isOfState, saveWholeHashes, type WholeHash, wholeHashesOf } from './whole-hash-repository.js';

/** Hashes are stored after so many files: what is read before a run is stopped is not read again by the next one. */
const FILES_AT_ONCE = 20;
const DAY_SECONDS = 86_400;

export interface WholeFileOptions {
  readonly signal: AbortSignal;
  /** Whether hashes are stored, for the next time. */
  readonly stores: boolean;
  /** Files that were found right within so many days are left out. 0: none. */
  readonly notCheckedForDays: number;
  /** `undefined`: as fast as the storage. */
  readonly bytesPerSecond: number | undefined;
  /** Called for each file that differs or cannot be read, as they come. */
  onFinding(this: void, finding: VerifyFinding): void;
}

export interface WholeFileCounts {
  /** Files that have the hash that was stored of them. */
  readonly verified: number;
  /** Files of which no hash was stored, or one of a file of another size or time. */
  readonly unknown: number;
  readonly differing: number;
  /** Files whose size or time is not that of the catalogue, or changed while they were read. */
  readonly changed: number;
  readonly failed: number;
  /** Missing books, and those that were found right a short time ago. */
  readonly skipped: number;
}

/**
 * Reads the files of a library as a whole and compares them with the SHA-256 that an earlier run has stored: a file
 * that has the same size and time, but another content, has rotted. The hash of such a file stays stored. One file at a
 * time is read, so that others may use the storage. Books without KOReader's digests are looked at too.
 *
 * @throws the signal's reason once it is aborted; what was stored stays
 */
export async function verifyWholeFiles(
  store: Store,
  library: Library,
  options: WholeFileOptions,
): Promise<WholeFileCounts> {
  const { signal, stores, notCheckedForDays, onFinding } = options;
  const counts = { verified: 0, unknown: 0, differing: 0, changed: 0, failed: 0, skipped: 0 };
  const pace = new ReadingPace(options.bytesPerSecond);
  const nowS = Math.floor((await readDatabaseNowMs(store)) / 1000);
  const recentS = nowS - notCheckedForDays * DAY_SECONDS;
  let toStore: WholeHash[] = [];
  const save = async (): Promise<void> => {
    const hashes = toStore;
    toStore = [];
    if (stores && hashes.length > 0) await storeHashes(store, hashes);
  };
  try {
    for await (const page of pagesOfBooks(store, library)) {
      const known = await wholeHashesOf(
        store,
        page.map(({ id }) => id),
      );
      for (const book of page) {
        signal.throwIfAborted();
        const stored = known.get(book.id);
        const before = stored !== undefined && isOfState(stored, book) ? stored : undefined;
        const isRecent = notCheckedForDays > 0 && before !== undefined && before.checkedSeconds > recentS;
        if (book.missingSinceSeconds !== undefined || isRecent) {
          counts.skipped++;
          continue;
        }
        const read = await readFile(library, book, signal, pace);
        if (read.state === 'failed') {
          counts.failed++;
          onFinding(read);
        } else if (read.state === 'changed') counts.changed++;
        else if (before !== undefined && !before.sha256.equals(read.sha256)) {
          counts.differing++;
          onFinding({ state: 'differs', path: book.path, stored: before.sha256, found: read.sha256 });
        } else {
          if (before === undefined) counts.unknown++;
          else counts.verified++;
          const { id: bookId, sizeBytes, modifiedNs } = book;
          toStore.push({ bookId, sizeBytes, modifiedNs, sha256: read.sha256, checkedSeconds: nowS });
          if (toStore.length >= FILES_AT_ONCE) await save();
        }
      }
    }
  } finally {
    await save();
  }
  return counts;
}

type ReadResult =
  | { readonly state: 'read'; readonly sha256: Buffer }
  | { readonly state: 'changed' }
  | Extract<VerifyFinding, { readonly state: 'failed' }>;

async function readFile(
  library: Library,
  book: CataloguedBook,
  signal: AbortSignal,
  pace: ReadingPace,
): Promise<ReadResult> {
  const file = fileOfBook({ library, path: book.path });
  const isAsCatalogued = async (): Promise<boolean> => {
    const { size, mtimeNs } = await stat(file, { bigint: true });
    return Number(size) === book.sizeBytes && mtimeNs === book.modifiedNs;
  };
  try {
    if (!(await isAsCatalogued())) return { state: 'changed' };
    const sha256 = await sha256OfFile(file, { signal, pace });
    return (await isAsCatalogued()) ? { state: 'read', sha256 } : { state: 'changed' };
  } catch (error) {
    signal.throwIfAborted();
    const code = errorCode(error) ?? 'unreadable';
    return { state: 'failed', path: book.path, code, message: errorMessage(error) };
  }
}

/** Of a book that was removed meanwhile nothing is stored. */
function storeHashes(store: Store, hashes: readonly WholeHash[]): Promise<void> {
  return inTransaction(store, async (transaction) => {
    const ids: readonly BookId[] = hashes.map(({ bookId }) => bookId).toSorted((left, right) => left - right);
    const there = await lockBooks(transaction, ids);
    await saveWholeHashes(
      transaction,
      hashes.filter(({ bookId }) => there.has(bookId)),
    );
  });
}
