import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import LibsqlDatabase from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addUser } from '../../../server/accounts/add-user.js';
import { passwordKeyOf } from '../../../server/accounts/passwords/password-key.js';
import { passwordKeyMatches } from '../../../server/accounts/passwords/scrypt-hash.js';
import { findUserByName } from '../../../server/accounts/user-repository.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import { importKosyncSqlite } from '../../../server/moving/import-kosync-sqlite.js';
import { SQLITE } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { exported } from './round-trip.js';

const BOOK = 'a'.repeat(32);
const POINTER = '/body/DocFragment[3]/body/p[2]/text().7';
const THEN_MS = 1_700_000_000_000;
const PLACE = `'${POINTER}', 0.25, 'Kobo', 'K1', 1700000000`;

/** The tables that each server makes, as far as they matter, and a position of anna's in the book. */
const SERVERS: readonly {
  readonly name: string;
  readonly statements: readonly string[];
  readonly position?: object;
}[] = [
  {
    name: 'koreader-syncd',
    statements: [
      'create table users (username text primary key, password text)',
      'create table progress (document text, username text, device text, device_id text, progress text, percentage real, timestamp integer)',
      "insert into users values ('anna', '$argon2id$…')",
      `insert into progress (document, username, progress, percentage, device, device_id, timestamp) values ('${BOOK}', 'anna', ${PLACE})`,
    ],
  },
  {
    name: 'koreader-sync (nperez0111)',
    statements: [
      'create table users (id integer primary key, username text, password text)',
      'create table progress (id integer primary key, user_id integer, document text, progress text, percentage real, device text, device_id text, timestamp integer)',
      "insert into users values (4, 'anna', '$argon2id$…')",
      `insert into progress (user_id, document, progress, percentage, device, device_id, timestamp) values (4, '${BOOK}', ${PLACE})`,
    ],
  },
  {
    name: 'Calibre-Web-Automated',
    statements: [
      'create table user (id integer primary key, name varchar, password varchar)',
      'create table kosync_progress (id integer primary key, user_id integer, document text, progress text, percentage real, device text, device_id text, timestamp timestamp)',
      "insert into user values (4, 'anna', 'scrypt:…')",
      `insert into kosync_progress (user_id, document, progress, percentage, device, device_id, timestamp) values (4, '${BOOK}', '${POINTER}', 25, 'Kobo', 'K1', '2023-11-14 22:13:20.000000')`,
    ],
  },
  {
    name: 'Stump',
    statements: [
      'create table users (id text, username text)',
      'create table media (id text, koreader_hash text)',
      'create table registered_reading_devices (id text, name text)',
      'create table reading_sessions (user_id text, media_id text, koreader_progress text, percentage_completed real, device_id text, updated_at datetime)',
      "insert into users values ('u', 'anna')",
      `insert into media values ('m', '${BOOK}'), ('n', null)`,
      "insert into registered_reading_devices values ('K1', 'Kobo')",
      `insert into reading_sessions values ('u', 'm', '${POINTER}', 0.25, 'K1', ${String(THEN_MS)}), ('u', 'n', '3', 0.5, null, 5)`,
    ],
  },
  {
    name: 'Komga',
    statements: [
      'create table USER (ID varchar, EMAIL varchar)',
      'create table BOOK (ID varchar, FILE_HASH_KOREADER varchar)',
      'create table MEDIA (BOOK_ID varchar, MEDIA_TYPE varchar, PAGE_COUNT int)',
      'create table READ_PROGRESS (USER_ID varchar, BOOK_ID varchar, PAGE int, READ_DATE datetime, device_id varchar, device_name varchar)',
      "insert into USER values ('u', 'anna')",
      `insert into BOOK values ('comic', '${BOOK}'), ('novel', '${'b'.repeat(32)}'), ('other', '')`,
      "insert into MEDIA values ('comic', 'application/zip', 48), ('novel', 'application/epub+zip', 100), ('other', 'application/pdf', 3)",
      "insert into READ_PROGRESS values ('u', 'comic', 12, '2023-11-14 22:13:20', 'K1', 'Kobo'), ('u', 'novel', 1, null, '', ''), ('u', 'other', 1, null, '', '')",
    ],
    position: { progress: '12' },
  },
];

