import { sql } from 'kysely';
import { bulkUpsert } from '../database/bulk-write.js';
import { deleteByIndex, forceIndex } from '../database/by-index.js';
import { toNumber } from '../database/int64.js';
import type { Store } from '../database/store.js';
import { deviceIdOfKey, deviceKey } from '../device/device.js';
import type { UserId } from '../domain/ids.js';
import type { PageRequest } from '../domain/page.js';
import { documentOf, fractionOf } from './progress-key.js';
import type { ListedUnmatched, UnmatchedCursor, UnmatchedDocument } from './unmatched-document.js';

const COLUMNS = [
  'user_id',
  'document',
  'first_seen_ms',
  'last_seen_ms',
  'pushes',
  'percentage',
  'position',
  'device_key',
  'device_name',
  'metadata',
];

/**
 * Adds refused pushes to what is kept of their documents.
 *
 * @param documents ordered by user and document, each once
 */
export async function saveUnmatched(store: Store, documents: readonly UnmatchedDocument[]): Promise<void> {
  const given = store.dialect === 'sqlite' ? 'excluded.' : 'values(';
  const value = (column: string) => `${given}${column}${store.dialect === 'sqlite' ? '' : ')'}`;
  const kept = (column: string) => `unmatched_document.${column}`;
  await bulkUpsert(
    store,
    {
      table: 'unmatched_document',
      columns: COLUMNS,
      key: ['user_id', 'document'],
      update: ['last_seen_ms', 'percentage', 'position', 'device_key', 'device_name'],
      also: [
        `pushes = ${kept('pushes')} + ${value('pushes')}`,
        `metadata = coalesce(${value('metadata')}, ${kept('metadata')})`,
      ],
    },
    documents.flatMap(cellsOf),
  );
}

/** Inserts what another server has kept. What is kept here of a document stays. @param documents as for {@link saveUnmatched} */
export async function insertUnmatched(store: Store, documents: readonly UnmatchedDocument[]): Promise<void> {
  await bulkUpsert(
    store,
    { table: 'unmatched_document', columns: COLUMNS, key: ['user_id', 'document'], update: [] },
    documents.flatMap(cellsOf),
  );
}

function cellsOf(each: UnmatchedDocument): readonly unknown[] {
  return [
    each.userId,
    Buffer.from(each.document),
    each.firstSeenMs,
    each.lastSeenMs,
    each.pushes,
    each.percentage,
    Buffer.from(each.position),
    Buffer.from(deviceKey(each.device)),
    Buffer.from(each.device.name),
    each.metadataJson === undefined ? null : Buffer.from(each.metadataJson),
  ];
}

interface UnmatchedRow {
  readonly user_id: UserId;
  readonly document: Buffer;
  readonly first_seen_ms: number | string;
  readonly last_seen_ms: number | string;
  readonly pushes: number | string;
  readonly percentage: number;
  readonly position: Buffer;
  readonly device_key: Buffer;
  readonly device_name: Buffer;
  readonly metadata: Buffer | null;
}

interface ListedRow extends UnmatchedRow {
  readonly friendly_name: string | null;
}

/** What is kept for a user, the last seen first. */
export async function unmatchedPage(
  { db, dialect }: Store,
  userId: UserId,
  { after, limit }: PageRequest<UnmatchedCursor>,
): Promise<readonly ListedUnmatched[]> {
  const byTime = sql.raw(forceIndex(dialect, 'unmatched_document_user'));
  const primary = sql.raw(forceIndex(dialect, 'primary'));
  const older =
    after === undefined
      ? sql`1 = 1`
      : sql`u.last_seen_ms <= ${after.lastSeenMs} and
          (u.last_seen_ms < ${after.lastSeenMs} or u.document < ${Buffer.from(after.document)})`;
  const { rows } = await sql<ListedRow>`
    select u.*, named.friendly_name from unmatched_document as u ${byTime}
    left join device as named ${primary} on named.user_id = u.user_id and named.device_key = u.device_key
    where u.user_id = ${userId} and ${older}
    order by u.last_seen_ms desc, u.document desc limit ${limit}`.execute(db);
  return rows.map((row) => ({ ...toUnmatched(row), friendlyName: row.friendly_name ?? undefined }));
}

function toUnmatched(row: UnmatchedRow): UnmatchedDocument {
  return {
    userId: row.user_id,
    document: documentOf(row.document),
    firstSeenMs: toNumber(row.first_seen_ms),
    lastSeenMs: toNumber(row.last_seen_ms),
    pushes: toNumber(row.pushes),
    percentage: fractionOf(row.percentage),
    position: row.position.toString('utf8'),
    device: { name: row.device_name.toString('utf8'), id: deviceIdOfKey(row.device_key) },
    metadataJson: row.metadata?.toString('utf8'),
  };
}

/** A place in the list of all users by document. */
export type UnmatchedPlace = Pick<UnmatchedDocument, 'document' | 'userId'>;

/**
 * What is kept of all users, by document.
 *
 * @param only this document; `undefined`: all
 */
