import type { Selectable } from 'kysely';
import type { LibraryId } from '../domain/ids.js';
import type { Library } from './library.js';
import {
  BOOKS_BY_ID,
  byIndex,
  deleteByIndex,
  FORMER_DIGESTS_OF_BOOKS,
  LIBRARY_AND_PATH,
} from '../database/by-index.js';
import { isDuplicateKey } from '../database/duplicate-key.js';
import type { LibraryTable } from '../database/schema.js';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';

export interface NewLibrary {
  readonly name: string;
  readonly root: Buffer;
  readonly extensions: readonly string[] | undefined;
  readonly koreaderHashes: boolean;
}

/** @returns `undefined` when the name is taken */
export async function insertLibrary(store: Store, library: NewLibrary): Promise<Library | undefined> {
  if ((await findLibraryByName(store, library.name)) !== undefined) return undefined;
  const values = {
    name: library.name,
    root: library.root,
    extensions: library.extensions === undefined ? null : JSON.stringify(library.extensions),
    koreader_hashes: library.koreaderHashes ? 1 : 0,
    created_s: Math.floor(Date.now() / 1000),
  } as const;
  try {
    await store.db.insertInto('library').values(values).execute();
  } catch (error) {
    // Two may ask for one name at once, so it is the unique key that decides.
    if (isDuplicateKey(error)) return undefined;
    throw error;
  }
  return findLibraryByName(store, library.name);
}

export async function listLibraries(store: Store): Promise<readonly Library[]> {
  const rows = await store.db.selectFrom('library').selectAll().orderBy('name').execute();
  return rows.map(toLibrary);
}

export async function findLibraryByName(store: Store, name: string): Promise<Library | undefined> {
  const row = await store.db.selectFrom('library').selectAll().where('name', '=', name).executeTakeFirst();
  return row === undefined ? undefined : toLibrary(row);
}

export async function findLibraryById(store: Store, id: LibraryId): Promise<Library | undefined> {
  const row = await store.db.selectFrom('library').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toLibrary(row);
}

/** Takes the library's row until the transaction ends, so that two scans of it are not begun at once. */
export async function lockLibrary(store: Store, id: LibraryId): Promise<Library | undefined> {
  const query = store.db.selectFrom('library').selectAll().where('id', '=', id);
  const row = await (store.dialect === 'mysql' ? query.forUpdate() : query).executeTakeFirst();
  return row === undefined ? undefined : toLibrary(row);
}

export interface LibraryChanges {
  readonly name?: string;
  readonly root?: Buffer;
  /** Present and `undefined`: every extension that KOReader opens. */
  readonly extensions?: readonly string[] | undefined;
  readonly koreaderHashes?: boolean;
}

/** @returns `false` when the new name is taken */
export async function updateLibrary(store: Store, id: LibraryId, changes: LibraryChanges): Promise<boolean> {
  const set = {
    ...(changes.name === undefined ? {} : { name: changes.name }),
    ...(changes.root === undefined ? {} : { root: changes.root }),
    ...('extensions' in changes
      ? { extensions: changes.extensions === undefined ? null : JSON.stringify(changes.extensions) }
      : {}),
    ...(changes.koreaderHashes === undefined
      ? {}
      : { koreader_hashes: changes.koreaderHashes ? (1 as const) : (0 as const) }),
  };
  if (Object.keys(set).length === 0) return true;
  try {
    await store.db.updateTable('library').set(set).where('id', '=', id).execute();
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}

/** Books that one transaction of a removal takes along: short ones, so that others get their turn. */
const REMOVED_AT_ONCE = 500;
/** A removal starts over where a scan was begun meanwhile; somebody who begins more of them wants to keep it. */
const REMOVAL_ROUNDS = 10;

/**
 * Removes the library with its books, their digests and its scans; files are not touched. The scans go first: a batch
 * of theirs that is being committed is waited for, and every later one finds its lease lost. Only then are all books
 * to be seen, and a library that has any left stays: its books would be everybody's.
 *
 * @returns `false` when scans of it were begun again and again
 */
export async function removeLibrary(store: Store, id: LibraryId): Promise<boolean> {
  for (let round = 1; round <= REMOVAL_ROUNDS; round++) {
    await store.db.deleteFrom('scan').where('library_id', '=', id).execute();
    while ((await removeBooksOf(store, id)) > 0);
    if (await removeBareLibrary(store, id)) return true;
  }
  return false;
}

/** @returns how many it were, at most {@link REMOVED_AT_ONCE} */
async function removeBooksOf(store: Store, id: LibraryId): Promise<number> {
  return inTransaction(store, async (transaction) => {
    const books = await transaction.db
      .selectFrom(byIndex(store, 'book', LIBRARY_AND_PATH))
      .select('id')
      .where('library_id', '=', id)
      .limit(REMOVED_AT_ONCE)
      .execute();
    if (books.length === 0) return 0;
    const ids = books.map((book) => book.id).toSorted((left, right) => left - right);
    // The book first: whoever is about to keep a former digest of it has its row.
    await deleteByIndex(transaction, { ...BOOKS_BY_ID, keys: ids });
    await deleteByIndex(transaction, { ...FORMER_DIGESTS_OF_BOOKS, keys: ids });
    return books.length;
  });
}

/** @returns `false` when it has books: a scan was begun meanwhile */
async function removeBareLibrary(store: Store, id: LibraryId): Promise<boolean> {
  return inTransaction(store, async (transaction) => {
    const { db } = transaction;
    // No scan is begun any more; one that was is waited for, as it renews its lease.
    await lockLibrary(transaction, id);
    await db.deleteFrom('scan').where('library_id', '=', id).execute();
    const book = await db
      .selectFrom('book')
      .select('id')
      .where('library_id', '=', id)
      .limit(1)
      .executeTakeFirst();
    if (book !== undefined) return false;
    await db.deleteFrom('library').where('id', '=', id).execute();
    await db.deleteFrom('library_reader').where('library_id', '=', id).execute();
    await db.deleteFrom('restricted_library').where('library_id', '=', id).execute();
    return true;
  });
}

export function toLibrary(row: Selectable<LibraryTable>): Library {
  return {
    id: row.id,
    name: row.name,
    root: row.root,
    extensions: row.extensions === null ? undefined : parseExtensions(row.extensions),
    koreaderHashes: row.koreader_hashes === 1,
  };
}

function parseExtensions(json: string): readonly string[] {
  const value: unknown = JSON.parse(json);
  return Array.isArray(value) ? value.filter((extension) => typeof extension === 'string') : [];
}
