import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newApiKey } from '../../server/accounts/keys/api-key-secret.js';
import { type Document, parseDocument } from '../../server/domain/document.js';
import type { UserId } from '../../server/domain/ids.js';
import type { Permission } from '../../server/domain/permission.js';
import { type Fraction, parseFraction, type ProgressPush } from '../../server/sync/progress.js';
import { insertApiKey } from '../../server/accounts/keys/api-key-repository.js';
import { saveBooks } from '../../server/book/book-repository.js';
import { insertLibrary } from '../../server/library/library-repository.js';
import { migrate } from '../../server/database/migrate.js';
import { savePushes } from '../../server/sync/progress-repository.js';
import { openStore, type Store } from '../../server/database/store.js';
import { insertUser } from '../../server/accounts/user-repository.js';

export interface FleetSize {
  readonly users: number;
  /** Documents that the readers push and pull, each a book of a library. */
  readonly documents: number;
  /** More books, and more progress of the same users in other documents, to fill the database. */
  readonly furtherBooks: number;
  readonly furtherProgress: number;
}

/** Input of the load generators. */
export interface Fleet {
  readonly keysFile: string;
  readonly documentsFile: string;
}

/** Rows of one statement. */
const ROWS_AT_ONCE = 500;
export const SYNC: ReadonlySet<Permission> = new Set<Permission>(['feature:koreader_sync']);

/**
 * Fills a database with a fleet of readers: users with an API key each, a library with the documents that they read,
 * and progress of every user in every document. The rows are written by the program's own repositories.
 */
export async function makeFleet(databaseUrl: string, folder: string, size: FleetSize): Promise<Fleet> {
  const store = await openStore(databaseUrl, { connections: 4 });
  try {
    await migrate(store);
    const { users, keys } = await addUsers(store, size.users);
    await addBooks(store, size.documents + size.furtherBooks);
    await addProgress(store, users, size.documents + Math.ceil(size.furtherProgress / users.length));
    const name = createHash('md5').update(databaseUrl).digest('hex').slice(0, 8);
    const keysFile = join(folder, `keys-${name}.txt`);
    const documentsFile = join(folder, `documents-${name}.txt`);
    writeFileSync(keysFile, keys.map((key) => `${key}\n`).join(''), { mode: 0o600 });
    const documents = Array.from({ length: size.documents }, (_, index) => `${documentOf(index)}\n`);
    writeFileSync(documentsFile, documents.join(''));
    return { keysFile, documentsFile };
  } finally {
    await store.close();
  }
}

async function addUsers(store: Store, count: number) {
  const users: UserId[] = [];
  const keys: string[] = [];
  for (let index = 1; index <= count; index += 1) {
    const name = `reader${index}`;
    const user = await insertUser(store, {
      name,
      passwordHash: undefined,
      isOwner: false,
      permissions: SYNC,
    });
    const { text, prefix, secretHash } = newApiKey();
    const row = { name: 'bench', prefix, secretHash, permissions: SYNC, expiresSeconds: undefined };
    if (user === undefined || (await insertApiKey(store, { ...row, userId: user.id })) === undefined) {
      throw new Error(`${name} cannot be added`);
    }
    users.push(user.id);
    keys.push(text);
  }
  return { users, keys };
}

/** A library with so many books, whose documents `documentOf` names. */
export async function addBooks(store: Store, count: number): Promise<void> {
  const library = await insertLibrary(store, {
    name: 'fleet',
    root: Buffer.from('/nowhere'),
    extensions: undefined,
    koreaderHashes: true,
  });
  if (library === undefined) throw new Error('the database is not empty');
  for (const indices of chunks(count)) {
    const records = indices.map((index) => {
      const path = `Author ${String(index % 5000).padStart(4, '0')}/Title ${index}/Title ${index}.epub`;
      return {
        libraryId: library.id,
        path: Buffer.from(path),
        sizeBytes: 1_000_000 + index,
        modifiedNs: 1_700_000_000_000_000_000n + BigInt(index),
        digests: { partialMd5: md5(documentSeed(index)), filenameMd5: md5(path) },
        failure: undefined,
      };
    });
    await saveBooks(store, records, Date.now());
  }
}

/** In the order of the primary key, which `savePushes` requires. */
async function addProgress(store: Store, users: readonly UserId[], documentsEach: number): Promise<void> {
  const documents = Array.from({ length: documentsEach }, (_, index) => documentOf(index)).toSorted();
  for (const [user, userId] of users.entries()) {
    for (const indices of chunks(documents.length)) {
      const pushes = indices.flatMap((index, arrivalIndex) => {
        const document = documents[index];
        return document === undefined ? [] : [{ push: pushOf(userId, user + 1, document), arrivalIndex }];
      });
      await savePushes(store, { pushes });
    }
  }
}

/** A push of the device that the load generators use for this user. */
export function pushOf(userId: UserId, user: number, document: Document): ProgressPush {
  return {
    userId,
    document,
    position: '/body/DocFragment[20]/body/div/p[100]/text().0',
    percentage: HALF,
    device: { name: 'Kobo_nova', id: `BENCH${String(user).padStart(4, '0')}` },
    metadataJson: undefined,
    pushedMs: Date.now(),
  };
}

const HALF = fraction(0.5);

function fraction(value: number): Fraction {
  const parsed = parseFraction(value);
  if (parsed === undefined) throw new RangeError(`${value} is no fraction`);
  return parsed;
}

/** The document of a book of the fleet, by its place from 0. */
export function documentOf(index: number): Document {
  const document = parseDocument(md5(documentSeed(index)).toString('hex'));
  if (document === undefined) throw new Error('a digest is a document');
  return document;
}

function documentSeed(index: number): string {
  return `bench document ${index}`;
}

function md5(text: string): Buffer {
  return createHash('md5').update(text).digest();
}

/** The numbers below `count`, as many at once as a statement has rows. */
export function* chunks(count: number): Generator<readonly number[]> {
  for (let start = 0; start < count; start += ROWS_AT_ONCE) {
    yield Array.from({ length: Math.min(ROWS_AT_ONCE, count - start) }, (_, place) => start + place);
  }
}
