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
  /** Pushes that are saved together arrived in the order of this number; there may be gaps. */
  readonly arrivalIndex: number;
  /** Whether it is still to be saved; always, where this is missing. */
  isWanted?(): boolean;
}

/**
 * Saves pushes in one commit, a row for each user, document and device, and registers devices with them.
 *
 * `arrival` is what makes the last push win. In MySQL it is the database's clock in microseconds at the beginning of
 * the statement plus the place among its rows, in the order of arrival: whatever was acknowledged before a statement
 * began has a smaller one, because no row is written in less than the microsecond that its place adds. Two servers that
 * write in the very same microsecond write at once, and which of them is last is decided by the device's key, for every
 * reader alike. Where several primaries write, the order is as good as their clocks agree. No counter row: every commit
 * of every server would wait for it. SQLite has one writer at a time, so there a counter costs nothing and no clock is
 * needed.
 *
 * A transaction, though without devices it is a single statement: a statement that was given up, because its answer did
 * not come in time, may still be carried out when the database comes to itself, over something newer. Without the commit
 * that nobody sends any more it comes to nothing.
 *
 * @param pushes in the order of user, document and device key, each once. Those that are not wanted any more when the
 *   transaction has begun are left out: a connection may have been waited for
 * @param devices in the order of user and device key, each once
 * @throws where a push is not wanted any more last thing before the commit; then everything is undone
 */
export async function savePushes(
  store: Store,
  pushes: readonly PushRow[],
  devices: readonly SeenDevice[],
): Promise<void> {
  // Whoever waits decides whether it is tried again (app/push-queue.ts).
  await inTransaction(
    store,
    async (transaction) => {
      const wanted = pushes.filter(isWanted);
      const placed = inPlaces(wanted);
      if (store.dialect === 'mysql') await upsertInMysql(transaction, placed);
      else await upsertInSqlite(transaction, placed, await takeArrivals(transaction, wanted.length));
      if (devices.length > 0) await saveSeenDevices(transaction, devices);
      if (!wanted.every(isWanted)) throw new Error('nobody waits for one of these pushes any more');
    },
    { attempts: 1 },
  );
}

function isWanted(push: PushRow): boolean {
  return push.isWanted?.() ?? true;
}

/** A batch that is tried again in parts, or without some of its rows, has gaps: numbers in them belong to nobody. */
function inPlaces(pushes: readonly PushRow[]): readonly PushRow[] {
  if (pushes.every(({ arrivalIndex }) => arrivalIndex < pushes.length)) return pushes;
  const arrivals = pushes.map(({ arrivalIndex }) => arrivalIndex).toSorted((left, right) => left - right);
  const places = new Map(arrivals.map((arrivalIndex, place) => [arrivalIndex, place]));
  return pushes.map(({ push, arrivalIndex }) => ({ push, arrivalIndex: places.get(arrivalIndex) ?? 0 }));
}

/** @returns the last arrival before those that are taken now */
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

/** UTC, because local time runs twice through an hour in autumn. */
const CLOCK_US = "timestampdiff(microsecond,'1970-01-01',utc_timestamp(6))";

const MYSQL_START = `insert into progress (${COLUMNS}) values `;
const MYSQL_COLLISION = ` on duplicate key update ${REPLACED.map((column) => `${column} = values(${column})`).join(', ')}`;

/**
 * The whole batch in one statement; the queue bounds it. Its values stand in the text, through the escaping that mysql2
 * itself uses for parameters: to find the place of each in the text was 4 % of a busy server's profile.
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
/** SQLite keeps prepared statements: nine sizes of them. */
const SQLITE_ROWS = 256;

/**
 * Rows up to the next power of two, filled up with the last one again, which changes nothing: each statement more is a
 * message to SQLite's thread and back.
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
 * The newest record of each of these documents, by `progressKeyText`; documents without one are left out.
 *
 * By the primary key's first two columns. MySQL: a list of pairs, measured at 2 µs a key of MariaDB 10.11 and MySQL
 * 9.7, where a list of `or` takes up to twice and a `union` up to ten times as long. SQLite would look up such a list
 * by the user alone and read everything that the user has; a join uses both columns.
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

/** Its values stand in the text, as in `upsertInMysql`. */
function mysqlQuery(keys: readonly ProgressKey[]): CompiledQuery {
  const list = keys.map(({ userId, document }) => `(${String(userId)},${escape(document)})`).join();
  const table = `progress${forceIndex('mysql', 'primary')}`;
  return CompiledQuery.raw(`select ${COLUMNS} from ${table} where (user_id, document) in (${list})`);
}

function sqliteQuery(keys: readonly ProgressKey[]): CompiledQuery {
  const cells: unknown[] = [];
  for (const { userId, document } of keys) cells.push(userId, Buffer.from(document));
  // SQLite keeps prepared statements, so the list is filled up with its first key to one of few lengths.
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
    throw new Error('the database holds a progress that no reader can have pushed');
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

/** Documents that the user has progress in, in byte order, with the number of devices that have a position. */
export async function documentsPage(
  store: Store,
  userId: UserId,
  page: { readonly after: Document | undefined; readonly limit: number },
): Promise<readonly { readonly document: Document; readonly devices: number }[]> {
  let query = store.db
    .selectFrom(byIndex(store, 'progress', 'primary'))
    .select('document')
    // A column that is not in the key, or MySQL reads the key from end to end with statistics that are stale.
    .select(({ fn }) => fn.count('pushed_ms').as('devices'))
    .where('user_id', '=', userId);
  if (page.after !== undefined) query = query.where('document', '>', Buffer.from(page.after));
  const rows = await query.groupBy('document').orderBy('document').limit(page.limit).execute();
  return rows.map((row) => ({ document: documentOf(row.document), devices: toNumber(row.devices) }));
}

/** The last position of each device in each of the documents, the newest first. */
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
      throw new Error('the database holds a percentage that nobody can have pushed');
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

/** @returns whether the device had a position there */
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
  if (document === undefined) throw new Error('the database holds a document that nobody can have pushed');
  return document;
}

/** Documents that one transaction deletes. Short transactions let pushes take turns. */
const DOCUMENTS_AT_ONCE = 500;

/**
 * Deletes up to 500 positions of the user with all positions of their documents.
 *
 * @returns whether there was any
 */
export async function deleteSomeProgress(store: Store, userId: UserId): Promise<boolean> {
  const rows = await store.db
    .selectFrom('progress')
    .select('document')
    .where('user_id', '=', userId)
    .limit(DOCUMENTS_AT_ONCE)
    .execute();
  const documents = [...new Map(rows.map((row) => [row.document.toString('hex'), row.document])).values()];
  await deleteByIndex(store, {
    table: 'progress',
    column: 'document',
    index: 'primary',
    keys: documents.toSorted((left, right) => left.compare(right)),
    also: sql`progress.user_id = ${userId}`,
  });
  return documents.length > 0;
}
