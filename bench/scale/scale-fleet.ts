import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newApiKey } from '../../server/accounts/keys/api-key-secret.js';
import { migrate } from '../../server/database/migrate.js';
import { openStore, type Store } from '../../server/database/store.js';
import { saveSeenDevices } from '../../server/device/device-repository.js';
import type { UserId } from '../../server/domain/ids.js';
import { formatPermissions } from '../../server/accounts/user-repository.js';
import { insertHistory } from '../../server/sync/progress-history-repository.js';
import { savePushes } from '../../server/sync/progress-repository.js';
import { addBooks, chunks, documentOf, type Fleet, pushOf, SYNC } from '../sync/fleet.js';

export interface ScaleFleetSize {
  readonly users: number;
  /** Of each user: the next ones of the list for the next user, and from the beginning at its end. */
  readonly own: number;
  /** In the library. */
  readonly books: number;
  /** Users for whom the history has an entry of each of their books. */
  readonly usersWithHistory: number;
}

export interface ScaleFleet extends Fleet {
  /** The keys of the first users: few enough for a server to remember them all. */
  readonly fewKeysFile: string;
}

const FEW = 200;

/**
 * Fills a database as readers do in the course of time: the first book of everybody, then the second of everybody, so that
 * rows come between those that are there, and pages are as full as they become in that way.
 *
 * @param beforeRows called when the tables and the library are there, and nothing of users
 */
export async function makeScaleFleet(
  databaseUrl: string,
  folder: string,
  { users: userCount, own, books, usersWithHistory }: ScaleFleetSize,
  beforeRows: () => Promise<void>,
): Promise<ScaleFleet> {
  const store = await openStore(databaseUrl, { connections: 4 });
  try {
    await migrate(store);
    await addBooks(store, books);
    await beforeRows();
    const keys = await addUsersWithKeys(store, userCount);
    const rows = await store.db.selectFrom('user').select('id').orderBy('id').execute();
    const users = rows.map(({ id }) => id);
    for (let place = 0; place < own; place += 1) await addPlaces(store, users, { own, books, place });
    const withHistory = users.slice(0, usersWithHistory);
    for (let place = 0; place < own; place += 1) await addHistory(store, withHistory, { own, books, place });
    const files = {
      keysFile: join(folder, `scale-${userCount}-keys.txt`),
      fewKeysFile: join(folder, `scale-${userCount}-few-keys.txt`),
      documentsFile: join(folder, `scale-${userCount}-documents.txt`),
    };
    const linesOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
    writeFileSync(files.keysFile, linesOf(keys), { mode: 0o600 });
    writeFileSync(files.fewKeysFile, linesOf(keys.slice(0, FEW)), { mode: 0o600 });
    writeFileSync(files.documentsFile, linesOf(Array.from({ length: books }, (_, book) => documentOf(book))));
    return files;
  } finally {
    await store.close();
  }
}

/** Many in a statement, where those of the program add one. */
async function addUsersWithKeys(store: Store, count: number): Promise<string[]> {
  const keys = Array.from({ length: count }, newApiKey);
  const permissions = formatPermissions(SYNC);
  for (const places of chunks(count)) {
    const users = places.map((place) => ({
      name: `reader${place + 1}`,
      password_hash: null,
      is_owner: 0 as const,
      permissions,
      is_disabled: 0 as const,
      created_s: 1_700_000_000,
      header_name: null,
    }));
    await store.db.insertInto('user').values(users).execute();
  }
  const rows = await store.db.selectFrom('user').select('id').orderBy('id').execute();
  for (const places of chunks(count)) {
    const values = places.flatMap((place) => {
      const [key, user] = [keys[place], rows[place]];
      if (key === undefined || user === undefined) return [];
      const secret = Buffer.from(key.secretHash, 'base64');
      return {
        user_id: user.id,
        name: 'bench',
        prefix: `${key.prefix}-${secret.toString('hex').slice(0, 11)}`,
        secret_sha256: secret,
        permissions,
        created_s: 1_700_000_000,
        expires_s: null,
        last_used_s: null,
        revoked_s: null,
      };
    });
    await store.db.insertInto('api_key').values(values).execute();
    await saveSeenDevices(
      store,
      places.flatMap((place) => {
        const user = rows[place];
        if (user === undefined) return [];
        const { device } = pushOf(user.id, place + 1, documentOf(0));
        return { userId: user.id, device, seenSeconds: 1_700_000_000 };
      }),
    );
  }
  return keys.map(({ text }) => text);
}

interface Place {
  readonly own: number;
  readonly books: number;
  /** Which of the books of each user. */
  readonly place: number;
}

function pushesOf(users: readonly UserId[], indices: readonly number[], { own, books, place }: Place) {
  return indices.flatMap((index) => {
    const userId = users[index];
    return userId === undefined ? [] : [pushOf(userId, index + 1, documentOf((index * own + place) % books))];
  });
}

async function addPlaces(store: Store, users: readonly UserId[], place: Place): Promise<void> {
  for (const indices of chunks(users.length)) {
    const pushes = pushesOf(users, indices, place);
    await savePushes(store, { pushes: pushes.map((push, arrivalIndex) => ({ push, arrivalIndex })) });
  }
}

async function addHistory(store: Store, users: readonly UserId[], place: Place): Promise<void> {
  for (const indices of chunks(users.length)) {
    const entries = pushesOf(users, indices, place).map((push) => ({ ...push, arrival: 1, entryNumber: 1 }));
    await insertHistory(store, entries);
  }
}
