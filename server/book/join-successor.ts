import { requireOneOf } from '../accounts/permission-check.js';
import { readDatabaseNowMs } from '../database/database-clock.js';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { BookId } from '../domain/ids.js';
import { touchLibrary } from '../library/library-repository.js';
import type { CataloguedBook } from './book.js';
import { type BookDetails, getBook, getVisibleBook } from './get-book.js';
import { joinBooks } from './join-books.js';

export interface SuccessorRequest {
  readonly missingId: BookId;
  readonly successorId: BookId;
}

/**
 * Makes a missing book and a present one of its library one book, because somebody says that it is the same: devices with
 * the old file and with the new one then share their places. The book keeps the id of the missing one, and the digests and
 * links of both. It cannot be undone. A server must call `SyncStore.forgetLibraries` afterwards.
 *
 * @throws DogearError `forbidden` without `library:manage`; `book-not-found`, also for a book that the actor may not see;
 *   `books-not-joinable`
 */
export async function joinSuccessor(
  store: Store,
  actor: Actor,
  { missingId, successorId }: SuccessorRequest,
): Promise<BookDetails> {
  requireOneOf(actor, ['library:manage']);
  const { book: missing, library } = await getVisibleBook(store, actor, missingId);
  const { book: found } = await getVisibleBook(store, actor, successorId);
  const obstacle = obstacleOf(missing, found);
  if (obstacle !== undefined) throw new DogearError('books-not-joinable', obstacle);
  const nowMs = await readDatabaseNowMs(store);
  const joined = await inTransaction(store, (transaction) =>
    joinBooks(transaction, [{ missing, found }], nowMs),
  );
  if (joined.length === 0) {
    throw new DogearError('books-not-joinable', 'One of the books has just changed. Look at both again.');
  }
  await touchLibrary(store, library.id);
  return getBook(store, actor, missingId);
}

function obstacleOf(missing: CataloguedBook, found: CataloguedBook): string | undefined {
  const names = [`The book ${String(missing.id)}`, `The book ${String(found.id)}`] as const;
  if (missing.missingSinceSeconds === undefined)
    return `${names[0]} has its file: only a missing book has a successor.`;
  if (found.missingSinceSeconds !== undefined) return `${names[1]} is missing too: a successor has a file.`;
  if (missing.libraryId !== found.libraryId) return 'The books are in different libraries.';
  const hashless = [missing, found].findIndex(
    ({ partialMd5, filenameMd5 }) => partialMd5 === undefined || filenameMd5 === undefined,
  );
  return hashless === -1 ? undefined : `${names[hashless] ?? ''} has no digests, so devices do not find it.`;
}
