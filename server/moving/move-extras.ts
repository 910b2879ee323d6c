import { API_KEY_NAME_CHARACTERS } from '../accounts/keys/add-api-key.js';
import { insertApiKey } from '../accounts/keys/api-key-repository.js';
import { parseApiKeyPrefix } from '../accounts/keys/api-key-text.js';
import { insertDocumentLink } from '../book/document-link-repository.js';
import { booksOfDigests } from '../book/digest-repository.js';
import { markChanges } from '../changes/change-mark-repository.js';
import { inTransaction } from '../database/transaction.js';
import type { Store } from '../database/store.js';
import { DEVICE_BYTES, deviceKey, FRIENDLY_NAME_CHARACTERS } from '../device/device.js';
import { type MergedDevice, mergeSeenDevices } from '../device/device-repository.js';
import { parseDocument } from '../domain/document.js';
import { isShownName } from '../domain/single-line.js';
import type { LibraryId, UserId } from '../domain/ids.js';
import { readLibraryAccess } from '../library/library-reader-repository.js';
import { isVisibleIn } from '../library/library-visibility.js';
import { arrivalBeforePushes, type ProgressPush } from '../sync/progress.js';
import { progressKeyText } from '../sync/progress-key.js';
import {
  deleteHistoryWithoutProgress,
  insertHistory,
  lastEntries,
  type NumberedEntry,
} from '../sync/progress-history-repository.js';
import type { UnmatchedDocument } from '../sync/unmatched-document.js';
import { insertUnmatched } from '../sync/unmatched-repository.js';
import { type MoveContext, movedUser, NOBODY, ofKind } from './move-context.js';
import type {
  MovedApiKey,
  MovedDevice,
  MovedHistory,
  MovedLink,
  MovedRecord,
  MovedUnmatched,
} from './moved-record.js';
import { isWholeText, positionName, readPlace } from './read-place.js';

/** Takes over what only another Dogear gives. What is there of each already stays as it is. */
export async function moveExtras(
  store: Store,
  batch: readonly MovedRecord[],
  context: MoveContext,
): Promise<void> {
  for (const key of ofKind(batch, 'api-key')) await moveApiKey(store, key, context);
  await moveDevices(store, ofKind(batch, 'device'), context);
  await moveHistories(store, ofKind(batch, 'history'), context);
  await moveUnmatched(store, ofKind(batch, 'unmatched'), context);
  for (const link of ofKind(batch, 'link')) await moveLink(store, link, context);
}

const SHA256_BYTES = 32;

async function moveApiKey(store: Store, key: MovedApiKey, context: MoveContext): Promise<void> {
  const { isApplied, tally } = context;
  const userId = movedUser(context, key.userName);
  if (userId === undefined) return;
  const isHash = Buffer.from(key.secretHash, 'base64').length === SHA256_BYTES;
  if (
    !isHash ||
    parseApiKeyPrefix(key.prefix) === undefined ||
    !isShownName(key.name, API_KEY_NAME_CHARACTERS)
  ) {
    tally.leaveOut('api-key-refused', `${key.userName}: ${key.name}`);
    return;
  }
  tally.extras.apiKeys++;
  // One with the same secret is the same key.
  if (isApplied && userId !== 'new') await insertApiKey(store, { ...key, userId });
}

async function moveDevices(store: Store, moved: readonly MovedDevice[], context: MoveContext): Promise<void> {
  const devices = new Map<string, MergedDevice>();
  for (const device of moved) {
    const userId = movedUser(context, device.userName);
    if (userId === undefined) continue;
    const { name, id, friendlyName } = device;
    const isRefused =
      !isWholeText(name, DEVICE_BYTES) ||
      (id !== undefined && !isWholeText(id, DEVICE_BYTES)) ||
      (friendlyName !== undefined && !isShownName(friendlyName, FRIENDLY_NAME_CHARACTERS));
    if (isRefused) {
      context.tally.leaveOut('device-refused', `${device.userName}: ${name}`);
      continue;
    }
    context.tally.extras.devices++;
    if (!context.isApplied || userId === 'new') continue;
    const seen = {
      userId,
      device: { name, id },
      friendlyName,
      firstSeenSeconds: device.firstSeenSeconds,
      seenSeconds: device.lastSeenSeconds,
    };
    devices.set(`${String(userId)} ${deviceKey(seen.device)}`, seen);
  }
  if (devices.size === 0) return;
  const sorted = [...devices.values()].toSorted(
    (left, right) =>
      left.userId - right.userId || (deviceKey(left.device) < deviceKey(right.device) ? -1 : 1),
  );
  await inTransaction(store, async (transaction) => {
    await mergeSeenDevices(transaction, sorted);
    await markChanges(
      transaction,
      ['devices'],
      sorted.map(({ userId }) => userId),
    );
  });
}

