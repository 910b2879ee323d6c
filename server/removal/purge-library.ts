import type { RemovalScope } from '../book/book-repository.js';
import { claimAfterRemoval, removeBooks } from '../book/inherit-digests.js';
import { pruneKeptDigests } from '../book/kept-digest-repository.js';
import { readDatabaseNowMs } from '../database/database-clock.js';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import type { Actor } from '../domain/actor.js';
import type { LibraryId } from '../domain/ids.js';
import { getLibrary } from '../library/get-library.js';
import { touchLibrary } from '../library/library-repository.js';
import { countRemoval, pagesToRemove, type RemovalCounts } from './going-books.js';

export interface PurgeRequest {
  /** Only books that have been missing for so long. 0: all missing books. */
  readonly missingForDays: number;
  /** Only counts. */
  readonly isDryRun: boolean;
}

const DAY_SECONDS = 86_400;

/**
 * Removes books that have been missing for long. Books of the same content inherit their digests. Progress stays. A
 * book that a scan finds again at the same time stays too.
 *
 * For actors with `library:manage`: the caller checks it.
 *
 * @returns what was removed, or would be
 * @throws DogearError `library-not-found`, also for a library that the actor may not see
 */
export async function purgeLibrary(
  store: Store,
  actor: Actor,
  id: LibraryId,
  { missingForDays, isDryRun }: PurgeRequest,
): Promise<RemovalCounts> {
  await getLibrary(store, actor, id);
  const nowS = Math.floor((await readDatabaseNowMs(store)) / 1000);
  const missingSinceS = nowS - missingForDays * DAY_SECONDS;
  const scope: RemovalScope = { libraryId: id, missingSinceS };
  const counts = await countRemoval(store, scope);
  if (isDryRun || counts.books === 0) return counts;
  let books = 0;
  for await (const ids of pagesToRemove(store, scope)) {
    const removed = await inTransaction(store, (transaction) => removeBooks(transaction, scope, ids, nowS));
    await claimAfterRemoval(store, scope, removed);
    books += removed.books.length;
  }
  await pruneKeptDigests(store);
  await touchLibrary(store, id);
  return { ...counts, books };
}
