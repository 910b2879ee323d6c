import { deleteKeysOfUser } from '../accounts/keys/api-key-repository.js';
import { deleteConsoleLinksOfUser } from '../accounts/sessions/console-link-repository.js';
import { deleteSessions } from '../accounts/sessions/session-repository.js';
import { deleteUserRow, findUserById, lockUser } from '../accounts/user-repository.js';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import { deleteLinksOfUser } from '../book/document-link-repository.js';
import { deleteKeptLinksOfUser } from '../book/kept-link-repository.js';
import { deleteDevicesOfUser } from '../device/device-repository.js';
import type { UserId } from '../domain/ids.js';
import { deleteReaderEverywhere } from '../library/library-reader-repository.js';
import { deleteHistory, someDocumentsWithHistory } from '../sync/progress-history-repository.js';
import { deleteProgress, someDocumentsOfUser } from '../sync/progress-repository.js';
import { deleteUnmatched, someUnmatchedOfUser } from '../sync/unmatched-repository.js';

/**
 * Documents of one transaction, each with up to 100 devices and 200 entries of history by default. Short transactions let
 * pushes take turns.
 */
const DOCUMENTS_AT_ONCE = 50;
/** Pushes of the user that are under way lock the same rows; a deadlock between them is soon over. */
const RETRIES = { attempts: 3 } as const;

/**
 * Removes a user with API keys, sessions, access to libraries, own links, devices and progress.
 *
 * The user's own row is deleted last: if a step fails, whoever asked for the removal can still log in and ask again.
 * Afterwards progress and devices are deleted once more, because pushes may have arrived meanwhile. Ids are never used
 * twice. A push that another server accepts later, for as long as it caches the user, leaves at worst a row that nobody
 * can read.
 *
 * @returns `false` when the user is an owner, or has become one meanwhile: the user is not removed then
 */
export async function removeUser(store: Store, id: UserId): Promise<boolean> {
  if ((await findUserById(store, id))?.isOwner === true) return false;
  await inTransaction(store, (transaction) => deleteKeysOfUser(transaction, id), RETRIES);
  await deleteSessions(store, { userId: id, apiKeyId: undefined });
  await deleteConsoleLinksOfUser(store, id);
  await inTransaction(store, (transaction) => deleteReaderEverywhere(transaction, id), RETRIES);
  await inTransaction(store, (transaction) => deleteLinksOfUser(transaction, id), RETRIES);
  await inTransaction(store, (transaction) => deleteKeptLinksOfUser(transaction, id), RETRIES);
  await removeProgressAndDevices(store, id);
  if (!(await deleteUnlessOwner(store, id))) return false;
  await removeProgressAndDevices(store, id);
  return true;
}

function deleteUnlessOwner(store: Store, id: UserId): Promise<boolean> {
  return inTransaction(
    store,
    async (transaction) => {
      // Locked, so that nobody makes the user an owner between the check and the deletion.
      if ((await lockUser(transaction, id))?.isOwner === true) return false;
      await deleteUserRow(transaction, id);
      return true;
    },
    RETRIES,
  );
}

async function removeProgressAndDevices(store: Store, id: UserId): Promise<void> {
  for (;;) {
    // Read outside of the transaction: a transaction of SQLite keeps pushes waiting from its beginning.
    const documents = await someDocumentsOfUser(store, id, DOCUMENTS_AT_ONCE);
    if (documents.length === 0) break;
    await inTransaction(store, (transaction) => deleteProgress(transaction, id, documents), RETRIES);
  }
  // Of documents whose progress was removed before: a server may have written entries that it was about to write.
  for (;;) {
    const documents = await someDocumentsWithHistory(store, id, DOCUMENTS_AT_ONCE);
    if (documents.length === 0) break;
    await inTransaction(store, (transaction) => deleteHistory(transaction, id, documents), RETRIES);
  }
  for (;;) {
    const documents = await someUnmatchedOfUser(store, id, DOCUMENTS_AT_ONCE);
    if (documents.length === 0) break;
    await inTransaction(store, (transaction) => deleteUnmatched(transaction, id, documents), RETRIES);
  }
  await inTransaction(store, (transaction) => deleteDevicesOfUser(transaction, id), RETRIES);
}
