import { CompiledQuery, sql } from 'kysely';
import { escape } from 'mysql2';
import { type Document, parseDocument } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import {
  type DevicePosition,
  parseFraction,
  type PositionCursor,
  type ProgressPush,
  type ProgressWithArrival,
} from './progress.js';
import { byIndex, deleteByIndex, forceIndex } from '../database/by-index.js';
import { deviceIdOfKey, deviceKey } from '../device/device.js';
import { saveSeenDevices, type SeenDevice } from '../device/device-repository.js';
import { toNumber } from '../database/int64.js';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';

export interface PushRow {
  readonly push: ProgressPush;
  /** The order of arrival among the pushes that are saved together. The numbers may have gaps. */
  readonly arrivalIndex: number;
  /** Whether the push must still be saved. Default: yes. */
  isWanted?(): boolean;
}

/**
 * Saves pushes in one commit, one row for each user, document and device, together with the devices that they came from.
 *
 * The column `arrival` makes the last push win. In MySQL it is the database's clock in microseconds at the beginning of
 * the statement, plus the push's place in the order of arrival among the rows of the statement. A push that was
 * acknowledged before the statement began has a smaller value, because writing a row takes longer than the microsecond
 * that its place adds. Two servers that write in the same microsecond write concurrently; for them the device key decides,
 * so every reader gets the same answer. With several primaries the order is as good as the agreement of their clocks. A
 * counter row instead of the clock would make every commit of every server wait for it. SQLite has one writer at a time,
 * so there a counter costs nothing and no clock is needed.
 *
 * Without devices this is a single statement, but it runs in a transaction all the same. A statement that was given up
 * because its answer came too late may still be carried out by the database later, and would overwrite something newer.
 * Inside a transaction it has no effect, because the commit is never sent.
 *
 * @param pushes ordered by user, document and device key, each row once. Pushes that are not wanted when the transaction
 *   has begun are left out: the transaction may have waited for a connection
 * @param devices ordered by user and device key, each once
 * @throws if a push is not wanted immediately before the commit; then everything is rolled back
 */
export async function savePushes(
  store: Store,
  pushes: readonly PushRow[],
  devices: readonly SeenDevice[],
): Promise<void> {
  // One attempt: the queue (batching/push-queue.ts) knows the deadlines and decides about retries.
  await inTransaction(
    store,
    async (transaction) => {
      const wanted = pushes.filter(isPushWanted);
      const placed = inPlaces(wanted);
      if (store.dialect === 'mysql') await upsertInMysql(transaction, placed);
      else await upsertInSqlite(transaction, placed, await takeArrivals(transaction, wanted.length));
      if (devices.length > 0) await saveSeenDevices(transaction, devices);
      if (!wanted.every(isPushWanted)) throw new Error('a push of this batch is no longer wanted');
    },
    { attempts: 1 },
  );
}

function isPushWanted(push: PushRow): boolean {
  return push.isWanted?.() ?? true;
}

/**
 * Closes gaps in the order of arrival. A batch that is retried in parts, or without some of its rows, has gaps, and the
 * numbers in them may have been given to other pushes.
 */
function inPlaces(pushes: readonly PushRow[]): readonly PushRow[] {
  if (pushes.every(({ arrivalIndex }) => arrivalIndex < pushes.length)) return pushes;
  const arrivals = pushes.map(({ arrivalIndex }) => arrivalIndex).toSorted((left, right) => left - right);
  const places = new Map(arrivals.map((arrivalIndex, place) => [arrivalIndex, place]));
  return pushes.map(({ push, arrivalIndex }) => ({ push, arrivalIndex: places.get(arrivalIndex) ?? 0 }));
}

/** Reserves `count` arrivals. @returns the last arrival before them */
async function takeArrivals({ db }: Store, count: number): Promise<number> {
  const { rows } = await db.executeQuery<{ last_arrival: number }>(
    CompiledQuery.raw('update arrival_counter set last_arrival = last_arrival + ? returning last_arrival', [
      count,
    ]),
  );
  const last = rows[0]?.last_arrival;
  if (last === undefined) throw new Error('the arrival counter has no row');
  return last - count;
}

