import type { Store } from '../database/store.js';
import { retrying } from '../database/transaction.js';
import { markChanges } from '../changes/change-mark-repository.js';
import type { Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import { readLibraryAccess } from '../library/library-reader-repository.js';
import { equivalentDocuments, withBook } from './equivalent-documents.js';
import { progressKeyText } from './progress-key.js';
import { insertPassedProgress, newestProgress, savePushes } from './progress-repository.js';
import type { UnmatchedDocument } from './unmatched-document.js';
import { deleteUnmatchedAsRead, unmatchedByName, type UnmatchedPlace } from './unmatched-repository.js';

/** Documents of one read. In SQLite pushes wait for it. */
const READ_AT_ONCE = 200;

/** What to say of an error of {@link adoptUnmatched} after a scan. */
export const NOT_ADOPTED = 'positions of documents that have a book now wait for the next scan';

/**
 * Makes progress of what was kept of refused pushes, where the document has a book by now: a scan has found it, or somebody
 * has linked it. Where the user has read on in the book since, under another of its documents, the kept position becomes
 * that of its document alone, and pulls go on to give the newer one.
 *
 * @param only this document; `undefined`: all that are kept
 * @returns how many positions became progress
 */
export async function adoptUnmatched(store: Store, only?: Document): Promise<number> {
  const access = await readLibraryAccess(store);
  let adopted = 0;
  for (let after: UnmatchedPlace | undefined; ;) {
    const rows = await unmatchedByName(store, { only, after, limit: READ_AT_ONCE });
    for (const kept of await withBook(store, access, rows)) {
      if (await adopt(store, kept)) adopted++;
    }
    after = rows.at(-1);
    if (rows.length < READ_AT_ONCE) return adopted;
  }
}

/**
 * The position is stored before it leaves the list: after a crash in between it is adopted once more, which changes
 * nothing. A later push, refused by a thread that does not know of the book yet, stays in the list for the next adoption.
 *
 * @returns `false` when it did not leave the list, or another server was first
 */
async function adopt(store: Store, kept: UnmatchedDocument): Promise<boolean> {
  // The readers' own pushes come in the same moment.
  await retrying(() => saveAsProgress(store, kept));
  const hasLeft = await deleteUnmatchedAsRead(store, kept);
  await markChanges(store, ['progress'], [kept.userId]);
  return hasLeft;
}

/** A push of the same document waits from the first statement on, or is seen by the comparison. */
async function saveAsProgress(store: Store, kept: UnmatchedDocument): Promise<void> {
  const { userId, document, lastSeenMs } = kept;
  const push = { ...kept, pushedMs: lastSeenMs };
  await savePushes(store, {
    pushes: [{ push, arrivalIndex: 0 }],
    unless: async (transaction) => {
      await insertPassedProgress(transaction, push);
      return hasReadOn(transaction, userId, document, lastSeenMs);
    },
  });
}

/** Whether the user has pushed any document of the book after this moment. The arrival of progress that was passed is negative. */
async function hasReadOn(
  store: Store,
  userId: UserId,
  document: Document,
  sinceMs: number,
): Promise<boolean> {
  const documents = [document, ...(await equivalentDocuments(store, userId, document))];
  const keys = documents.map((each) => ({ userId, document: each }));
  const newest = await newestProgress(store, keys);
  return keys.some((key) => {
    const progress = newest.get(progressKeyText(key));
    if (progress === undefined) return false;
    return progress.pushedMs > sinceMs || (progress.pushedMs === sinceMs && progress.arrival > 0);
  });
}
