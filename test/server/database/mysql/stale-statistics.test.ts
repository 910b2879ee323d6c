import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Document, documentOfDigest, parseDocument } from '../../../../server/domain/document.js';
import {
  apiKeyId,
  type BookId,
  bookId,
  type LibraryId,
  sessionId,
  type UserId,
  userId,
} from '../../../../server/domain/ids.js';
import { apiKeysByHash, saveKeysLastUsed } from '../../../../server/accounts/keys/api-key-repository.js';
import {
  booksOfDigests,
  booksWithDigest,
  booksWithPartialMd5,
  cataloguedDocuments,
  keepFormerDigests,
  holdersOfDocuments,
  deleteNewBooks,
} from '../../../../server/book/digest-repository.js';
import { linkedBooks } from '../../../../server/book/document-link-repository.js';
import {
  bookAhead,
  booksAtPaths,
  booksInRange,
  countBooksInRange,
  lockBooks,
  markMissing,
  markPresent,
  nextBookRows,
  recordFailure,
  saveBooks,
} from '../../../../server/book/book-repository.js';
import { markChanges } from '../../../../server/changes/change-mark-repository.js';
import {
  deleteIdleSessions,
  deleteOldestSessions,
  saveSessionsLastUsed,
  sessionsBySecret,
  sessionsPage,
} from '../../../../server/accounts/sessions/session-repository.js';
import { bulkUpsert } from '../../../../server/database/bulk-write.js';
import { deviceKey } from '../../../../server/device/device.js';
import { devicesPage, saveSeenDevices } from '../../../../server/device/device-repository.js';
import { insertLibrary } from '../../../../server/library/library-repository.js';
import {
  documentsOfAllUsers,
  documentsOfUser,
  summariesOfDocuments,
  positionsPage,
} from '../../../../server/sync/device-progress-repository.js';
import {
  deleteHistoryUpTo,
  deleteSomeHistoryBefore,
  historyPage,
  insertHistory,
  lastEntries,
  someDocumentsWithHistory,
} from '../../../../server/sync/progress-history-repository.js';
import type { DocumentCursor } from '../../../../server/sync/progress.js';
import { readChangeSigns } from '../../../../server/overview/change-sign-repository.js';
import { newestProgress, type PushRow, savePushes } from '../../../../server/sync/progress-repository.js';
import type { Store } from '../../../../server/database/store.js';
import { inTransaction } from '../../../../server/database/transaction.js';
import { usersByLogin } from '../../../../server/accounts/user-repository.js';
import { removeUser } from '../../../../server/removal/remove-user.js';
import { MYSQL } from '../../../support/databases.js';
import { openTestStore, type TestStore } from '../../../support/open-test-store.js';
import { pushOf } from '../../../support/progress-push.js';
import { makeStatisticsStale, rowsRead } from '../../../support/stale-statistics.js';

/** Far more rows than a statement may read for its keys. */
const BOOKS = 30_000;
const ACCOUNTS = 30_000;
/** Accounts with progress and devices. */
const USERS = 20;
const DEVICES = 1500;
const DOCUMENTS = 1500;
/** Users with a history, and its entries in each document. */
const READERS = 3;
const HOUR_MS = 3_600_000;
const ENTRIES = 12;
/** Statements search several indexes for each key, and MySQL counts the rows of temporary tables too. */
const ROWS_A_KEY = 48;
/** The path before the last hundred books of the library. */
const NEAR_THE_END = pathOf(BOOKS - 101);

const VIEWER = {
  userId: userId(ACCOUNTS - 1),
  seesAllUsers: true,
  seesScans: true,
  visibility: 'all',
} as const;

type Statement = (store: Store, keys: number) => Promise<unknown>;

const ONCE = { key: ['id'], update: [] } as const;