const COLUMNS =
  'user_id, document, device_key, device_name, position, percentage, metadata, pushed_ms, arrival';
const REPLACED = ['device_name', 'position', 'percentage', 'metadata', 'pushed_ms', 'arrival'];

/** In UTC, because one hour of local time occurs twice in autumn. */
const CLOCK_US = "timestampdiff(microsecond,'1970-01-01',utc_timestamp(6))";

const MYSQL_START = `insert into progress (${COLUMNS}) values `;
const MYSQL_COLLISION = ` on duplicate key update ${REPLACED.map((column) => `${column} = values(${column})`).join(', ')}`;

/**
 * Writes the whole batch, whose size the queue bounds, with one statement. The values are part of the text, escaped by
 * the function with which mysql2 itself inserts parameters into a text. Finding the place of each parameter in the text
 * took 4 % of a busy server's processor time (measured).
 */
async function upsertInMysql({ db }: Store, pushes: readonly PushRow[]): Promise<void> {
  if (pushes.length === 0) return;
  const rows = pushes.map(mysqlRow).join();
  await db.executeQuery(CompiledQuery.raw(MYSQL_START + rows + MYSQL_COLLISION));
}

function mysqlRow({ push, arrivalIndex }: PushRow): string {
  const { userId, document, device, position, percentage, metadataJson, pushedMs } = push;
  const key = `${String(userId)},${escape(document)},${escape(deviceKey(device))}`;
  const cells = `${escape(device.name)},${escape(position)},${String(percentage)},${escape(metadataJson)}`;
  return `(${key},${cells},${String(pushedMs)},${CLOCK_US}+${String(arrivalIndex + 1)})`;
}

const SQLITE_ROW = '(?, ?, ?, ?, ?, ?, ?, ?, ?)';
const SQLITE_COLLISION = `on conflict (user_id, document, device_key) do update set ${REPLACED.map((column) => `${column} = excluded.${column}`).join(', ')}`;
/** Rows of one statement. The numbers of rows are powers of two, so there are nine different prepared statements. */
const SQLITE_ROWS = 256;

/**
 * Writes the batch with few statements, because each is a message to SQLite's thread and back. The number of rows is
 * filled up to a power of two by repeating the last row, which changes nothing.
 */
async function upsertInSqlite(
  { db }: Store,
  pushes: readonly PushRow[],
  arrivalsBefore: number,
): Promise<void> {
  for (let start = 0; start < pushes.length; start += SQLITE_ROWS) {
    const part = pushes.slice(start, start + SQLITE_ROWS);
    const rows = 2 ** Math.ceil(Math.log2(part.length));
    const cells: unknown[] = [];
    for (const push of part) pushCells(cells, push, arrivalsBefore);
    const last = cells.slice(-cells.length / part.length);
    for (let i = part.length; i < rows; i++) cells.push(...last);
    const text = `insert into progress (${COLUMNS}) values ${SQLITE_ROW}${`, ${SQLITE_ROW}`.repeat(rows - 1)} ${SQLITE_COLLISION}`;
    await db.executeQuery(CompiledQuery.raw(text, cells));
  }
}

function pushCells(values: unknown[], { push, arrivalIndex }: PushRow, arrivalsBefore: number): void {
  values.push(
    push.userId,
    Buffer.from(push.document),
    Buffer.from(deviceKey(push.device)),
    Buffer.from(push.device.name),
    Buffer.from(push.position),
    push.percentage,
    push.metadataJson === undefined ? null : Buffer.from(push.metadataJson),
    push.pushedMs,
    arrivalsBefore + arrivalIndex + 1,
  );
}

export interface ProgressKey {
  readonly userId: UserId;
  readonly document: Document;
}

export function progressKeyText({ userId, document }: ProgressKey): string {
  return `${String(userId)} ${document}`;
}

