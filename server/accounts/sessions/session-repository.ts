import { type Selectable, sql } from 'kysely';
import { idChunks } from '../../database/bulk-write.js';
import { byIndex, deleteByIndex, inOrder } from '../../database/by-index.js';
import { toNumber, toNumberOrUndefined } from '../../database/int64.js';
import type { SessionTable } from '../../database/schema.js';
import type { Store } from '../../database/store.js';
import { type ApiKeyId, type SessionId, sessionId, type UserId } from '../../domain/ids.js';
import { parsePermissions } from '../user-repository.js';
import type { SessionSummary, SessionVia, SessionWithUser } from './session.js';

export interface NewSessionRow {
  readonly userId: UserId;
  readonly secretSha256: Buffer;
  readonly passwordSha256: Buffer;
  readonly apiKeyId: ApiKeyId | undefined;
  readonly via: SessionVia;
  readonly browser: string | undefined;
}

export async function insertSession(store: Store, row: NewSessionRow): Promise<SessionSummary> {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const { insertId } = await store.db
    .insertInto('session')
    .values({
      user_id: row.userId,
      secret_sha256: row.secretSha256,
      password_sha256: row.passwordSha256,
      api_key_id: row.apiKeyId ?? null,
      via: row.via,
      browser: row.browser ?? null,
      created_s: nowSeconds,
      last_used_s: nowSeconds,
    })
    .executeTakeFirstOrThrow();
  return {
    id: sessionId(Number(insertId)),
    userId: row.userId,
    via: row.via,
    browser: row.browser,
    createdSeconds: nowSeconds,
    lastUsedSeconds: nowSeconds,
  };
}

/** Sessions with their users, by the SHA-256 of their secrets in hex: one statement for all requests that wait. */
export async function sessionsBySecret(
  store: Store,
  hashes: readonly string[],
): Promise<ReadonlyMap<string, SessionWithUser>> {
  const found = new Map<string, SessionWithUser>();
  for (const chunk of idChunks(hashes)) {
    const rows = await store.db
      .selectFrom(byIndex(store, 'session', 'secret_sha256', 's'))
      .innerJoin(byIndex(store, 'user', 'primary', 'u'), 'u.id', 's.user_id')
      .leftJoin(byIndex(store, 'api_key', 'primary', 'k'), 'k.id', 's.api_key_id')
      .modifyFront(sql.raw(inOrder(store.dialect)))
      .selectAll('s')
      .select(['u.name as user_name', 'u.password_hash', 'u.is_owner', 'u.is_disabled'])
      .select(['u.permissions as user_permissions', 'k.id as key_id', 'k.permissions as key_permissions'])
      .select(['k.expires_s', 'k.revoked_s'])
      .where(
        's.secret_sha256',
        'in',
        chunk.map((hash) => Buffer.from(hash, 'hex')),
      )
      .execute();
    for (const row of rows) {
      found.set(row.secret_sha256.toString('hex'), {
        session: { ...toSummary(row), passwordSha256: row.password_sha256 },
        user: {
          id: row.user_id,
          name: row.user_name,
          passwordHash: row.password_hash ?? undefined,
          isOwner: row.is_owner === 1,
          permissions: parsePermissions(row.user_permissions),
          isDisabled: row.is_disabled === 1,
        },
        key:
          row.api_key_id === null
            ? undefined
            : {
                id: row.api_key_id,
                permissions: parsePermissions(row.key_permissions ?? ''),
                expiresSeconds: toNumberOrUndefined(row.expires_s),
                isRevoked: row.key_id === null || row.revoked_s !== null,
              },
      });
    }
  }
  return found;
}

/** Whose sessions: those of a user, or those that were begun with one of the user's API keys. */
export interface SessionOwner {
  readonly userId: UserId;
  readonly apiKeyId: ApiKeyId | undefined;
}