/** Of a document that has a history here already, that stays: its entries are counted, and the two are not mixed. */
async function moveHistories(
  store: Store,
  moved: readonly MovedHistory[],
  context: MoveContext,
): Promise<void> {
  const histories: (readonly ProgressPush[])[] = [];
  for (const history of moved) {
    const userId = movedUser(context, history.userName);
    if (userId === undefined) continue;
    const entries = history.entries.map((entry) =>
      readPlace({ ...entry, document: history.document }, userId === 'new' ? NOBODY : userId, context),
    );
    const read = entries.filter((entry) => typeof entry !== 'string');
    for (let left = entries.length - read.length; left > 0; left--) {
      context.tally.leaveOut('history-refused', `${history.userName}: ${history.document}`);
    }
    context.tally.extras.histories++;
    if (context.isApplied && userId !== 'new' && read.length > 0) histories.push(read);
  }
  const keys = histories.flatMap(([first]) => first ?? []);
  if (keys.length === 0) return;
  await inTransaction(store, async (transaction) => {
    const last = await lastEntries(transaction, keys);
    const entries = histories.flatMap((history) => {
      const key = history[0] === undefined ? '' : progressKeyText(history[0]);
      return last.has(key) && last.get(key) === undefined ? numbered(history) : [];
    });
    await insertHistory(transaction, entries);
    await markChanges(
      transaction,
      ['progress'],
      entries.map(({ userId }) => userId),
    );
  });
  // The progress of some of them may have been forgotten during the transaction.
  await deleteHistoryWithoutProgress(store, keys);
}

/** In the order of the source, whatever its clock did. */
function numbered(history: readonly ProgressPush[]): readonly NumberedEntry[] {
  let arrival = Number.NEGATIVE_INFINITY;
  return history.map((entry, index) => {
    arrival = Math.max(arrival + 1, arrivalBeforePushes(entry.pushedMs));
    return { ...entry, arrival, entryNumber: index + 1 };
  });
}

async function moveUnmatched(
  store: Store,
  moved: readonly MovedUnmatched[],
  context: MoveContext,
): Promise<void> {
  const rows: UnmatchedDocument[] = [];
  for (const each of moved) {
    const userId = movedUser(context, each.userName);
    if (userId === undefined) continue;
    const place = readPlace(each, userId === 'new' ? NOBODY : userId, context);
    if (typeof place === 'string') {
      context.tally.leaveOut(place, positionName(each));
      continue;
    }
    context.tally.extras.unmatched++;
    const { firstSeenMs, pushes, metadataJson } = each;
    if (userId !== 'new') {
      rows.push({ ...place, userId, firstSeenMs, lastSeenMs: place.pushedMs, pushes, metadataJson });
    }
  }
  if (!context.isApplied || rows.length === 0) return;
  await inTransaction(store, async (transaction) => {
    await insertUnmatched(transaction, rows);
    await markChanges(
      transaction,
      ['progress'],
      rows.map(({ userId }) => userId),
    );
  });
}

async function moveLink(store: Store, link: MovedLink, context: MoveContext): Promise<void> {
  const { isApplied, tally, users } = context;
  const what = `${link.userName ?? 'everybody'}: ${link.document}`;
  const document = parseDocument(link.document);
  if (document === undefined) {
    tally.leaveOut('document-refused', what);
    return;
  }
  const user = link.userName === undefined ? 'everybody' : movedUser(context, link.userName);
  if (user === undefined) return;
  const access = await readLibraryAccess(store);
  const libraries = [...access.keys()];
  const isSeen =
    typeof user === 'number'
      ? isVisibleIn(access, user)
      : (library: LibraryId) => access.get(library) === 'everybody';
  const digests = [Buffer.from(link.partialMd5, 'hex')];
  // Several libraries may have the book. A link to a book that its user may not see does nothing.
  const [found = (await booksOfDigests(store, digests, libraries))[0]] = await booksOfDigests(
    store,
    digests,
    libraries.filter(isSeen),
  );
  if (found === undefined) {
    tally.leaveOut('book-not-here', what);
    return;
  }
  tally.extras.links++;
  if (!isApplied || user === 'new') return;
  const { linkedSeconds } = link;
  await insertDocumentLink(store, {
    document,
    bookId: found.book.id,
    linkedFor: user,
    linkedBy: knownId(link.linkedBy === undefined ? undefined : users.get(link.linkedBy)),
    linkedSeconds,
  });
}

function knownId(user: UserId | 'new' | 'left-out' | undefined): UserId | undefined {
  return typeof user === 'number' ? user : undefined;
}
