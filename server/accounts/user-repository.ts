import { type ExpressionBuilder, type Selectable, sql } from 'kysely';
import { changeCached } from '../changes/cache-mark-repository.js';
import { forgetMarksOfUser, markChanges } from '../changes/change-mark-repository.js';
import { idChunks } from '../database/bulk-write.js';
import { byIndex, inOrder } from '../database/by-index.js';
import { isDuplicateKey } from '../database/database-error.js';
import { toNumber } from '../database/int64.js';
import { NEXT_REVISION, type Schema, type UserTable } from '../database/schema.js';
import type { Store } from '../database/store.js';
import { type UserId, userId } from '../domain/ids.js';
import { parsePermission, type PermissionSet } from '../domain/permission.js';
import { parseLoginText } from './login-name.js';
import type { User, UserSummary } from './user.js';
import { headerFormOf, normalUserName } from './user-name.js';

export interface NewUser {
  /** As parseUserName() returns it. */
  readonly name: string;
  readonly passwordHash: string | undefined;
  readonly isOwner: boolean;
  readonly permissions: PermissionSet;
  /** Of a user who was disabled elsewhere. Default: no. */
  readonly isDisabled?: boolean;
  /** When the user was made elsewhere. Default: now. */
  readonly createdSeconds?: number;
}

/** @returns `undefined` when the name is taken */
export async function insertUser(store: Store, user: NewUser): Promise<UserSummary | undefined> {
  const values = {
    ...nameColumns(user.name),
    password_hash: user.passwordHash ?? null,
    is_owner: bit(user.isOwner),
    permissions: formatPermissions(user.permissions),
    is_disabled: bit(user.isDisabled ?? false),
    created_s: user.createdSeconds ?? Math.floor(Date.now() / 1000),
  } as const;
  try {
    // A login that is cached may name the new user too.
    const { insertId } = await changeCached(store, 'accounts', ({ db }) =>
      db.insertInto('user').values(values).executeTakeFirstOrThrow(),
    );
    const id = userId(Number(insertId));
    await markChanges(store, ['users'], [id]);
    return await findUserById(store, id);
  } catch (error) {
    // Two servers may insert the same name at once. Only the unique key can decide which of them wins.
    if (isDuplicateKey(error)) return undefined;
    throw error;
  }
}

/** In a transaction that has locked the names. @param name as parseUserName() returns it, which nobody else has */
export async function setUserName(store: Store, id: UserId, name: string): Promise<void> {
  await changeCached(store, 'accounts', ({ db }) =>
    db.updateTable('user').set(nameColumns(name)).where('id', '=', id).execute(),
  );
  await markChanges(store, ['users'], [id]);
}

function nameColumns(name: string) {
  const headerForm = headerFormOf(name);
  return { name, header_name: headerForm === name || headerForm === '' ? null : headerForm };
}

export async function findUserById(store: Store, id: UserId): Promise<UserSummary | undefined> {
  const row = await store.db.selectFrom('user').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toSummary(row);
}

export async function findUserByName(store: Store, name: string): Promise<UserSummary | undefined> {
  const normal = normalUserName(name);
  const row = await store.db.selectFrom('user').selectAll().where('name', '=', normal).executeTakeFirst();
  // MySQL ignores spaces at the end when it compares.
  return row?.name === normal ? toSummary(row) : undefined;
}

/** Which user a login names. */
export interface UserOfLogin {
  /** `undefined`: the names of several users arrive like this in a header, and nobody is called so. */
  readonly user: User | undefined;
  /** Whether it came in a header and the name of another user arrives like this too. */
  readonly isShared: boolean;
}

/** Finds users by the texts of loginTextOf() in login-name.ts, in statements of a bounded size. */
export async function usersByLogin(
  store: Store,
  texts: readonly string[],
): Promise<ReadonlyMap<string, UserOfLogin>> {
  const found = new Map<string, UserOfLogin>();
  for (const chunk of idChunks(texts)) {
    const logins = chunk.map((text) => ({ text, ...parseLoginText(text) }));
    const byName = new Map<string, User>();
    const byHeader = new Map<string, UserOfLogin>();
    for (const row of await loginRows(store, logins)) {
      const user = toUser(row);
      if (row.header === null) byName.set(row.name, user);
      else byHeader.set(row.header, { user, isShared: Number(row.others) > 0 });
    }
    for (const { text, name, mayBeCut } of logins) {
      const called = byName.get(name);
      const arriving = mayBeCut ? byHeader.get(name) : undefined;
      if (called !== undefined) found.set(text, { user: called, isShared: arriving !== undefined });
      else if (arriving?.isShared === true) found.set(text, { user: undefined, isShared: true });
      else if (arriving !== undefined) found.set(text, arriving);
    }
  }
  return found;
}

