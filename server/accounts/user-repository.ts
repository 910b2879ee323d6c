import { type Selectable, sql } from 'kysely';
import type { UserId } from '../domain/ids.js';
import type { PermissionSet } from '../domain/permission.js';
import type { User } from './user.js';
import { idChunks } from '../database/bulk-write.js';
import { byIndex, deleteByIndex } from '../database/by-index.js';
import { isDuplicateKey } from '../database/duplicate-key.js';
import { formatPermissions, parsePermissions } from '../database/permission-column.js';
import type { UserTable } from '../database/schema.js';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';

export interface NewUser {
  readonly name: string;
  readonly passwordHash: string | undefined;
  readonly isOwner: boolean;
  readonly permissions: PermissionSet;
}

/** @returns `undefined` when the name is taken */
export async function insertUser(store: Store, user: NewUser): Promise<User | undefined> {
  const values = {
    name: user.name,
    password_hash: user.passwordHash ?? null,
    is_owner: user.isOwner ? 1 : 0,
    permissions: formatPermissions(user.permissions),
    is_disabled: 0,
    created_s: Math.floor(Date.now() / 1000),
  } as const;
  try {
    await store.db.insertInto('user').values(values).execute();
  } catch (error) {
    // Two servers may be asked for one name at once, so it is the unique key that decides.
    if (isDuplicateKey(error)) return undefined;
    throw error;
  }
  return findUserByName(store, user.name);
}

export async function findUserByName(store: Store, name: string): Promise<User | undefined> {
  return (await usersByName(store, [name])).get(name);
}

export async function usersByName(
  store: Store,
  names: readonly string[],
): Promise<ReadonlyMap<string, User>> {
  const users = new Map<string, User>();
  for (const chunk of idChunks(names)) {
    const rows = await store.db
      .selectFrom(byIndex(store, 'user', 'name'))
      .selectAll()
      .where('name', 'in', chunk)
      .execute();
    for (const row of rows) users.set(row.name, toUser(row));
  }
  return users;
}

export async function isAnyUser(store: Store): Promise<boolean> {
  const row = await store.db.selectFrom('user').select('id').limit(1).executeTakeFirst();
  return row !== undefined;
}

export interface PasswordChange {
  readonly passwordHash: string;
  /** What is replaced: of two changes at once that start from the same password, one wins. */
  readonly replaces: string;
}

/** @returns whether the password was still the one that is replaced */
export async function changePasswordHash(
  store: Store,
  id: UserId,
  { passwordHash, replaces }: PasswordChange,
): Promise<boolean> {
  const result = await store.db
    .updateTable('user')
    .set({ password_hash: passwordHash })
    .where('id', '=', id)
    .where('password_hash', '=', replaces)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Rows that one statement of a removal takes along: short transactions, so that pushes get their turn. */
const REMOVED_AT_ONCE = 500;

/** Pushes of the user that are under way lock the same rows; a deadlock is soon over. */
const REMOVAL_RETRIES = { attempts: 3 } as const;

/**
 * Removes all that is the user's, and the user last: whoever asked for it and was told that it failed can log in and
 * ask again. Then once more what was pushed meanwhile. Ids are never given twice, so a push that another server lets in
 * after that, for as long as it remembers the user, leaves at worst a row that nobody can see.
 */
export async function removeUser(store: Store, id: UserId): Promise<void> {
  for (const table of ['api_key', 'library_reader'] as const) await removeRows(store, table, id);
  await removeReading(store, id);
  await inTransaction(
    store,
    ({ db }) => db.deleteFrom('user').where('id', '=', id).execute(),
    REMOVAL_RETRIES,
  );
  await removeReading(store, id);
}

async function removeReading(store: Store, id: UserId): Promise<void> {
  let isAnyLeft = true;
  while (isAnyLeft) isAnyLeft = await removeSomeProgress(store, id);
  await removeRows(store, 'device', id);
}

async function removeRows(
  store: Store,
  table: 'api_key' | 'library_reader' | 'device',
  id: UserId,
): Promise<void> {
  const remove = ({ db }: Store) => db.deleteFrom(table).where('user_id', '=', id).execute();
  await inTransaction(store, remove, REMOVAL_RETRIES);
}

/** @returns whether there was any */
async function removeSomeProgress(store: Store, id: UserId): Promise<boolean> {
  const rows = await store.db
    .selectFrom('progress')
    .select('document')
    .where('user_id', '=', id)
    .limit(REMOVED_AT_ONCE)
    .execute();
  if (rows.length === 0) return false;
  const documents = [...new Map(rows.map((row) => [row.document.toString('hex'), row.document])).values()];
  documents.sort((left, right) => left.compare(right));
  const ofUser = sql`progress.user_id = ${id}`;
  const remove = (transaction: Store) =>
    deleteByIndex(transaction, {
      table: 'progress',
      column: 'document',
      index: 'primary',
      keys: documents,
      also: ofUser,
    });
  await inTransaction(store, remove, REMOVAL_RETRIES);
  return true;
}

export function toUser(row: Selectable<UserTable>): User {
  return {
    id: row.id,
    name: row.name,
    passwordHash: row.password_hash ?? undefined,
    isOwner: row.is_owner === 1,
    permissions: parsePermissions(row.permissions),
    isDisabled: row.is_disabled === 1,
  };
}
