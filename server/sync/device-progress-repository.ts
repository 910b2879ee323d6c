import { CompiledQuery, type RawBuilder, sql } from 'kysely';
import { bulkUpsert, textBytes } from '../database/bulk-write.js';
import { deleteByIndex, forceIndex, inOrder } from '../database/by-index.js';
import { toNumber } from '../database/int64.js';
import type { Store } from '../database/store.js';
import { deviceIdOfKey, deviceKey, type ReaderDevice } from '../device/device.js';
import type { Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import type { PageRequest } from '../domain/page.js';
import {
  documentOf,
  fractionOf,
  keyList,
  type ProgressKey,
  progressKeyText,
  wantedKeys,
} from './progress-key.js';
import {
  arrivalBeforePushes,
  type DevicePosition,
  type DocumentCursor,
  type DocumentSummary,
  type PositionCursor,
  type ProgressPush,
  type ProgressRecord,
} from './progress.js';

/**
 * `device_progress` holds the last position of each device that is not the last one to have pushed the document. When a
 * device pushes again, its row here stays as it is until another device pushes: a row of the device that
 * `document_progress` names is out of date and is read by nobody.
 */
const COLUMNS = 'user_id, document, device_key, device_name, position, percentage, pushed_ms, arrival';
const REPLACED = ['device_name', 'position', 'percentage', 'pushed_ms', 'arrival'];
const SELECTED = COLUMNS.replaceAll(/\w+/g, 'h.$&');

/** Copies the newest progress of these documents, which other devices are about to replace. */
export async function keepDisplacedPositions(
  { db, dialect }: Store,
  keys: readonly ProgressKey[],
): Promise<void> {
  if (keys.length === 0) return;
  const start = `insert into device_progress (${COLUMNS})`;
  if (dialect === 'mysql') {
    const set = REPLACED.map((column) => `${column} = values(${column})`).join(', ');
    const from = `document_progress as h${forceIndex('mysql', 'primary')}`;
    // The rows are locked already. Without "for update" the statement would read the state before the locks.
    await db.executeQuery(
      CompiledQuery.raw(
        `${start} select ${SELECTED} from ${from} where (h.user_id, h.document) in (${keyList(keys)}) for update on duplicate key update ${set}`,
      ),
    );
    return;
  }
  const { text, cells } = wantedKeys(keys);
  const set = REPLACED.map((column) => `${column} = excluded.${column}`).join(', ');
  const from = `wanted cross join document_progress as h on h.user_id = id and h.document = name`;
  await db.executeQuery(
    CompiledQuery.raw(
      `${start} with ${text} select ${SELECTED} from ${from} where true on conflict (user_id, document, device_key) do update set ${set}`,
      cells,
    ),
  );
}

interface PositionRow {
  readonly document: Buffer;
  readonly device_key: Buffer;
  readonly device_name: Buffer;
  readonly friendly_name: string | null;
  readonly position: Buffer;
  readonly percentage: number;
  readonly metadata: Buffer | null;
  readonly pushed_ms: number | string;
  readonly arrival: number | string;
}

/** The last position of each device in each of the documents, ordered from the newest to the oldest. */
export async function positionsPage(
  store: Store,
  userId: UserId,
  documents: readonly Document[],
  page: { readonly after: PositionCursor | undefined; readonly limit: number },
): Promise<readonly DevicePosition[]> {
  const hint = sql.raw(forceIndex(store.dialect, 'primary'));
  const wanted = sql`h.user_id = ${userId} and h.document in (${sql.join(documents.map((document) => Buffer.from(document)))})`;
  const others = COLUMNS.replaceAll(/\w+/g, 'd.$&');
  const { rows } = await sql<PositionRow>`
    select p.*, named.friendly_name, m.metadata
    from (
      select ${sql.raw(SELECTED)} from document_progress as h ${hint} where ${wanted}
      union all
      select ${sql.raw(others)} from document_progress as h ${hint}
        join device_progress as d ${hint} on d.user_id = h.user_id and d.document = h.document
      where ${wanted} and d.device_key <> h.device_key
    ) as p
    left join device as named ${hint} on named.user_id = p.user_id and named.device_key = p.device_key
    left join document_metadata as m ${hint} on m.user_id = p.user_id and m.document = p.document
    where ${olderThan(page.after)}
    order by p.arrival desc, p.device_key desc, p.document desc
    limit ${page.limit}`.execute(store.db);
  return rows.map((row) => ({
    document: documentOf(row.document),
    deviceKey: row.device_key,
    deviceName: row.device_name.toString('utf8'),
    readerId: deviceIdOfKey(row.device_key),
    friendlyName: row.friendly_name ?? undefined,
    position: row.position.toString('utf8'),
    percentage: fractionOf(row.percentage),
    metadataJson: row.metadata?.toString('utf8'),
    pushedMs: toNumber(row.pushed_ms),
    arrival: toNumber(row.arrival),
  }));
}

function olderThan(after: PositionCursor | undefined): RawBuilder<unknown> {
  if (after === undefined) return sql`1 = 1`;
  const { arrival, deviceKey } = after;
  return sql`(p.arrival < ${arrival}
    or (p.arrival = ${arrival} and p.device_key < ${deviceKey})
    or (p.arrival = ${arrival} and p.device_key = ${deviceKey} and p.document < ${Buffer.from(after.document)}))`;
}

/** The documents of a user with their newest progress, the last pushed first. Reads the rows of all of them. */
export function documentsOfUser(
  store: Store,
  userId: UserId,
  { after, limit }: PageRequest<DocumentCursor>,
): Promise<readonly DocumentSummary[]> {
  const primary = sql.raw(forceIndex(store.dialect, 'primary'));
  const older =
    after === undefined
      ? sql`1 = 1`
      : sql`(arrival < ${after.arrival} or (arrival = ${after.arrival} and document < ${Buffer.from(after.document)}))`;
  return summaries(
    store,
    sql`select user_id, document from document_progress ${primary}
      where user_id = ${userId} and ${older} order by arrival desc, document desc limit ${limit}`,
    BY_ARRIVAL,
  );
}

/**
 * The documents of all users with their newest progress, the last pushed first: by the hour of the push, and within an hour by
 * arrival. Reads `limit` entries of the index more than the rows of the hours in which the page begins and ends.
 */
export async function documentsOfAllUsers(
  store: Store,
  { after, limit }: PageRequest<DocumentCursor>,
): Promise<readonly DocumentSummary[]> {
  const byHour = sql.raw(forceIndex(store.dialect, 'document_progress_hour'));
  const earlier = after === undefined ? sql`pushed_hour >= 0` : sql`pushed_hour < ${after.pushedHour}`;
  const { rows } = await sql<{ pushed_hour: number }>`
    select pushed_hour from document_progress ${byHour}
      where ${earlier} and ${NOT_COVERED} order by pushed_hour desc limit 1 offset ${limit - 1}`.execute(
    store.db,
  );
  const from = sql`pushed_hour >= ${rows[0]?.pushed_hour ?? 0}`;
  return summaries(
    store,
    sql`select user_id, document from document_progress ${byHour}
      where ${from} and ${pushedBefore(after)}
      order by pushed_hour desc, arrival desc, user_id desc, document desc limit ${limit}`,
    sql`h.pushed_hour desc, ${BY_ARRIVAL}`,
  );
}

/**
 * Looks useless but is needed: this column is not part of the index. Otherwise MySQL, with stale statistics, reads the
 * index from its end and not from the hour before the page.
 */
const NOT_COVERED = sql`pushed_ms is not null`;

/** Arrivals are nearly always unique. */
function pushedBefore(after: DocumentCursor | undefined): RawBuilder<unknown> {
  if (after === undefined) return sql`1 = 1`;
  const { pushedHour, arrival, userId, document } = after;
  return sql`pushed_hour <= ${pushedHour} and (
    pushed_hour < ${pushedHour} or arrival < ${arrival} or (arrival = ${arrival} and (
      user_id < ${userId} or (user_id = ${userId} and document < ${Buffer.from(document)}))))`;
}

const BY_ARRIVAL = sql`h.arrival desc, h.user_id desc, h.document desc`;

/** The newest progress in each of these documents, the last pushed first. @param keys at most 250 */
export async function summariesOfDocuments(
  store: Store,
  keys: readonly ProgressKey[],
): Promise<readonly DocumentSummary[]> {
  if (keys.length === 0) return [];
  const pairs = keys.map(
    ({ userId, document }) => sql`select ${userId} as user_id, ${Buffer.from(document)} as document`,
  );
  return summaries(store, sql.join(pairs, sql` union all `), BY_ARRIVAL);
}

/** @param listed a query of pairs `user_id, document` */
async function summaries(
  store: Store,
  listed: RawBuilder<unknown>,
  order: RawBuilder<unknown>,
): Promise<readonly DocumentSummary[]> {
  const primary = sql.raw(forceIndex(store.dialect, 'primary'));
  const { rows } = await sql<SummaryRow>`
    select ${sql.raw(inOrder(store.dialect))} h.*, u.name as user_name, named.friendly_name, m.metadata, (
      select count(*) from device_progress as d ${primary}
      where d.user_id = h.user_id and d.document = h.document and d.device_key <> h.device_key) as others
    from (${listed}) as listed
    join document_progress as h ${primary} on h.user_id = listed.user_id and h.document = listed.document
    left join user as u ${primary} on u.id = h.user_id
    left join device as named ${primary} on named.user_id = h.user_id and named.device_key = h.device_key
    left join document_metadata as m ${primary} on m.user_id = h.user_id and m.document = h.document
    order by ${order}`.execute(store.db);
  return rows.map((row) => ({
    userId: row.user_id,
    // A push may outlive its user for a moment.
    userName: row.user_name ?? String(row.user_id),
    pushedHour: row.pushed_hour,
    record: {
      document: documentOf(row.document),
      position: row.position.toString('utf8'),
      percentage: fractionOf(row.percentage),
      device: { name: row.device_name.toString('utf8'), id: deviceIdOfKey(row.device_key) },
      pushedMs: toNumber(row.pushed_ms),
      arrival: toNumber(row.arrival),
    },
    friendlyName: row.friendly_name ?? undefined,
    metadataJson: row.metadata?.toString('utf8'),
    devices: toNumber(row.others) + 1,
  }));
}

interface SummaryRow extends PositionRow {
  readonly user_id: UserId;
  readonly user_name: string | null;
  readonly pushed_hour: number;
  readonly others: number | string;
}

interface DevicePositionRow extends Pick<
  PositionRow,
  'document' | 'device_key' | 'device_name' | 'position' | 'percentage' | 'pushed_ms' | 'arrival'
> {
  readonly user_id: UserId;
}

/** The rows of these documents, also those that are out of date, of each document the oldest first. */
async function rowsOfDocuments(
  { db, dialect }: Store,
  keys: readonly ProgressKey[],
): Promise<readonly DevicePositionRow[]> {
  if (keys.length === 0) return [];
  const columns = COLUMNS.replaceAll(/\w+/g, 'd.$&');
  const order = 'order by d.user_id, d.document, d.arrival, d.device_key';
  const { text, cells } = dialect === 'sqlite' ? wantedKeys(keys) : { text: '', cells: [] };
  const { rows } = await db.executeQuery<DevicePositionRow>(
    CompiledQuery.raw(
      dialect === 'sqlite'
        ? `with ${text} select distinct ${columns} from wanted cross join device_progress as d on d.user_id = id and d.document = name ${order}`
        : `select ${columns} from device_progress as d${forceIndex('mysql', 'primary')} where (d.user_id, d.document) in (${keyList(keys)}) ${order}`,
      cells,
    ),
  );
  return rows;
}

/**
 * When each device that has a row beside the newest progress of these documents pushed last, by the text of
 * {@link devicePositionText}.
 */
export async function devicePositionTimes(
  store: Store,
  keys: readonly ProgressKey[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await rowsOfDocuments(store, keys);
  return new Map(
    rows.map((row) => {
      const key = { userId: row.user_id, document: documentOf(row.document) };
      return [devicePositionText(key, row.device_key.toString('utf8')), toNumber(row.pushed_ms)];
    }),
  );
}

/** The last positions of the devices that are not the newest of these documents, by `progressKeyText`, the oldest first. */
export async function otherDevicePositions(
  store: Store,
  newest: readonly (ProgressKey & { readonly device: ReaderDevice })[],
): Promise<ReadonlyMap<string, readonly ProgressRecord[]>> {
  const newestDevices = new Map(newest.map((each) => [progressKeyText(each), deviceKey(each.device)]));
  const positions = new Map<string, ProgressRecord[]>();
  for (const row of await rowsOfDocuments(store, newest)) {
    const document = documentOf(row.document);
    const key = progressKeyText({ userId: row.user_id, document });
    // A row of the device that pushed last is out of date.
    if (newestDevices.get(key) === row.device_key.toString('utf8')) continue;
    const position = {
      document,
      position: row.position.toString('utf8'),
      percentage: fractionOf(row.percentage),
      device: { name: row.device_name.toString('utf8'), id: deviceIdOfKey(row.device_key) },
      pushedMs: toNumber(row.pushed_ms),
    };
    const known = positions.get(key);
    if (known === undefined) positions.set(key, [position]);
    else known.push(position);
  }
  return positions;
}

/** With the length of the document: a document and a device key cannot form the text of another pair. */
export function devicePositionText({ userId, document }: ProgressKey, device: string): string {
  return `${String(userId)} ${String(document.length)} ${document}${device}`;
}

/** Saves positions of devices that are not the newest of their documents. @param pushes ordered by user and document */
export async function saveDevicePositions(store: Store, pushes: readonly ProgressPush[]): Promise<void> {
  const { dialect } = store;
  await bulkUpsert(
    store,
    {
      table: 'device_progress',
      columns: COLUMNS.split(', '),
      key: ['user_id', 'document', 'device_key'],
      update: REPLACED,
    },
    pushes.flatMap((push) => [
      push.userId,
      textBytes(dialect, push.document),
      textBytes(dialect, deviceKey(push.device)),
      textBytes(dialect, push.device.name),
      textBytes(dialect, push.position),
      push.percentage,
      push.pushedMs,
      arrivalBeforePushes(push.pushedMs),
    ]),
  );
}

/** @returns `false` when there was no such row */
export async function deleteDevicePosition(
  { db }: Store,
  { userId, document }: ProgressKey,
  deviceKey: Buffer,
): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('device_progress')
    .where('user_id', '=', userId)
    .where('document', '=', Buffer.from(document))
    .where('device_key', '=', deviceKey)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** @param documents in byte order */
export async function deleteDevicePositions(
  store: Store,
  userId: UserId,
  documents: readonly Buffer[],
): Promise<void> {
  await deleteByIndex(store, {
    table: 'device_progress',
    column: 'document',
    index: 'primary',
    keys: documents,
    also: sql`device_progress.user_id = ${userId}`,
  });
}

/** Rows of one statement. */
const FORGOTTEN_AT_ONCE = 1000;

/**
 * Deletes the positions of a document but for the newest, and but for the newest `keep` of the others.
 *
 * @returns how many were deleted
 */
export async function forgetOldestPositions(
  store: Store,
  { userId, document }: ProgressKey,
  keep: number,
): Promise<number> {
  const hint = sql.raw(forceIndex(store.dialect, 'primary'));
  const bytes = Buffer.from(document);
  for (let deleted = 0; ;) {
    const { rows } = await sql<{ device_key: Buffer; arrival: number | string }>`
      select d.device_key, d.arrival from document_progress as h ${hint}
        join device_progress as d ${hint} on d.user_id = h.user_id and d.document = h.document
      where h.user_id = ${userId} and h.document = ${bytes} and d.device_key <> h.device_key
      order by d.arrival desc, d.device_key desc
      limit ${FORGOTTEN_AT_ONCE} offset ${keep}`.execute(store.db);
    const latest = Math.max(...rows.map(({ arrival }) => toNumber(arrival)));
    deleted += await deleteByIndex(store, {
      table: 'device_progress',
      column: 'device_key',
      index: 'primary',
      keys: rows.map((row) => row.device_key).toSorted((left, right) => left.compare(right)),
      // One that has been replaced since is newer.
      also: sql`device_progress.user_id = ${userId} and device_progress.document = ${bytes} and device_progress.arrival <= ${latest}`,
    });
    if (rows.length < FORGOTTEN_AT_ONCE) return deleted;
  }
}
