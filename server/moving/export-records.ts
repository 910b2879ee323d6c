import { apiKeysPage } from '../accounts/keys/api-key-repository.js';
import { parseStoredHash } from '../accounts/passwords/scrypt-hash.js';
import type { UserSummary } from '../accounts/user.js';
import { namesOfUsers, usersPage } from '../accounts/user-repository.js';
import { booksById } from '../book/book-repository.js';
import type { DocumentLink } from '../book/document-link.js';
import { linksPage } from '../book/document-link-repository.js';
import type { Store } from '../database/store.js';
import { devicesPage } from '../device/device-repository.js';
import type { ReaderDevice } from '../device/device.js';
import type { Document } from '../domain/document.js';
import { otherDevicePositions } from '../sync/device-progress-repository.js';
import { metadataOfDocuments } from '../sync/document-metadata-repository.js';
import { progressKeyText } from '../sync/progress-key.js';
import { historyOfDocuments } from '../sync/progress-history-repository.js';
import { progressPage } from '../sync/progress-repository.js';
import type { UnmatchedCursor } from '../sync/unmatched-document.js';
import { unmatchedPage } from '../sync/unmatched-repository.js';
import type {
  MovedHistory,
  MovedPlace,
  MovedPosition,
  MovedRecord,
  MovedRecords,
  MovedUser,
} from './moved-record.js';

/** Rows of one read. */
const ROWS_AT_ONCE = 500;
/** Documents of one read: each may have positions of some hundred devices. */
const DOCUMENTS_AT_ONCE = 200;
/** Documents whose history is read at once: each may have thousands of entries. */
const HISTORIES_AT_ONCE = 20;

/**
 * Everything that Dogear holds of its users, in the order in which it is moved in. Libraries and books are left out: a scan
 * finds them.
 *
 * Read in pages while the server runs. Each page is consistent; a push that arrives meanwhile is in it or not.
 *
 * @param withSecrets whether hashes of passwords and API keys are part of it
 */
export async function* exportRecords(
  store: Store,
  { withSecrets }: { readonly withSecrets: boolean },
): MovedRecords {
  for (let afterName: string | undefined; ;) {
    const users = await usersPage(store, { afterName, limit: ROWS_AT_ONCE });
    for (const user of users) yield* recordsOfUser(store, user, withSecrets);
    afterName = users.at(-1)?.name;
    if (users.length < ROWS_AT_ONCE) break;
  }
  yield* links(store);
}

async function* recordsOfUser(store: Store, user: UserSummary, withSecrets: boolean): MovedRecords {
  yield [userRecord(user, withSecrets)];
  if (withSecrets) yield* apiKeys(store, user);
  yield* devices(store, user);
  yield* positions(store, user);
  yield* unmatched(store, user);
}

function userRecord(user: UserSummary, withSecrets: boolean): MovedUser {
  const { name, isOwner, isDisabled, permissions, createdSeconds, passwordHash } = user;
  const hash = withSecrets && passwordHash !== undefined ? parseStoredHash(passwordHash) : undefined;
  return {
    kind: 'user',
    name,
    secret: hash === undefined ? { kind: 'none' } : { kind: 'hash', hash },
    account: { isOwner, isDisabled, permissions, createdSeconds },
  };
}

async function* apiKeys(store: Store, { id, name: userName }: UserSummary): MovedRecords {
  for (let afterId: Parameters<typeof apiKeysPage>[1]['afterId']; ;) {
    const rows = await apiKeysPage(store, { userId: id, afterId, limit: ROWS_AT_ONCE });
    yield rows.map((key) => ({
      kind: 'api-key',
      userName,
      name: key.name,
      prefix: key.prefix,
      secretHash: key.secretHash,
      permissions: key.permissions,
      createdSeconds: key.createdSeconds,
      expiresSeconds: key.expiresSeconds,
      lastUsedSeconds: key.lastUsedSeconds,
      revokedSeconds: key.revokedSeconds,
    }));
    afterId = rows.at(-1)?.id;
    if (rows.length < ROWS_AT_ONCE) return;
  }
}

async function* devices(store: Store, { id, name: userName }: UserSummary): MovedRecords {
  for (let afterKey: Buffer | undefined; ;) {
    const rows = await devicesPage(store, id, { afterKey, limit: ROWS_AT_ONCE });
    yield rows.map((device) => ({
      kind: 'device',
      userName,
      name: device.name,
      id: device.readerId,
      friendlyName: device.friendlyName,
      firstSeenSeconds: device.firstSeenSeconds,
      lastSeenSeconds: device.lastSeenSeconds,
    }));
    afterKey = rows.at(-1)?.key;
    if (rows.length < ROWS_AT_ONCE) return;
  }
}

