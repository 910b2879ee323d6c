import { CompiledQuery, type Selectable } from 'kysely';
import { changeCached } from '../../changes/cache-mark-repository.js';
import { markChanges } from '../../changes/change-mark-repository.js';
import { idChunks } from '../../database/bulk-write.js';
import { deleteByIndex, forceIndex, inOrder } from '../../database/by-index.js';
import { isDuplicateKey } from '../../database/database-error.js';
import { toNumber, toNumberOrUndefined } from '../../database/int64.js';
import type { ApiKeyTable } from '../../database/schema.js';
import type { SqlDialect, Store } from '../../database/store.js';
import { type ApiKeyId, apiKeyId, type UserId } from '../../domain/ids.js';
import { type PermissionSet, permissionsOfKey } from '../../domain/permission.js';
import { formatPermissions, parsePermissions } from '../user-repository.js';
import type { ApiKeySummary, CachedKey } from './api-key.js';

/**
 * The column `prefix` is unique since the first release, which looked keys up by it. Of a key of the older form it holds the
 * prefix alone. Of any other key it holds the prefix, this character, and {@link UNIQUE_CHARACTERS} of the key's hash, which
 * fill the column.
 */
const PREFIX_END = '-';
const UNIQUE_CHARACTERS = 11;

export interface NewApiKeyRow {
  readonly userId: UserId;
  readonly name: string;
  readonly prefix: string;
  readonly secretHash: string;
  readonly permissions: PermissionSet;
  readonly expiresSeconds: number | undefined;
}

/** A key that another server has made. */
export interface MovedApiKeyRow extends NewApiKeyRow {
  readonly createdSeconds: number;
  readonly lastUsedSeconds: number | undefined;
  readonly revokedSeconds: number | undefined;
}

/** @returns the id of the new key; `undefined` when there is one like it, and then the caller draws another one */
export async function insertApiKey(
  store: Store,
  key: NewApiKeyRow | MovedApiKeyRow,
): Promise<ApiKeyId | undefined> {
  const moved = 'createdSeconds' in key ? key : undefined;
  const values = {
    user_id: key.userId,
    name: key.name,
    prefix: `${key.prefix}${PREFIX_END}${hashBytes(key.secretHash).toString('hex').slice(0, UNIQUE_CHARACTERS)}`,
    secret_sha256: hashBytes(key.secretHash),
    permissions: formatPermissions(key.permissions),
    created_s: moved?.createdSeconds ?? Math.floor(Date.now() / 1000),
    expires_s: key.expiresSeconds ?? null,
    last_used_s: moved?.lastUsedSeconds ?? null,
    revoked_s: moved?.revokedSeconds ?? null,
  };
  try {
    const { insertId } = await store.db.insertInto('api_key').values(values).executeTakeFirstOrThrow();
    await markChanges(store, ['api_keys'], [key.userId]);
    return apiKeyId(Number(insertId));
  } catch (error) {
    if (isDuplicateKey(error)) return undefined;
    throw error;
  }
}

interface KeyWithUserRow extends Omit<Selectable<ApiKeyTable>, 'created_s' | 'name'> {
  readonly user_name: string;
  readonly is_owner: number;
  readonly user_permissions: string;
  readonly is_disabled: number;
}

/** Built once, and not by the query builder for each statement: one comes with every few unknown keys. */
const KEYS_WITH_USERS = { mysql: keysWithUsers('mysql'), sqlite: keysWithUsers('sqlite') } as const;

function keysWithUsers(dialect: SqlDialect): string {
  return (
    `select ${inOrder(dialect)}k.id, k.prefix, k.secret_sha256, k.permissions, k.expires_s, k.last_used_s, ` +
    'k.revoked_s, u.id as user_id, u.name as user_name, u.is_owner, u.permissions as user_permissions, ' +
    `u.is_disabled from api_key as k${forceIndex(dialect, 'api_key_secret')} ` +
    `inner join user as u${forceIndex(dialect, 'primary')} on u.id = k.user_id`
  );
}

/**
 * API keys with their users, by the hash of their secret: one statement for up to 500 requests that wait for authentication. It joins
 * the table `user`, because a second statement for each request would double the cost of an unknown key.
 */
export async function apiKeysByHash(
  store: Store,
  secretHashes: readonly string[],
): Promise<ReadonlyMap<string, CachedKey>> {
  const keys = new Map<string, CachedKey>();
  for (const chunk of idChunks(secretHashes.map(hashBytes))) {
    const list = `(?${', ?'.repeat(chunk.length - 1)})`;
    const text = `${KEYS_WITH_USERS[store.dialect]} where k.secret_sha256 in ${list}`;
    const { rows } = await store.db.executeQuery<KeyWithUserRow>(CompiledQuery.raw(text, [...chunk]));
    for (const row of rows) keys.set(hashText(row.secret_sha256), toCachedKey(row));
  }
  return keys;
}

function toCachedKey(row: KeyWithUserRow): CachedKey {
  const isOwner = row.is_owner === 1;
  const user = { isOwner, permissions: parsePermissions(row.user_permissions) };
  return {
    prefix: shownPrefix(row.prefix),
    expiresSeconds: toNumberOrUndefined(row.expires_s),
    lastUsedSeconds: toNumberOrUndefined(row.last_used_s),
    isRefused: row.revoked_s !== null || row.is_disabled === 1,
    principal: {
      userId: row.user_id,
      userName: row.user_name,
      permissions: permissionsOfKey(parsePermissions(row.permissions), user),
      isOwner,
      apiKeyId: row.id,
    },
  };
}