interface ProgressRow {
  readonly user_id: UserId;
  readonly document: Buffer;
  readonly device_key: Buffer;
  readonly device_name: Buffer;
  readonly position: Buffer;
  readonly percentage: number;
  readonly metadata: Buffer | null;
  readonly pushed_ms: number | string;
  readonly arrival: number | string;
}

/**
 * The newest record of each of these documents, keyed by `progressKeyText`. Documents without a record are left out.
 *
 * The statement reads by the first two columns of the primary key. MySQL gets a list of pairs, which takes 2 µs of
 * MariaDB 10.11 and MySQL 9.7 for each key (measured); conditions joined by `or` take up to twice as long, a `union` up
 * to ten times. For a list of pairs SQLite uses only the user column and reads everything that the user has, so it gets
 * a join, which uses both columns.
 */
export async function newestProgress(
  store: Store,
  keys: readonly ProgressKey[],
): Promise<ReadonlyMap<string, ProgressWithArrival>> {
  if (keys.length === 0) return new Map();
  const query = store.dialect === 'mysql' ? mysqlQuery(keys) : sqliteQuery(keys);
  const { rows } = await store.db.executeQuery<ProgressRow>(query);
  const newest = new Map<string, ProgressRow>();
  for (const row of rows) {
    const key = `${String(row.user_id)} ${row.document.toString('utf8')}`;
    const other = newest.get(key);
    if (other === undefined || isNewer(row, other)) newest.set(key, row);
  }
  return new Map([...newest].map(([key, row]) => [key, toRecord(row)]));
}

/** The values are part of the text, as in {@link upsertInMysql}. */
function mysqlQuery(keys: readonly ProgressKey[]): CompiledQuery {
  const list = keys.map(({ userId, document }) => `(${String(userId)},${escape(document)})`).join();
  const table = `progress${forceIndex('mysql', 'primary')}`;
  return CompiledQuery.raw(`select ${COLUMNS} from ${table} where (user_id, document) in (${list})`);
}

function sqliteQuery(keys: readonly ProgressKey[]): CompiledQuery {
  const cells: unknown[] = [];
  for (const { userId, document } of keys) cells.push(userId, Buffer.from(document));
  // Filled up to a power of two by repeating the first key, so that there are few different prepared statements.
  const length = 2 ** Math.ceil(Math.log2(keys.length));
  for (let i = keys.length; i < length; i++) cells.push(cells[0], cells[1]);
  const list = `(?, ?)${', (?, ?)'.repeat(length - 1)}`;
  return CompiledQuery.raw(
    `with wanted (id, name) as (values ${list}) select ${COLUMNS} from wanted cross join progress on user_id = id and document = name`,
    cells,
  );
}

function isNewer(row: ProgressRow, other: ProgressRow): boolean {
  const difference = toNumber(row.arrival) - toNumber(other.arrival);
  return difference > 0 || (difference === 0 && row.device_key.compare(other.device_key) > 0);
}

function toRecord(row: ProgressRow): ProgressWithArrival {
  const document = parseDocument(row.document.toString('utf8'));
  const percentage = parseFraction(row.percentage);
  if (document === undefined || percentage === undefined) {
    throw new Error('the database holds a progress that is not valid');
  }
  return {
    document,
    position: row.position.toString('utf8'),
    percentage,
    device: { name: row.device_name.toString('utf8'), id: deviceIdOfKey(row.device_key) },
    metadataJson: row.metadata?.toString('utf8'),
    pushedMs: toNumber(row.pushed_ms),
    arrival: toNumber(row.arrival),
  };
}

/** The documents in which a user has progress, in byte order, with the number of devices that have a position there. */
export async function documentsPage(
  store: Store,
  userId: UserId,
  page: { readonly after: Document | undefined; readonly limit: number },
): Promise<readonly { readonly document: Document; readonly devices: number }[]> {
  let query = store.db
    .selectFrom(byIndex(store, 'progress', 'primary'))
    .select('document')
    // Counts a column that is not part of the key: with stale statistics MySQL would otherwise scan the whole key.
    .select(({ fn }) => fn.count('pushed_ms').as('devices'))
    .where('user_id', '=', userId);
  if (page.after !== undefined) query = query.where('document', '>', Buffer.from(page.after));
  const rows = await query.groupBy('document').orderBy('document').limit(page.limit).execute();
  return rows.map((row) => ({ document: documentOf(row.document), devices: toNumber(row.devices) }));
}