/** The positions of all devices, and the history of each document behind them: without progress there is no history. */
async function* positions(store: Store, { id: userId, name: userName }: UserSummary): MovedRecords {
  for (let after: Document | undefined; ;) {
    const newest = await progressPage(store, userId, { after, limit: DOCUMENTS_AT_ONCE });
    const others = await otherDevicePositions(
      store,
      newest.map((progress) => ({ userId, ...progress })),
    );
    const metadata = await metadataOfDocuments(
      store,
      userId,
      newest.map(({ document }) => document),
    );
    const records: MovedRecord[] = [];
    for (const progress of newest) {
      const key = progressKeyText({ userId, document: progress.document });
      records.push({
        ...positionRecord(userName, progress),
        isNewest: true,
        metadataJson: metadata.get(progress.document),
      });
      for (const other of others.get(key) ?? []) records.push(positionRecord(userName, other));
    }
    yield records;
    for (let start = 0; start < newest.length; start += HISTORIES_AT_ONCE) {
      const documents = newest.slice(start, start + HISTORIES_AT_ONCE).map(({ document }) => document);
      const histories = await historyOfDocuments(store, userId, documents);
      yield [...histories].map(([document, entries]): MovedHistory => ({
        kind: 'history',
        userName,
        document,
        entries: entries.map((entry) => movedPlace(userName, entry)),
      }));
    }
    after = newest.at(-1)?.document;
    if (newest.length < DOCUMENTS_AT_ONCE) return;
  }
}

interface ShownPlace {
  readonly document: Document;
  readonly position: string;
  readonly percentage: number;
  readonly device: ReaderDevice;
  readonly pushedMs: number;
}

function movedPlace(userName: string, place: ShownPlace): MovedPlace {
  const { document, position, percentage, device, pushedMs } = place;
  return { userName, document, position, percentage, deviceName: device.name, deviceId: device.id, pushedMs };
}

function positionRecord(userName: string, place: ShownPlace): MovedPosition {
  return { kind: 'position', ...movedPlace(userName, place) };
}

async function* unmatched(store: Store, { id, name: userName }: UserSummary): MovedRecords {
  for (let after: UnmatchedCursor | undefined; ;) {
    const rows = await unmatchedPage(store, id, { after, limit: ROWS_AT_ONCE });
    yield rows.map((row) => ({
      kind: 'unmatched',
      ...movedPlace(userName, { ...row, pushedMs: row.lastSeenMs }),
      firstSeenMs: row.firstSeenMs,
      pushes: row.pushes,
      metadataJson: row.metadataJson,
    }));
    after = rows.at(-1);
    if (rows.length < ROWS_AT_ONCE) return;
  }
}

/** Links to books without a digest are left out: nothing says which books they are elsewhere. */
async function* links(store: Store): MovedRecords {
  for (let after: DocumentLink | undefined; ;) {
    const rows = await linksPage(store, { after, limit: ROWS_AT_ONCE });
    const books = new Map(
      (await booksById(store, [...new Set(rows.map(({ bookId }) => bookId))])).map((book) => [book.id, book]),
    );
    const ids = rows.flatMap(({ linkedFor, linkedBy }) => [
      ...(linkedFor === 'everybody' ? [] : [linkedFor]),
      ...(linkedBy === undefined ? [] : [linkedBy]),
    ]);
    const names = await namesOfUsers(store, [...new Set(ids)]);
    yield rows.flatMap((link): readonly MovedRecord[] => {
      const partialMd5 = books.get(link.bookId)?.partialMd5;
      const userName = link.linkedFor === 'everybody' ? undefined : names.get(link.linkedFor);
      // A link may outlive its user for a moment.
      if (partialMd5 === undefined || (link.linkedFor !== 'everybody' && userName === undefined)) return [];
      return [
        {
          kind: 'link',
          document: link.document,
          userName,
          linkedBy: link.linkedBy === undefined ? undefined : names.get(link.linkedBy),
          linkedSeconds: link.linkedSeconds,
          partialMd5: partialMd5.toString('hex'),
        },
      ];
    });
    after = rows.at(-1);
    if (rows.length < ROWS_AT_ONCE) return;
  }
}