describe('on MySQL, with statistics from before any row was written,', () => {
  let store: TestStore;
  let library: LibraryId;
  beforeAll(async () => {
    store = await openTestStore(MYSQL);
    library = await addBooks(store);
    await addProgress(store);
    await addAccounts(store);
    await addSessions(store);
    await addDevices(store);
    await addHistory(store);
    await addChangeMarks(store);
    await addLinks(store);
    await makeStatisticsStale(store, [
      'book',
      'former_digest',
      'document_progress',
      'device_progress',
      'document_metadata',
      'progress_history',
      'device',
      'user',
      'api_key',
      'session',
      'change_mark',
      'document_link',
    ]);
  });
  afterAll(() => store.close());

  it.each([1, 16, 64, 201, 256])('the newest progress of %i documents is read by key', async (count) => {
    const keys = Array.from({ length: count }, (_, index) => ({
      userId: userId(1 + (index % USERS)),
      document: documentOfDigest(partialMd5(index * 5)),
    }));
    const rows = await rowsRead(store, (session) => newestProgress(session, keys));
    expect(rows).toBeLessThan(100 + ROWS_A_KEY * count);
  });

  const byKeys: readonly (readonly [string, Statement])[] = [
    [
      'documents that are partial MD5s',
      (db, n) =>
        cataloguedDocuments(
          db,
          some(n, (i) => documentOfDigest(partialMd5(i))),
        ),
    ],
    [
      'documents that are filename MD5s',
      (db, n) =>
        cataloguedDocuments(
          db,
          some(n, (i) => documentOfDigest(filenameMd5(i))),
        ),
    ],
    [
      'documents that are former digests',
      (db, n) =>
        cataloguedDocuments(
          db,
          some(n, (i) => documentOfDigest(formerMd5(i))),
        ),
    ],
    [
      'unknown documents',
      (db, n) =>
        cataloguedDocuments(
          db,
          some(n, (index) => documentOfDigest(md5(`unknown ${index}`))),
        ),
    ],
    [
      'books of documents',
      (db, n) =>
        holdersOfDocuments(
          db,
          some(n, (i) => documentOfDigest(formerMd5(i))),
        ),
    ],
    ['books of linked documents', (db, n) => holdersOfDocuments(db, some(n, linkedOf))],
    ['documents that are linked', (db, n) => linkedBooks(db, some(n, linkedOf), [userId(1)], [library])],
    ['books of digests', (db, n) => booksOfDigests(db, some(n, formerMd5), [library])],
    ['where moved files were', (db, n) => booksWithPartialMd5(db, library, some(n, partialMd5))],
    ['books at paths', (db, n) => booksAtPaths(db, library, some(n, pathOf))],
    ['books that are locked', undone((db, n) => lockBooks(db, some(n, idOf)))],
    ['failures', undone((db, n) => recordFailure(db, some(n, idOf), 'gone'))],
    ['missing books', undone((db, n) => markMissing(db, some(n, idOf), 1))],
    ['books that are back', undone((db, n) => markPresent(db, some(n, idOf)))],
    ['books that are removed', undone((db, n) => deleteNewBooks(db, some(n, idOf)))],
    [
      'users by what arrives of their names',
      found((db, n) =>
        usersByLogin(
          db,
          some(n, (id) => `:h${String(id)}`),
        ),
      ),
    ],
    ['users', found((db, n) => usersByLogin(db, some(n, String)))],
    [
      'API keys with their users',
      found((db, n) =>
        apiKeysByHash(
          db,
          some(n, (index) => sha256(index).toString('base64')),
        ),
      ),
    ],
    [
      'uses of API keys',
      undone((db, n) =>
        saveKeysLastUsed(db, new Map(some(n, (index) => [apiKeyId(index + 1), userId(1)])), 2),
      ),
    ],
    [
      'sessions with their users and API keys',
      found((db, n) =>
        sessionsBySecret(
          db,
          some(n, (index) => sha256(index).toString('hex')),
        ),
      ),
    ],
    [
      'uses of sessions',
      undone((db, n) =>
        saveSessionsLastUsed(
          db,
          some(n, (index) => sessionId(index + 1)),
          2,
        ),
      ),
    ],
    ['sessions that have ended', undone((db, n) => deleteIdleSessions(db, 2, n))],
    [
      'the sessions of one user',
      async (db) => {
        const live = { passwordSha256: sha256(1), usedSinceSeconds: 0 };
        const owner = { userId: userId(7), apiKeyId: undefined };
        expect(await sessionsPage(db, owner, live, { afterId: undefined, limit: 50 })).toHaveLength(1);
        await undone((session) =>
          deleteOldestSessions(session, { userId: userId(7), apiKeyId: undefined }, 0),
        )(db, 1);
      },
    ],
    [
      'marks of changes',
      undone((db, n) =>
        markChanges(
          db,
          ['progress'],
          some(Math.min(n, 100), (index) => userId(index + 1)),
        ),
      ),
    ],
    [
      'pushes of a device that pushed before',
      (db, n) => savePushes(db, { pushes: pushesOf('Kobo', n), isLastDevice: () => true }),
    ],
    ['pushes of another device', (db, n) => savePushes(db, { pushes: pushesOf('Boox', n) })],
    [
      'the last entries of the history',
      found((db, n) =>
        lastEntries(
          db,
          some(n, (index) => keyOf(1 + (index % READERS), index % DOCUMENTS)),
        ),
      ),
    ],
    [
      'entries that are written',
      undone((db, n) =>
        insertHistory(
          db,
          some(n, (index) => entryOf(1, index % DOCUMENTS, ENTRIES + 1)),
        ),
      ),
    ],
    [
      'positions in documents',
      async (db, n) => {
        const documents = some(n, (index) => documentOfDigest(partialMd5(index % DOCUMENTS)));
        const page = await positionsPage(db, userId(1), documents, { after: undefined, limit: n });
        expect(page.length).toBe(n);
      },
    ],
  ];

  it.each(
    byKeys.flatMap(([name, statement]) => [16, 256, 500].map((count) => [name, count, statement] as const)),
  )('%s are found by key, %i at once', async (_, count, statement) => {
    const rows = await rowsRead(store, (session) => statement(session, count));
    expect(rows).toBeLessThan(Math.min(ROWS_A_KEY * count, BOOKS));
  });

  const pages: readonly (readonly [string, Statement])[] = [
    ['what a scan compares', (db, n) => nextBookRows(db, library, NEAR_THE_END, n)],
    ['books', (db, n) => booksInRange(db, rangeOf(library, n))],
    ['the book ahead', (db, n) => bookAhead(db, library, NEAR_THE_END, n)],
    ['counts', (db) => countBooksInRange(db, library, NEAR_THE_END, undefined)],
    [
      'books with a digest',
      (db, n) => booksWithDigest(db, formerMd5(3), { libraryIds: [library], afterId: undefined, limit: n }),
    ],
    ['what has changed', (db) => readChangeSigns(db, VIEWER, 1000)],
    [
      'devices of a user',
      async (db, n) => {
        const afterKey = keyOfDevice(DEVICES - 101);
        expect((await devicesPage(db, userId(USERS), { afterKey, limit: n })).length).toBe(n);
      },
    ],
  ];

  it.each(pages)('%s: a page near the end reads few rows beyond its own', async (_, statement) => {
    expect(await rowsRead(store, (session) => statement(session, 100))).toBeLessThan(500);
  });

  // MySQL counts the temporary tables too, with some ten rows for each document.
  it('of the documents of a user, and of all users, lists read those of the user, and those of the hours of the page', async () => {
    const after = await oldestDocuments(store, userId(USERS / 2), 101);
    const own = await rowsRead(store, async (session) => {
      expect(await documentsOfUser(session, after.userId, { after, limit: 100 })).toHaveLength(100);
    });
    expect(own).toBeLessThan(DOCUMENTS + 1300);
    const all = await rowsRead(store, async (session) => {
      expect(await documentsOfAllUsers(session, { after, limit: 200 })).toHaveLength(200);
    });
    // The rows of two hours are counted twice, because they are sorted.
    expect(all).toBeLessThan(4 * DOCUMENTS + 2600);
  });

  it.each([1, 250])('what lists show of %i documents is read by key', async (count) => {
    const keys = Array.from({ length: count }, (_, index) => ({
      userId: userId(1 + (index % USERS)),
      document: documentOfDigest(partialMd5(index * 5)),
    }));
    const rows = await rowsRead(store, (session) => summariesOfDocuments(session, keys));
    expect(rows).toBeLessThan(100 + ROWS_A_KEY * count);
  });

  it('the history of a document is read and shortened by key, and old entries are found by their time', async () => {
    const { document } = keyOf(2, 700);
    const after = { arrival: ENTRIES / 2, document };
    const page = await rowsRead(store, async (session) => {
      expect(await historyPage(session, userId(2), [document], { after, limit: 3 })).toHaveLength(3);
    });
    expect(page).toBeLessThan(40);
    const shortened = await rowsRead(store, (session) =>
      undone((db) => deleteHistoryUpTo(db, keyOf(2, 700), 5))(session, 1),
    );
    expect(shortened).toBeLessThan(40);
    const old = await rowsRead(store, (session) =>
      undone((db) => deleteSomeHistoryBefore(db, 3))(session, 1),
    );
    // All entries of two moments.
    expect(old).toBeLessThan(8 * 2 * READERS * DOCUMENTS);
    expect(await rowsRead(store, (session) => deleteSomeHistoryBefore(session, 1))).toBeLessThan(20);
    const documents = await rowsRead(store, async (session) => {
      expect(await someDocumentsWithHistory(session, userId(3), 50)).toHaveLength(50);
    });
    expect(documents).toBeLessThan(50 * (ENTRIES + 2) * 2);
  });

  it('removing a user reads no progress of others', async () => {
    const rows = await rowsRead(store, (session) => removeUser(session, userId(5)));
    // Four tables with a list of keys each, which MySQL counts as well, and the devices.
    expect(rows).toBeLessThan(14 * DOCUMENTS);
    const keys = [4, 5, 6].map((user) => ({
      userId: userId(user),
      document: documentOfDigest(partialMd5(7)),
    }));
    expect([...(await newestProgress(store, keys)).keys()]).toEqual([
      expect.stringMatching(/^4 /),
      expect.stringMatching(/^6 /),
    ]);
  });
});

