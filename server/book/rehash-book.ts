import { type Engine, EntryBatchBuilder } from '../../engine/index.js';
import type { Actor } from '../domain/actor.js';
import { type CataloguedBook, type Digests, replacedDigests } from './book.js';
import { withDeadline } from '../domain/deadline.js';
import { DogearError } from '../domain/dogear-error.js';
import type { BookId } from '../domain/ids.js';
import type { Library } from '../library/library.js';
import { touchLibrary } from '../library/library-repository.js';
import { lockBook, recordFailure, saveBooks } from './book-repository.js';
import { readDatabaseNowMs } from '../database/database-clock.js';
import { keepFormerDigests } from './digest-repository.js';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import { getVisibleBook, getBook, type BookDetails } from './get-book.js';

/** A disk that has spun down needs about ten seconds to start. Proxies give up a request after sixty. */
const TIMEOUT_MS = 30_000;
/** A book that a scan moves to another path while it is hashed is hashed again at the new path, up to this often. */
const ATTEMPTS = 3;

export type RehashOutcome =
  | { readonly state: 'hashed'; readonly book: BookDetails }
  | { readonly state: 'failed'; readonly code: string; readonly message: string };

/**
 * Hashes one book again, whether its file has changed or not, and stores the digests. Digests that it had before are
 * kept as former digests. A file that cannot be read is stored as a failure of the book, as a scan would do. A file
 * that is gone is only reported: a single look cannot tell a missing file from a disk that is not mounted.
 *
 * @param options `isChanged`: the file is known to be in another state than the last scan saw
 * @returns the book, or why its file could not be hashed
 * @throws DogearError `book-not-found`, also when the actor may not see it; `hashes-off` when its library makes no
 *   digests; `storage-slow` when the file was not read within 30 s, or when a scan moved the book three times meanwhile
 */
export async function rehashBook(
  { store, engine }: { readonly store: Store; readonly engine: Engine },
  actor: Actor,
  id: BookId,
  { isChanged = false }: { readonly isChanged?: boolean } = {},
): Promise<RehashOutcome> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { book, library } = await getVisibleBook(store, actor, id);
    if (!library.koreaderHashes) {
      throw new DogearError(
        'hashes-off',
        `The library "${library.name}" makes no KOReader hashes. Switch them on first.`,
      );
    }
    const hashed = await withinTimeout((signal) => hashFile(engine, library, book, signal));
    const isWritten =
      'digests' in hashed
        ? await writeDigests(store, book, hashed, isChanged)
        : await writeFailure(store, book, hashed);
    if (!isWritten) continue;
    await touchLibrary(store, library.id);
    return 'digests' in hashed
      ? { state: 'hashed', book: await getBook(store, actor, id) }
      : { state: 'failed', ...hashed };
  }
  throw new DogearError('storage-slow', 'A scan keeps moving this book. Try again when it has ended.');
}

interface HashedFile {
  readonly digests: Digests;
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
}

interface FailedFile {
  readonly code: string;
  readonly message: string;
}

async function hashFile(
  engine: Engine,
  library: Library,
  book: CataloguedBook,
  signal: AbortSignal,
): Promise<HashedFile | FailedFile> {
  const builder = new EntryBatchBuilder();
  // Size and time are those of the last scan. The worker notices when the file has changed and hashes it as it is. The
  // file is not looked at here: on a file server that does not answer, an asynchronous call would occupy a thread of
  // libuv's pool, which password checks and name look-ups need.
  builder.addFile(book.path.toString('latin1'), book.sizeBytes, book.modifiedNs);
  const { followLinks } = library.fileRules;
  for await (const hashed of engine.hash(library.root, [builder.take()], { followLinks, signal })) {
    const failure = hashed.failureAt(0);
    if (failure !== undefined) return { code: failure.code, message: failure.message };
    return {
      digests: {
        partialMd5: Buffer.from(hashed.partialMd5.subarray(0, 16)),
        filenameMd5: Buffer.from(hashed.filenameMd5.subarray(0, 16)),
      },
      sizeBytes: hashed.sizeBytes[0] ?? 0,
      modifiedNs: hashed.modifiedNs[0] ?? 0n,
    };
  }
  throw new Error('the engine gave no outcome for a file');
}

/** A file on storage that does not answer keeps one worker thread waiting, but not the caller. */
function withinTimeout<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  return withDeadline(work(stop.signal), TIMEOUT_MS, () => {
    stop.abort();
    throw new DogearError(
      'storage-slow',
      `The file was not read within ${String(TIMEOUT_MS / 1000)} s. Is its storage busy or away?`,
    );
  });
}

/** @returns `false` when the book has moved to another path meanwhile; nothing is written then */
async function writeDigests(
  store: Store,
  book: CataloguedBook,
  hashed: HashedFile,
  isChanged: boolean,
): Promise<boolean> {
  const nowMs = await readDatabaseNowMs(store);
  return inTransaction(store, async (transaction) => {
    const current = await lockBook(transaction, book.id);
    if (current?.path.equals(book.path) !== true) return false;
    const { partialMd5, filenameMd5 } = current;
    if (partialMd5 !== undefined && filenameMd5 !== undefined) {
      const replaced = replacedDigests(book.id, { partialMd5, filenameMd5 }, hashed.digests);
      await keepFormerDigests(transaction, replaced, Math.floor(nowMs / 1000));
    }
    const { libraryId, path, sizeBytes, modifiedNs } = current;
    const isSame =
      !isChanged &&
      hashed.sizeBytes === sizeBytes &&
      hashed.modifiedNs === modifiedNs &&
      partialMd5?.equals(hashed.digests.partialMd5) === true;
    // The mark of the last scan is not that of a file that has changed since. The next scan adds it without a read.
    const stateMark = isSame ? current.stateMark : undefined;
    await saveBooks(transaction, [{ libraryId, path, stateMark, ...hashed, failure: undefined }], nowMs);
    return true;
  });
}

/** @returns `false` when the book has moved to another path meanwhile; nothing is written then */
async function writeFailure(store: Store, book: CataloguedBook, { code }: FailedFile): Promise<boolean> {
  return inTransaction(store, async (transaction) => {
    const current = await lockBook(transaction, book.id);
    if (current?.path.equals(book.path) !== true) return false;
    if (code !== 'vanished') await recordFailure(transaction, [book.id], code);
    return true;
  });
}