/** The keys of one user ordered by id, which is the order in which they were made. */
export async function apiKeysPage(
  store: Store,
  page: {
    readonly userId: UserId;
    readonly afterId: ApiKeyId | undefined;
    readonly limit: number;
  },
): Promise<readonly ApiKeySummary[]> {
  let query = store.db.selectFrom('api_key').selectAll().where('user_id', '=', page.userId);
  if (page.afterId !== undefined) query = query.where('id', '>', page.afterId);
  const rows = await query.orderBy('id').limit(page.limit).execute();
  return rows.map(toSummary);
}

export async function findApiKeyById(store: Store, id: ApiKeyId): Promise<ApiKeySummary | undefined> {
  const row = await store.db.selectFrom('api_key').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toSummary(row);
}

export async function findApiKeyByHash(store: Store, secretHash: string): Promise<ApiKeySummary | undefined> {
  const row = await store.db
    .selectFrom('api_key')
    .selectAll()
    .where('secret_sha256', '=', hashBytes(secretHash))
    .executeTakeFirst();
  return row === undefined ? undefined : toSummary(row);
}

/** The keys with this prefix, ordered by id. @param prefix as parseApiKeyPrefix() returns it: it has no wildcards */
export async function apiKeysByPrefix(
  store: Store,
  prefix: string,
  limit: number,
): Promise<readonly ApiKeySummary[]> {
  const rows = await store.db
    .selectFrom('api_key')
    .selectAll()
    .where((where) =>
      where.or([where('prefix', '=', prefix), where('prefix', 'like', `${prefix}${PREFIX_END}%`)]),
    )
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(toSummary);
}

/** The number of keys of the user that are not revoked. Expired keys count. */
export async function countKeysInUse(store: Store, userId: UserId): Promise<number> {
  const row = await store.db
    .selectFrom('api_key')
    .select(({ fn }) => fn.countAll().as('keys'))
    .where('user_id', '=', userId)
    .where('revoked_s', 'is', null)
    .executeTakeFirstOrThrow();
  return toNumber(row.keys);
}

/** @returns `false` when there is no such key, or when it was revoked before; its time of revocation stays then */
export async function markApiKeyRevoked(store: Store, id: ApiKeyId): Promise<boolean> {
  const result = await changeCached(store, 'accounts', ({ db }) =>
    db
      .updateTable('api_key')
      .set({ revoked_s: Math.floor(Date.now() / 1000) })
      .where('id', '=', id)
      .where('revoked_s', 'is', null)
      .executeTakeFirst(),
  );
  if (result.numUpdatedRows === 0n) return false;
  const row = await store.db.selectFrom('api_key').select('user_id').where('id', '=', id).executeTakeFirst();
  if (row !== undefined) await markChanges(store, ['api_keys'], [row.user_id]);
  return true;
}

/**
 * Sets the time of last use, unless another server has written a later one. The text of the statement is built here: the
 * query builder takes a microsecond for each id, and a fleet uses thousands of keys a second.
 *
 * @param used the keys, each with its user
 */
export async function saveKeysLastUsed(
  store: Store,
  used: ReadonlyMap<ApiKeyId, UserId>,
  usedSeconds: number,
): Promise<void> {
  const table = `api_key${forceIndex(store.dialect, 'primary')}`;
  // Ascending on every server: two servers that lock the same rows in different orders may deadlock.
  for (const chunk of idChunks([...used.keys()].toSorted((left, right) => left - right))) {
    const text =
      `update ${table} set last_used_s = ? where id in (?${', ?'.repeat(chunk.length - 1)}) ` +
      'and (last_used_s is null or last_used_s < ?)';
    await store.db.executeQuery(CompiledQuery.raw(text, [usedSeconds, ...chunk, usedSeconds]));
  }
  await markChanges(store, ['api_keys'], used.values());
}

/** Rows of one statement. */
const FORGOTTEN_AT_ONCE = 500;

/** Deletes revoked keys of the user past the `kept` ones that were revoked last, as many as one statement takes. */
export async function forgetRevokedKeys(store: Store, userId: UserId, kept: number): Promise<void> {
  const rows = await store.db
    .selectFrom('api_key')
    .select('id')
    .where('user_id', '=', userId)
    .where('revoked_s', 'is not', null)
    .orderBy('revoked_s', 'desc')
    .orderBy('id', 'desc')
    .limit(FORGOTTEN_AT_ONCE)
    .offset(kept)
    .execute();
  const keys = rows.map(({ id }) => id).toSorted((left, right) => left - right);
  await deleteByIndex(store, { table: 'api_key', column: 'id', index: 'primary', keys });
}

/** Deletes all keys of the user, revoked ones included. */
export async function deleteKeysOfUser(store: Store, userId: UserId): Promise<void> {
  await changeCached(store, 'accounts', ({ db }) =>
    db.deleteFrom('api_key').where('user_id', '=', userId).execute(),
  );
  await markChanges(store, ['api_keys'], [userId]);
}

function toSummary(row: Selectable<ApiKeyTable>): ApiKeySummary {
  return {
    id: row.id,
    userId: row.user_id,
    name: row.name,
    prefix: shownPrefix(row.prefix),
    secretHash: hashText(row.secret_sha256),
    permissions: parsePermissions(row.permissions),
    createdSeconds: toNumber(row.created_s),
    expiresSeconds: toNumberOrUndefined(row.expires_s),
    lastUsedSeconds: toNumberOrUndefined(row.last_used_s),
    revokedSeconds: toNumberOrUndefined(row.revoked_s),
  };
}

function shownPrefix(column: string): string {
  const [prefix = column] = column.split(PREFIX_END);
  return prefix;
}

function hashBytes(secretHash: string): Buffer {
  return Buffer.from(secretHash, 'base64');
}

function hashText(column: Buffer): string {
  return column.toString('base64');
}