/** Values of `count` different books from all over the table. */
function some<Value>(count: number, valueOf: (index: number) => Value): Value[] {
  return Array.from({ length: count }, (_, index) => valueOf((index * 59) % BOOKS));
}

/** Checks that every key is found: a statement that finds nothing reads few rows in any case. */
function found(statement: (store: Store, keys: number) => Promise<ReadonlyMap<string, unknown>>): Statement {
  return async (store, keys) => {
    expect((await statement(store, keys)).size).toBe(keys);
  };
}

/** Runs the statement in a transaction and rolls it back. */
function undone(statement: Statement): Statement {
  return async (store, keys) => {
    const undo = new Error('rolled back by the test');
    await expect(
      inTransaction(store, async (transaction) => {
        await statement(transaction, keys);
        throw undo;
      }),
    ).rejects.toBe(undo);
  };
}

function rangeOf(library: LibraryId, limit: number) {
  return { libraryId: library, after: NEAR_THE_END, upTo: undefined, holding: [], limit };
}

async function addBooks(store: Store): Promise<LibraryId> {
  const library = await insertLibrary(store, {
    name: 'large',
    root: Buffer.from('/nowhere'),
    extensions: undefined,
    koreaderHashes: true,
  });
  if (library === undefined) throw new Error('a library of this name exists already');
  const books = Array.from({ length: BOOKS }, (_, index) => ({
    libraryId: library.id,
    path: pathOf(index),
    sizeBytes: 1,
    modifiedNs: 1n,
    digests: { partialMd5: partialMd5(index), filenameMd5: filenameMd5(index) },
    failure: undefined,
  }));
  await saveBooks(store, books, 1);
  const replaced = books.map((_, index) => ({
    bookId: idOf(index),
    kind: 'partial' as const,
    digest: formerMd5(index),
  }));
  await keepFormerDigests(store, replaced, 1);
  return library.id;
}

