import type { Selectable } from 'kysely';
import type { ApiKeySummary } from './api-key.js';
import type { ApiKeyId, UserId } from '../../domain/ids.js';
import { toNumber, toNumberOrUndefined } from '../../database/int64.js';
import { parsePermissions } from '../../database/permission-column.js';
import type { ApiKeyTable } from '../../database/schema.js';
import type { Store } from '../../database/store.js';

/** By id: in the order in which they were made. */
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
  return rows.map(toListed);
}

export async function findApiKeyById(store: Store, id: ApiKeyId): Promise<ApiKeySummary | undefined> {
  const row = await store.db.selectFrom('api_key').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toListed(row);
}

export async function findApiKeyByPrefix(store: Store, prefix: string): Promise<ApiKeySummary | undefined> {
  const row = await store.db
    .selectFrom('api_key')
    .selectAll()
    .where('prefix', '=', prefix)
    .executeTakeFirst();
  return row === undefined ? undefined : toListed(row);
}

/** Keys of the user that are not revoked, expired ones included. */
export async function countKeysInUse(store: Store, userId: UserId): Promise<number> {
  const row = await store.db
    .selectFrom('api_key')
    .select(({ fn }) => fn.countAll().as('keys'))
    .where('user_id', '=', userId)
    .where('revoked_s', 'is', null)
    .executeTakeFirstOrThrow();
  return toNumber(row.keys);
}

function toListed(row: Selectable<ApiKeyTable>): ApiKeySummary {
  return {
    id: row.id,
    userId: row.user_id,
    name: row.name,
    prefix: row.prefix,
    permissions: parsePermissions(row.permissions),
    createdSeconds: toNumber(row.created_s),
    expiresSeconds: toNumberOrUndefined(row.expires_s),
    lastUsedSeconds: toNumberOrUndefined(row.last_used_s),
    revokedSeconds: toNumberOrUndefined(row.revoked_s),
  };
}
