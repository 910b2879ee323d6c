import type { Selectable } from 'kysely';
import type { UserId } from '../domain/ids.js';
import type { PermissionSet } from '../domain/permission.js';
import type { UserSummary } from './user.js';
import { toNumber } from '../database/int64.js';
import { formatPermissions } from '../database/permission-column.js';
import type { UserTable } from '../database/schema.js';
import type { Store } from '../database/store.js';
import { toUser } from './user-repository.js';

/** By name. */
export async function usersPage(
  store: Store,
  page: { readonly afterName: string | undefined; readonly limit: number },
): Promise<readonly UserSummary[]> {
  let query = store.db.selectFrom('user').selectAll();
  if (page.afterName !== undefined) query = query.where('name', '>', page.afterName);
  const rows = await query.orderBy('name').limit(page.limit).execute();
  return rows.map(toListed);
}

export async function findUserById(store: Store, id: UserId): Promise<UserSummary | undefined> {
  const row = await store.db.selectFrom('user').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toListed(row);
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
  await store.db.updateTable('user').set(set).where('id', '=', id).execute();
}

/** @param passwordHash `undefined`: no password, API keys only */
export async function setPasswordHash(
  store: Store,
  id: UserId,
  passwordHash: string | undefined,
): Promise<void> {
  await store.db
    .updateTable('user')
    .set({ password_hash: passwordHash ?? null })
    .where('id', '=', id)
    .execute();
}

/**
 * Owners that can log in, taken until the transaction ends: of two owners that demote each other at once, one finds
 * the other no longer there.
 */
export async function lockEnabledOwners(store: Store): Promise<readonly UserId[]> {
  const query = store.db
    .selectFrom('user')
    .select('id')
    .where('is_owner', '=', 1)
    .where('is_disabled', '=', 0)
    .orderBy('id');
  const rows = await (store.dialect === 'mysql' ? query.forUpdate() : query).execute();
  return rows.map((row) => row.id);
}

function toListed(row: Selectable<UserTable>): UserSummary {
  return { ...toUser(row), createdSeconds: toNumber(row.created_s) };
}

function bit(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}