/** Sessions ordered by id, without those that have ended by the arguments or by their API keys. */
export async function sessionsPage(
  store: Store,
  owner: SessionOwner,
  live: { readonly passwordSha256: Buffer; readonly usedSinceSeconds: number },
  page: { readonly afterId: SessionId | undefined; readonly limit: number },
): Promise<readonly SessionSummary[]> {
  const nowSeconds = Math.floor(Date.now() / 1000);
  let query = store.db
    .selectFrom(byIndex(store, 'session', 'session_user', 's'))
    .leftJoin('api_key as k', 'k.id', 's.api_key_id')
    .selectAll('s')
    .where('s.user_id', '=', owner.userId)
    .where('s.password_sha256', '=', live.passwordSha256)
    .where('s.last_used_s', '>=', live.usedSinceSeconds)
    .where((where) =>
      where.or([
        where('s.api_key_id', 'is', null),
        where.and([
          where('k.id', 'is not', null),
          where('k.revoked_s', 'is', null),
          where.or([where('k.expires_s', 'is', null), where('k.expires_s', '>', nowSeconds)]),
        ]),
      ]),
    );
  if (owner.apiKeyId !== undefined) query = query.where('s.api_key_id', '=', owner.apiKeyId);
  if (page.afterId !== undefined) query = query.where('s.id', '>', page.afterId);
  const rows = await query.orderBy('s.id').limit(page.limit).execute();
  return rows.map(toSummary);
}

/** Lets a session live on with another password of its user. @param passwordSha256 see passwordSha256() in session.ts */
export async function renewSession(
  { db }: Store,
  userId: UserId,
  id: SessionId,
  passwordSha256: Buffer,
): Promise<void> {
  const renewed = { password_sha256: passwordSha256 };
  await db.updateTable('session').set(renewed).where('id', '=', id).where('user_id', '=', userId).execute();
}

/** @param id `undefined`: all of them. @returns how many there were */
export async function deleteSessions(
  { db }: Store,
  { userId, apiKeyId }: SessionOwner,
  id?: SessionId,
): Promise<number> {
  let query = db.deleteFrom('session').where('user_id', '=', userId);
  if (apiKeyId !== undefined) query = query.where('api_key_id', '=', apiKeyId);
  if (id !== undefined) query = query.where('id', '=', id);
  const { numDeletedRows } = await query.executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

/**
 * Deletes the least recently used sessions past the first `kept` ones: of those that were begun with the API key, or of
 * those that were begun without one.
 */
export async function deleteOldestSessions(
  store: Store,
  { userId, apiKeyId }: SessionOwner,
  kept: number,
): Promise<void> {
  const rows = await store.db
    .selectFrom(byIndex(store, 'session', 'session_user'))
    .select('id')
    .where('user_id', '=', userId)
    .where('api_key_id', apiKeyId === undefined ? 'is' : '=', apiKeyId ?? null)
    .orderBy('last_used_s', 'desc')
    .orderBy('id', 'desc')
    .execute();
  await deleteById(
    store,
    rows.slice(kept).map(({ id }) => id),
  );
}

/** Deletes at most `limit` sessions, of any user, that were last used before this time. */
export async function deleteIdleSessions(
  store: Store,
  usedSinceSeconds: number,
  limit: number,
): Promise<void> {
  const rows = await store.db
    .selectFrom(byIndex(store, 'session', 'session_last_used'))
    .select('id')
    .where('last_used_s', '<', usedSinceSeconds)
    .orderBy('last_used_s')
    .limit(limit)
    .execute();
  await deleteById(
    store,
    rows.map(({ id }) => id),
  );
}

async function deleteById(store: Store, ids: readonly SessionId[]): Promise<void> {
  const sorted = ids.toSorted((left, right) => left - right);
  for (const keys of idChunks(sorted)) {
    await deleteByIndex(store, { table: 'session', column: 'id', index: 'primary', keys });
  }
}

/** Sets the time of last use, unless another server has written a later one. */
export async function saveSessionsLastUsed(
  store: Store,
  ids: readonly SessionId[],
  usedSeconds: number,
): Promise<void> {
  // Ascending on every server: two servers that lock the same rows in different orders may deadlock.
  const sorted = ids.toSorted((left, right) => left - right);
  for (const chunk of idChunks(sorted)) {
    await store.db
      .updateTable(byIndex(store, 'session', 'primary'))
      .set({ last_used_s: usedSeconds })
      .where('id', 'in', chunk)
      .where('last_used_s', '<', usedSeconds)
      .execute();
  }
}

function toSummary(row: Selectable<SessionTable>): SessionSummary {
  return {
    id: row.id,
    userId: row.user_id,
    via: row.via,
    browser: row.browser ?? undefined,
    createdSeconds: toNumber(row.created_s),
    lastUsedSeconds: toNumber(row.last_used_s),
  };
}