/** Pushes to documents of user 1, in the order of their keys. */
function pushesOf(device: string, count: number): readonly PushRow[] {
  const documents = some(count, (index) => documentOfDigest(partialMd5(index % DOCUMENTS)));
  return [...new Set(documents)].toSorted().map((document, arrivalIndex) => ({
    push: { ...pushOf(document, device, 'there'), userId: userId(1) },
    arrivalIndex,
  }));
}

/** Each user in an hour of one's own. */
async function addProgress(store: Store): Promise<void> {
  const documents = Array.from({ length: DOCUMENTS }, (_, index) =>
    documentOfDigest(partialMd5(index)),
  ).toSorted();
  for (let user = 1; user <= USERS; user += 1) {
    const pushes = documents.map((document, arrivalIndex) => ({
      push: { ...pushOf(document, 'Kobo', 'here'), userId: userId(user), pushedMs: user * HOUR_MS },
      arrivalIndex,
    }));
    await savePushes(store, { pushes });
  }
}

function keyOf(user: number, index: number) {
  return { userId: userId(user), document: documentOfDigest(partialMd5(index)) };
}

function entryOf(user: number, index: number, number: number) {
  const { percentage, position, device } = pushOf('d', 'Kobo', 'here');
  return {
    ...keyOf(user, index),
    arrival: number,
    entryNumber: number,
    pushedMs: number,
    percentage,
    position,
    device,
  };
}

async function addHistory(store: Store): Promise<void> {
  for (let user = 1; user <= READERS; user += 1) {
    for (let number = 1; number <= ENTRIES; number += 1) {
      await insertHistory(
        store,
        Array.from({ length: DOCUMENTS }, (_, index) => entryOf(user, index, number)),
      );
    }
  }
}

const USER_COLUMNS = ['name', 'header_name', 'is_owner', 'permissions', 'is_disabled', 'created_s'];