/**
 * Users who are called so (`header` is null), and one of the users whose name arrives so in a header. Always one statement:
 * the time of a login must not tell whether a name exists.
 */
function loginRows(
  { db, dialect }: Store,
  logins: readonly { readonly name: string; readonly mayBeCut: boolean }[],
) {
  const names = [...new Set(logins.map(({ name }) => name))];
  const headers = [...new Set(logins.flatMap(({ name, mayBeCut }) => (mayBeCut ? [name] : [])))];
  const called = db
    .selectFrom(byIndex({ dialect }, 'user', 'name', 'u'))
    .selectAll('u')
    .select([sql<string | null>`null`.as('header'), sql<number | string>`0`.as('others')])
    .where('u.name', 'in', names);
  if (headers.length === 0) return called.execute();
  const arriving = db
    .selectFrom(
      db
        .selectFrom(byIndex({ dialect }, 'user', 'user_header_name'))
        .select(({ fn }) => ['header_name as header', fn.min('id').as('first'), fn.max('id').as('last')])
        .where('header_name', 'in', headers)
        // Not part of the index: without it MySQL 9.7 scans the whole index, which would hold all that is asked for.
        .where('created_s', 'is not', null)
        .groupBy('header_name')
        .as('h'),
    )
    .innerJoin(byIndex({ dialect }, 'user', 'primary', 'u'), 'u.id', 'h.first')
    .modifyFront(sql.raw(inOrder(dialect)))
    .selectAll('u')
    .select(['h.header', sql<number | string>`h.last <> h.first`.as('others')]);
  return called.unionAll(arriving).execute();
}

/** Users ordered by name. */
export async function usersPage(
  store: Store,
  page: { readonly afterName: string | undefined; readonly limit: number },
): Promise<readonly UserSummary[]> {
  let query = store.db.selectFrom('user').selectAll();
  if (page.afterName !== undefined) query = query.where('name', '>', page.afterName);
  const rows = await query.orderBy('name').limit(page.limit).execute();
  return rows.map(toSummary);
}

/** The names of these users. Those who are not there are left out. */
export async function namesOfUsers(
  store: Store,
  ids: readonly UserId[],
): Promise<ReadonlyMap<UserId, string>> {
  const names = new Map<UserId, string>();
  for (const chunk of idChunks(ids)) {
    const rows = await store.db
      .selectFrom(byIndex(store, 'user', 'primary'))
      .select(['id', 'name'])
      .where('id', 'in', chunk)
      .execute();
    for (const { id, name } of rows) names.set(id, name);
  }
  return names;
}

export async function isAnyUser(store: Store): Promise<boolean> {
  const row = await store.db.selectFrom('user').select('id').limit(1).executeTakeFirst();
  return row !== undefined;
}

