import { sql } from 'kysely';
import type { ApiKey, ApiKeyWithUser } from './api-key.js';
import type { ApiKeyId, UserId } from '../../domain/ids.js';
import type { PermissionSet } from '../../domain/permission.js';
import { idChunks } from '../../database/bulk-write.js';
import { byIndex, inOrder } from '../../database/by-index.js';
import { isDuplicateKey } from '../../database/duplicate-key.js';
import { toNumberOrUndefined } from '../../database/int64.js';
import { formatPermissions, parsePermissions } from '../../database/permission-column.js';
import type { Store } from '../../database/store.js';

export interface NewApiKeyRow {
  readonly userId: UserId;
  readonly name: string;
  readonly prefix: string;
  readonly secretSha256: Buffer;
  readonly permissions: PermissionSet;
  readonly expiresSeconds: number | undefined;
}

/** @returns `undefined` when the prefix is taken: draw another key */
export async function insertApiKey(store: Store, key: NewApiKeyRow): Promise<ApiKey | undefined> {
  const values = {
    user_id: key.userId,
    name: key.name,
    prefix: key.prefix,
    secret_sha256: key.secretSha256,
    permissions: formatPermissions(key.permissions),
    created_s: Math.floor(Date.now() / 1000),
    expires_s: key.expiresSeconds ?? null,
    last_used_s: null,
    revoked_s: null,
  };
  try {
    await store.db.insertInto('api_key').values(values).execute();
  } catch (error) {
    if (isDuplicateKey(error)) return undefined;
    throw error;
  }
  return (await apiKeysByPrefix(store, [key.prefix])).get(key.prefix)?.key;
}

export async function apiKeysByPrefix(
  store: Store,
  prefixes: readonly string[],
): Promise<ReadonlyMap<string, ApiKeyWithUser>> {
  const keys = new Map<string, ApiKeyWithUser>();
  for (const chunk of idChunks(prefixes)) {
    const rows = await store.db
      .selectFrom(byIndex(store, 'api_key', 'prefix', 'k'))
      .innerJoin(byIndex(store, 'user', 'primary', 'u'), 'u.id', 'k.user_id')
      .modifyFront(sql.raw(inOrder(store.dialect)))
      .select(['k.id', 'k.name', 'k.prefix', 'k.secret_sha256', 'k.permissions', 'k.expires_s'])
      .select(['k.last_used_s', 'k.revoked_s', 'u.id as user_id', 'u.name as user_name'])
      .select(['u.password_hash', 'u.is_owner', 'u.permissions as user_permissions', 'u.is_disabled'])
      .where('k.prefix', 'in', chunk)
      .execute();
    for (const row of rows) {
      keys.set(row.prefix, {
        key: {
          id: row.id,
          name: row.name,
          prefix: row.prefix,
          secretSha256: row.secret_sha256,
          permissions: parsePermissions(row.permissions),
          expiresSeconds: toNumberOrUndefined(row.expires_s),
          isRevoked: row.revoked_s !== null,
          lastUsedSeconds: toNumberOrUndefined(row.last_used_s),
        },
        user: {
          id: row.user_id,
          name: row.user_name,
          passwordHash: row.password_hash ?? undefined,
          isOwner: row.is_owner === 1,
          permissions: parsePermissions(row.user_permissions),
          isDisabled: row.is_disabled === 1,
        },
      });
    }
  }
  return keys;
}

/** @returns whether there was such a key that was not revoked yet */
export async function revokeApiKey(store: Store, id: ApiKeyId): Promise<boolean> {
  const result = await store.db
    .updateTable('api_key')
    .set({ revoked_s: Math.floor(Date.now() / 1000) })
    .where('id', '=', id)
    .where('revoked_s', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Notes the use of the keys; of several servers the last one counts. */
export async function noteKeyUses(
  store: Store,
  ids: readonly ApiKeyId[],
  usedSeconds: number,
): Promise<void> {
  // In one order everywhere, so that two servers do not wait for each other in a ring.
  const sorted = ids.toSorted((left, right) => left - right);
  for (const chunk of idChunks(sorted)) {
    await store.db
      .updateTable(byIndex(store, 'api_key', 'primary'))
      .set({ last_used_s: usedSeconds })
      .where('id', 'in', chunk)
      .where((where) => where.or([where('last_used_s', 'is', null), where('last_used_s', '<', usedSeconds)]))
      .execute();
  }
}