/** The last position of each device in each of the documents, ordered from the newest to the oldest. */
export async function positionsPage(
  store: Store,
  userId: UserId,
  documents: readonly Document[],
  page: { readonly after: PositionCursor | undefined; readonly limit: number },
): Promise<readonly DevicePosition[]> {
  let query = store.db
    .selectFrom(byIndex(store, 'progress', 'primary', 'p'))
    .leftJoin(byIndex(store, 'device', 'primary', 'd'), (join) =>
      join.onRef('d.user_id', '=', 'p.user_id').onRef('d.device_key', '=', 'p.device_key'),
    )
    .selectAll('p')
    .select('d.friendly_name')
    .where('p.user_id', '=', userId)
    .where(
      'p.document',
      'in',
      documents.map((document) => Buffer.from(document)),
    );
  const { after } = page;
  if (after !== undefined) {
    query = query.where((where) =>
      where.or([
        where('p.arrival', '<', after.arrival),
        where.and([where('p.arrival', '=', after.arrival), where('p.device_key', '<', after.deviceKey)]),
        where.and([
          where('p.arrival', '=', after.arrival),
          where('p.device_key', '=', after.deviceKey),
          where('p.document', '<', Buffer.from(after.document)),
        ]),
      ]),
    );
  }
  const rows = await query
    .orderBy('p.arrival', 'desc')
    .orderBy('p.device_key', 'desc')
    .orderBy('p.document', 'desc')
    .limit(page.limit)
    .execute();
  return rows.map((row) => {
    const percentage = parseFraction(row.percentage);
    if (percentage === undefined)
      throw new Error('the database holds a percentage that is not between 0 and 1');
    return {
      document: documentOf(row.document),
      deviceKey: row.device_key,
      deviceName: row.device_name.toString('utf8'),
      readerId: deviceIdOfKey(row.device_key),
      friendlyName: row.friendly_name ?? undefined,
      position: row.position.toString('utf8'),
      percentage,
      metadataJson: row.metadata?.toString('utf8'),
      pushedMs: toNumber(row.pushed_ms),
      arrival: toNumber(row.arrival),
    };
  });
}

/** @returns `false` when the device had no position there */
export async function deletePositionRow(
  store: Store,
  userId: UserId,
  document: Document,
  key: Buffer,
): Promise<boolean> {
  const result = await store.db
    .deleteFrom('progress')
    .where('user_id', '=', userId)
    .where('document', '=', Buffer.from(document))
    .where('device_key', '=', key)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

function documentOf(bytes: Buffer): Document {
  const document = parseDocument(bytes.toString('utf8'));
  if (document === undefined) throw new Error('the database holds a document that is not valid');
  return document;
}

/** The documents of up to `limit` positions of the user, each document once, in byte order. */
export async function someDocumentsOfUser(
  store: Store,
  userId: UserId,
  limit: number,
): Promise<readonly Buffer[]> {
  const rows = await store.db
    .selectFrom('progress')
    .select('document')
    .where('user_id', '=', userId)
    .limit(limit)
    .execute();
  const documents = [...new Map(rows.map((row) => [row.document.toString('hex'), row.document])).values()];
  return documents.toSorted((left, right) => left.compare(right));
}

/** Deletes all positions of the user in these documents, which must be in byte order. */
export async function deleteProgress(
  store: Store,
  userId: UserId,
  documents: readonly Buffer[],
): Promise<void> {
  await deleteByIndex(store, {
    table: 'progress',
    column: 'document',
    index: 'primary',
    keys: documents,
    also: sql`progress.user_id = ${userId}`,
  });
}