/** An owner who is not disabled and has a password. */
export async function isAnyOwnerWithPassword(store: Store): Promise<boolean> {
  const row = await store.db
    .selectFrom('user')
    .select('id')
    .where('is_owner', '=', 1)
    .where('is_disabled', '=', 0)
    .where('password_hash', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** The owner who has been there longest, of those who are not disabled. */
export async function firstOwner(
  store: Store,
  { withoutPassword }: { readonly withoutPassword: boolean },
): Promise<UserSummary | undefined> {
  let query = store.db.selectFrom('user').selectAll().where('is_owner', '=', 1).where('is_disabled', '=', 0);
  if (withoutPassword) query = query.where('password_hash', 'is', null);
  const row = await query.orderBy('id').limit(1).executeTakeFirst();
  return row === undefined ? undefined : toSummary(row);
}

export interface UserChanges {
  readonly permissions?: PermissionSet | undefined;
  readonly isOwner?: boolean | undefined;
  readonly isDisabled?: boolean | undefined;
}

export async function updateUser(store: Store, id: UserId, changes: UserChanges): Promise<void> {
  const { permissions, isOwner, isDisabled } = changes;
  const set = {
    ...(permissions === undefined ? {} : { permissions: formatPermissions(permissions) }),
    ...(isOwner === undefined ? {} : { is_owner: bit(isOwner) }),
    ...(isDisabled === undefined ? {} : { is_disabled: bit(isDisabled) }),
  };
  if (Object.keys(set).length === 0) return;
  await changeCached(store, 'accounts', ({ db }) =>
    db.updateTable('user').set(set).where('id', '=', id).execute(),
  );
  await markChanges(store, ['users'], [id]);
}

/**
 * The ids of all owners who are not disabled, for this transaction alone. When two owners demote each other at the same
 * time, the second transaction waits here and then sees that the other owner is gone.
 */
export async function lockEnabledOwners({ db }: Store): Promise<readonly UserId[]> {
  const enabled = (where: ExpressionBuilder<Schema, 'user'>) =>
    where.and([where('is_owner', '=', 1), where('is_disabled', '=', 0)]);
  await db.updateTable('user').set(NEXT_REVISION).where(enabled).execute();
  const rows = await db.selectFrom('user').select('id').where(enabled).execute();
  return rows.map((row) => row.id);
}

/** A user whose row no other transaction changes, or locks in this way, until this one ends. */
export async function lockUser(store: Store, id: UserId): Promise<UserSummary | undefined> {
  await store.db.updateTable('user').set(NEXT_REVISION).where('id', '=', id).execute();
  return findUserById(store, id);
}

/** Until the transaction ends no other one gives a name to a user. */
export async function lockUserNames({ db }: Store): Promise<void> {
  await db.updateTable('user_name_lock').set(NEXT_REVISION).execute();
}

/** @param passwordHash `undefined` removes the password: the user can then authenticate with API keys only */
export async function setPasswordHash(
  store: Store,
  id: UserId,
  passwordHash: string | undefined,
): Promise<void> {
  await changeCached(store, 'accounts', ({ db }) =>
    db
      .updateTable('user')
      .set({ password_hash: passwordHash ?? null })
      .where('id', '=', id)
      .execute(),
  );
  await markChanges(store, ['users'], [id]);
}

export interface PasswordChange {
  readonly passwordHash: string;
  /**
   * The stored hash that the caller verified; `undefined`: the user had no password. Of two concurrent changes that verified
   * the same hash, one succeeds.
   */
  readonly replaces: string | undefined;
}

/** @returns `false` when the stored hash is no longer `replaces`; nothing is changed then */
export async function changePasswordHash(
  store: Store,
  id: UserId,
  { passwordHash, replaces }: PasswordChange,
): Promise<boolean> {
  const result = await changeCached(store, 'accounts', ({ db }) =>
    db
      .updateTable('user')
      .set({ password_hash: passwordHash })
      .where('id', '=', id)
      .where((where) =>
        replaces === undefined ? where('password_hash', 'is', null) : where('password_hash', '=', replaces),
      )
      .executeTakeFirst(),
  );
  if (result.numUpdatedRows === 0n) return false;
  await markChanges(store, ['users'], [id]);
  return true;
}

/** Deletes the user's own row. What else belongs to the user is deleted by the room `removal`. */
export async function deleteUserRow(store: Store, id: UserId): Promise<void> {
  await changeCached(store, 'accounts', ({ db }) => db.deleteFrom('user').where('id', '=', id).execute());
  await forgetMarksOfUser(store, id);
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

function toSummary(row: Selectable<UserTable>): UserSummary {
  return { ...toUser(row), createdSeconds: toNumber(row.created_s) };
}

/** The text of a permission column: the names in alphabetical order, separated by spaces. */
export function formatPermissions(permissions: PermissionSet): string {
  return [...permissions].toSorted().join(' ');
}

/** Reads a permission column. Names that this version does not know were written by a later one; they permit nothing. */
export function parsePermissions(column: string): PermissionSet {
  const known = parsedColumns.get(column);
  if (known !== undefined) return known;
  const permissions = new Set(column.split(' ').flatMap((name) => parsePermission(name) ?? []));
  if (parsedColumns.size >= PARSED_COLUMNS) parsedColumns.clear();
  parsedColumns.set(column, permissions);
  return permissions;
}

/** One set for all users and keys with the same permissions: thousands of them are cached. */
const parsedColumns = new Map<string, PermissionSet>();
/** More than the permissions of today have subsets. */
const PARSED_COLUMNS = 100;

function bit(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}
