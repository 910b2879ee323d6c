import { deletePass } from '../book/metadata-pass-repository.js';
import { someBooksOfLibrary } from '../book/book-repository.js';
import { claimAfterRemoval, removeBooks } from '../book/inherit-digests.js';
import { pruneKeptDigests } from '../book/kept-digest-repository.js';
import { readDatabaseNowMs } from '../database/database-clock.js';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import { DogearError } from '../domain/dogear-error.js';
import type { Actor } from '../domain/actor.js';
import type { LibraryId } from '../domain/ids.js';
import { getLibrary } from '../library/get-library.js';
import { deleteAccessToLibrary } from '../library/library-reader-repository.js';
import { deleteLibraryRow, lockLibrary } from '../library/library-repository.js';
import { deleteFailuresOfLibrary, deleteScansOfLibrary } from '../scan/scan-repository.js';
import { countRemoval, type RemovalCounts } from './going-books.js';

/** What `removeLibrary` would remove. @throws DogearError `library-not-found` */
export async function countLibraryRemoval(store: Store, actor: Actor, id: LibraryId): Promise<RemovalCounts> {
  await getLibrary(store, actor, id);
  return countRemoval(store, { libraryId: id, missingSinceS: undefined });
}

/** Books that one transaction deletes. Short transactions let other writers take turns. */
const BOOKS_AT_ONCE = 500;
/** How often a removal starts again because a scan began meanwhile. Whoever starts more scans wants to keep the library. */
const ROUNDS = 10;

/**
 * Removes a library with its books, their digests and links, and its scans. Files are not touched. Books of the same
 * content in other libraries inherit the digests and links; digests without an heir are kept for the next book of their
 * content.
 *
 * The scans are deleted first: a batch that a scan is committing at this moment is waited for, and every later batch
 * finds that the scan's lease is lost. After that no book can appear any more. A library that still has a book is not
 * deleted: a book without a library would be visible to everybody.
 *
 * For actors with `library:manage`: the caller checks it.
 *
 * @throws DogearError `library-not-found`, also for a library that the actor may not see; `scan-running` when scans of the
 *   library were started again and again
 */
export async function removeLibrary(store: Store, actor: Actor, id: LibraryId): Promise<void> {
  const { library } = await getLibrary(store, actor, id);
  const nowS = Math.floor((await readDatabaseNowMs(store)) / 1000);
  for (let round = 1; round <= ROUNDS; round++) {
    await deleteFailuresOfLibrary(store, id);
    await inTransaction(store, (transaction) => deleteScansOfLibrary(transaction, id));
    while ((await deleteSomeBooks(store, id, nowS)) > 0);
    await pruneKeptDigests(store);
    if (await deleteEmptyLibrary(store, id)) return;
  }
  throw new DogearError(
    'scan-running',
    `Somebody keeps scanning the library "${library.name}". Stop that first.`,
  );
}

/** @returns how many books were deleted, at most {@link BOOKS_AT_ONCE} */
async function deleteSomeBooks(store: Store, id: LibraryId, nowS: number): Promise<number> {
  const scope = { libraryId: id, missingSinceS: undefined };
  const removed = await inTransaction(store, async (transaction) => {
    const books = await someBooksOfLibrary(transaction, id, BOOKS_AT_ONCE);
    return removeBooks(transaction, scope, books, nowS);
  });
  await claimAfterRemoval(store, scope, removed);
  return removed.books.length;
}

/** @returns `false` when the library has books, because a scan began meanwhile */
function deleteEmptyLibrary(store: Store, id: LibraryId): Promise<boolean> {
  return inTransaction(store, async (transaction) => {
    // No scan can begin while the row is locked. A scan that had begun before renews its lease, which is waited for.
    await lockLibrary(transaction, id);
    await deleteScansOfLibrary(transaction, id);
    if ((await someBooksOfLibrary(transaction, id, 1)).length > 0) return false;
    await deletePass(transaction, id);
    await deleteLibraryRow(transaction, id);
    await deleteAccessToLibrary(transaction, id);
    return true;
  });
}