describe('an import from a server that keeps its positions in SQLite', { timeout: 60_000 }, () => {
  let store: TestStore;
  let folder: string;

  beforeEach(async () => {
    store = await openTestStore(SQLITE);
    folder = (await temporaryFolder()).path;
  });

  afterEach(() => store.close());

  function fileOf(statements: readonly string[]): string {
    const file = join(folder, 'other.db');
    const database = new LibsqlDatabase(file);
    for (const statement of statements) database.exec(statement);
    database.close();
    return file;
  }

  async function positions(): Promise<readonly unknown[]> {
    const lines = await exported(store);
    return lines
      .map((line): unknown => JSON.parse(line))
      .filter((line) => JSON.stringify(line).includes('"position"'));
  }

  it.each(SERVERS)(
    'takes the positions of $name for users who are here',
    async ({ name, statements, position }) => {
      const file = fileOf(statements);
      const options = { isApplied: true, isSameName: true };
      const without = await importKosyncSqlite(store, file, options);
      expect(without.layout).toBe(name);
      expect(Object.fromEntries(without.tally.leftOut)).toEqual({
        'no-such-user': { count: 1, named: ['anna'] },
        'user-left-out': { count: 1, named: ['anna'] },
      });
      await addUser(store, OPERATOR, {
        name: 'anna',
        password: 'new',
        permissions: new Set(),
        isOwner: false,
      });
      const unsure = await importKosyncSqlite(store, file, { ...options, isSameName: false });
      expect([...unsure.tally.leftOut.keys()]).toEqual(['unproven-user', 'user-left-out']);
      const { tally } = await importKosyncSqlite(store, file, options);
      expect([...tally.leftOut]).toEqual([]);
      expect(await positions()).toEqual([
        {
          type: 'position',
          user: 'anna',
          document: BOOK,
          progress: POINTER,
          percentage: 0.25,
          device: 'Kobo',
          device_id: 'K1',
          pushed_ms: THEN_MS,
          newest: true,
          ...position,
        },
      ]);
    },
  );

  it('takes the users of kosyncsrv with the keys of their readers, and the last position of each device', async () => {
    const file = fileOf([
      'create table "user" (username text, password text)',
      'create table "document" (username text, documentid text, percentage real, progress text, device text, device_id text, timestamp integer)',
      `insert into user values ('anna', '${passwordKeyOf('geheim')}'), (null, 'x'), ('b:c', 'x')`,
      `insert into document values ('anna', '${BOOK}', 0.25, '${POINTER}', 'Kobo', 'K1', 1700000000)`,
      `insert into document values ('anna', '${BOOK}', 0.5, 9, 'Kindle', 'K2', 1700000001)`,
      `insert into document values ('anna', '${BOOK}', 'much', '1', 'Kindle', 'K2', 'now'), ('anna', x'ff', 0.5, '1', 'K', 'K', 1)`,
    ]);
    const options = { isApplied: true, isSameName: false };
    const { layout, tally } = await importKosyncSqlite(store, file, options);
    expect(layout).toBe('kosyncsrv');
    expect([...tally.leftOut.keys()].toSorted()).toEqual([
      'document-refused',
      'name-refused',
      'percentage-refused',
    ]);
    expect(await positions()).toMatchObject([
      { device: 'Kindle', progress: '9', newest: true },
      { device: 'Kobo', progress: POINTER },
    ]);
    const anna = await findUserByName(store, 'anna');
    expect(await passwordKeyMatches(passwordKeyOf('geheim'), anna?.passwordHash ?? '')).toBe(true);
    expect((await importKosyncSqlite(store, file, options)).tally.positions).toMatchObject({
      added: 0,
      there: 2,
    });
  });

  it('says what the file is instead', async () => {
    const options = { isApplied: true, isSameName: false };
    const other = fileOf(['create table wine (year integer)']);
    await expect(importKosyncSqlite(store, other, options)).rejects.toThrow(
      /no server that is known: kosyncsrv.*wine/,
    );
    const own = store.url.slice('sqlite:'.length);
    await expect(importKosyncSqlite(store, own, options)).rejects.toThrow('a database of Dogear itself');
    const text = join(folder, 'text.db');
    await writeFile(text, 'no database at all, but some text');
    await expect(importKosyncSqlite(store, text, options)).rejects.toThrow(
      'cannot be read as a database of SQLite',
    );
    await expect(importKosyncSqlite(store, join(folder, 'gone.db'), options)).rejects.toThrow(
      'There is no file',
    );
    await expect(importKosyncSqlite(store, folder, options)).rejects.toThrow('Give the file of the database');
  });
});