/** Users whose names are numbers, each with one API key whose secret is the same number. */
async function addAccounts(store: Store): Promise<void> {
  const accounts = Array.from({ length: ACCOUNTS }, (_, index) => index);
  await bulkUpsert(
    store,
    { table: 'user', columns: USER_COLUMNS, ...ONCE },
    accounts.flatMap((index) => [String(index), `h${String(index)}`, 0, '', 0, 1]),
  );
  await bulkUpsert(
    store,
    {
      table: 'api_key',
      columns: ['user_id', 'name', 'prefix', 'secret_sha256', 'permissions', 'created_s'],
      ...ONCE,
    },
    accounts.flatMap((index) => [index + 1, '', String(index), sha256(index), '', 1]),
  );
}

/** A session of each user, with the user's API key and the same secret. */
async function addSessions(store: Store): Promise<void> {
  const columns = [
    'user_id',
    'secret_sha256',
    'password_sha256',
    'api_key_id',
    'via',
    'created_s',
    'last_used_s',
  ];
  await bulkUpsert(
    store,
    { table: 'session', columns, ...ONCE },
    Array.from({ length: ACCOUNTS }, (_, index) => [
      index + 1,
      sha256(index),
      sha256(1),
      index + 1,
      'api-key',
      1,
      1,
    ]).flat(),
  );
}

function sha256(index: number): Buffer {
  return createHash('sha256').update(String(index)).digest();
}

async function addChangeMarks(store: Store): Promise<void> {
  await bulkUpsert(
    store,
    {
      table: 'change_mark',
      columns: ['user_id', 'topic', 'revision'],
      key: ['user_id', 'topic'],
      update: [],
    },
    Array.from({ length: ACCOUNTS }, (_, index) => [index + 1, 'progress', 1]).flat(),
  );
}

async function addDevices(store: Store): Promise<void> {
  for (let user = 1; user <= USERS; user += 1) {
    const names = Array.from({ length: DEVICES }, (_, index) => nameOfDevice(index));
    // In the order of their device keys.
    const devices = ['Kobo', ...names].map((name) => ({ name, id: name }));
    await saveSeenDevices(
      store,
      devices.map((device) => ({ userId: userId(user), device, seenSeconds: 1 })),
    );
  }
}

/** A place in the list of the newest pushes with fewer than `count` documents of the user behind it. */
async function oldestDocuments(store: Store, user: UserId, count: number): Promise<DocumentCursor> {
  const { arrival, document, pushed_hour } = await store.db
    .selectFrom('document_progress')
    .select(['arrival', 'document', 'pushed_hour'])
    .where('user_id', '=', user)
    .orderBy('arrival')
    .orderBy('document')
    .offset(count - 1)
    .limit(1)
    .executeTakeFirstOrThrow();
  const name = parseDocument(document.toString());
  if (name === undefined) throw new Error('no document');
  return { pushedHour: pushed_hour, arrival: Number(arrival), userId: user, document: name };
}

function nameOfDevice(index: number): string {
  return `device ${String(index).padStart(6, '0')}`;
}

function keyOfDevice(index: number): Buffer {
  const name = nameOfDevice(index);
  return Buffer.from(deviceKey({ name, id: name }));
}

function pathOf(index: number): Buffer {
  return Buffer.from(`book ${String(index).padStart(6, '0')}.epub`);
}

/** The ids that a fresh table assigns, from 1 on. */
function idOf(index: number): BookId {
  return bookId(index + 1);
}

function partialMd5(index: number): Buffer {
  return md5(`content ${index}`);
}

function filenameMd5(index: number): Buffer {
  return md5(`name ${index}`);
}

function linkedOf(index: number): Document {
  const document = parseDocument(`linked ${String(index)}`);
  if (document === undefined) throw new Error('the test is wrong');
  return document;
}

/** Links for everybody, but none to the books that other statements look for. */
async function addLinks(store: Store): Promise<void> {
  const columns = ['document', 'user_id', 'book_id', 'linked_s'];
  await bulkUpsert(
    store,
    { table: 'document_link', columns, key: ['document', 'user_id'], update: [] },
    Array.from({ length: BOOKS }, (_, index) => [
      Buffer.from(linkedOf(index)),
      0,
      idOf(index % 59 === 0 ? index + 1 : index),
      1,
    ]).flat(),
  );
}

function formerMd5(index: number): Buffer {
  return md5(`former ${index}`);
}

function md5(text: string): Buffer {
  return createHash('md5').update(text).digest();
}