export async function unmatchedByName(
  { db, dialect }: Store,
  {
    only,
    after,
    limit,
  }: PageRequest<UnmatchedPlace> & { readonly only: UnmatchedDocument['document'] | undefined },
): Promise<readonly UnmatchedDocument[]> {
  const hint = sql.raw(forceIndex(dialect, 'unmatched_document_name'));
  const isWanted = only === undefined ? sql`1 = 1` : sql`document = ${Buffer.from(only)}`;
  const name = after === undefined ? undefined : Buffer.from(after.document);
  const isBehind =
    after === undefined
      ? sql`1 = 1`
      : sql`document >= ${name} and (document > ${name} or user_id > ${after.userId})`;
  const { rows } = await sql<UnmatchedRow>`
    select * from unmatched_document ${hint} where ${isWanted} and ${isBehind}
    order by document, user_id limit ${limit}`.execute(db);
  return rows.map(toUnmatched);
}

export async function findUnmatched(
  { db }: Store,
  userId: UserId,
  document: UnmatchedDocument['document'],
): Promise<UnmatchedDocument | undefined> {
  const { rows } = await sql<UnmatchedRow>`
    select * from unmatched_document where user_id = ${userId} and document = ${Buffer.from(document)}`.execute(
    db,
  );
  return rows.map(toUnmatched)[0];
}

/** Documents of one statement. */
const FORGOTTEN_AT_ONCE = 500;

/**
 * Deletes the oldest documents of a user past the bound.
 *
 * @returns how many were deleted
 */
export async function forgetOldestUnmatched(store: Store, userId: UserId, bound: number): Promise<number> {
  const hint = sql.raw(forceIndex(store.dialect, 'unmatched_document_user'));
  let forgotten = 0;
  for (;;) {
    const { rows } = await sql<{ document: Buffer }>`
      select document from unmatched_document ${hint} where user_id = ${userId}
      order by last_seen_ms desc, document desc limit ${FORGOTTEN_AT_ONCE} offset ${bound}`.execute(store.db);
    if (rows.length === 0) return forgotten;
    const documents = rows.map(({ document }) => document).toSorted((left, right) => left.compare(right));
    const deleted = await deleteUnmatched(store, userId, documents);
    // Another server forgets them too.
    if (deleted === 0) return forgotten;
    forgotten += deleted;
  }
}

/** @param documents in byte order. @returns how many were deleted */
export function deleteUnmatched(store: Store, userId: UserId, documents: readonly Buffer[]): Promise<number> {
  return deleteByIndex(store, {
    table: 'unmatched_document',
    column: 'document',
    index: 'primary',
    keys: documents,
    also: sql`unmatched_document.user_id = ${userId}`,
  });
}

/** @returns `false` when the document was pushed again after it was read, or is gone */
export async function deleteUnmatchedAsRead(
  { db }: Store,
  { userId, document, pushes, lastSeenMs }: UnmatchedDocument,
): Promise<boolean> {
  const { numAffectedRows = 0n } = await sql`
    delete from unmatched_document where user_id = ${userId} and document = ${Buffer.from(document)}
      and pushes = ${pushes} and last_seen_ms = ${lastSeenMs}`.execute(db);
  return numAffectedRows > 0n;
}

/** Counts the documents of all users, or of one. Reads an index. */
export async function countUnmatched({ db, dialect }: Store, userId?: UserId): Promise<number> {
  const index = userId === undefined ? 'unmatched_document_seen' : 'unmatched_document_user';
  const hint = sql.raw(forceIndex(dialect, index));
  const isWanted = userId === undefined ? sql`1 = 1` : sql`user_id = ${userId}`;
  const { rows } = await sql<{ documents: number | string }>`
    select count(*) as documents from unmatched_document ${hint} where ${isWanted}`.execute(db);
  return toNumber(rows[0]?.documents ?? 0);
}

/** Deletes about `count` documents, the oldest of all users. Those of one millisecond go together. */
export async function deleteOldestUnmatched(store: Store, count: number): Promise<number> {
  const hint = sql.raw(forceIndex(store.dialect, 'unmatched_document_seen'));
  const { rows } = await sql<{ last_seen_ms: number | string }>`
    select last_seen_ms from unmatched_document ${hint}
    order by last_seen_ms limit ${Math.min(count, FORGOTTEN_AT_ONCE)}`.execute(store.db);
  return deleteByIndex(store, {
    table: 'unmatched_document',
    column: 'last_seen_ms',
    index: 'unmatched_document_seen',
    keys: [...new Set(rows.map(({ last_seen_ms: seenMs }) => toNumber(seenMs)))],
  });
}

/** Up to `limit` documents of the user, in byte order. */
export async function someUnmatchedOfUser(
  { db, dialect }: Store,
  userId: UserId,
  limit: number,
): Promise<readonly Buffer[]> {
  const hint = sql.raw(forceIndex(dialect, 'primary'));
  const { rows } = await sql<{ document: Buffer }>`
    select document from unmatched_document ${hint} where user_id = ${userId}
    order by document limit ${limit}`.execute(db);
  return rows.map(({ document }) => document);
}
