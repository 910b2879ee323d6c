import { CompiledQuery } from 'kysely';
import { type Document, parseDocument } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import { parseFraction, type ProgressPush, type ProgressRecord } from '../domain/progress.js';
import { forceIndex } from './by-index.js';
import { deviceIdOfKey, deviceKey } from './device-key.js';
import { noteDevices, type SeenDevice } from './device-repository.js';
import { toNumber } from './int64.js';
import type { SqlDialect, Store } from './store.js';
import { textBytes } from './text-bytes.js';
import { inTransaction } from './transaction.js';

export interface ArrivedPush {
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
  pushes: readonly ArrivedPush[],
  devices: readonly SeenDevice[],
): Promise<void> {
  // Whoever waits decides whether it is tried again (app/push-queue.ts).
  await inTransaction(
    store,
    async (transaction) => {
      const wanted = pushes.filter(isWanted);
      const counted = store.dialect === 'sqlite' ? await takeArrivals(transaction, wanted.length) : 0;
      await upsertPushes(transaction, inPlaces(wanted), counted);
      if (devices.length > 0) await noteDevices(transaction, devices);
      if (!wanted.every(isWanted)) throw new Error('nobody waits for one of these pushes any more');
    },
    { attempts: 1 },
  );
}

function isWanted(push: ArrivedPush): boolean {
  return push.isWanted?.() ?? true;
}

/** A batch that is tried again in parts, or without some of its rows, has gaps: numbers in them belong to nobody. */
function inPlaces(pushes: readonly ArrivedPush[]): readonly ArrivedPush[] {
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
const CLOCK_US = "timestampdiff(microsecond, '1970-01-01', utc_timestamp(6))";

const TEXTS: Readonly<Record<SqlDialect, { readonly row: string; readonly collision: string }>> = {
  mysql: {
    row: `(?, ?, ?, ?, ?, ?, ?, ?, ${CLOCK_US} + ?)`,
    collision: `on duplicate key update ${REPLACED.map((column) => `${column} = values(${column})`).join(', ')}`,
  },
  sqlite: {
    row: '(?, ?, ?, ?, ?, ?, ?, ?, ?)',
    collision: `on conflict (user_id, document, device_key) do update set ${REPLACED.map((column) => `${column} = excluded.${column}`).join(', ')}`,
  },
};

/** SQLite keeps prepared statements: nine sizes of them. */
const SQLITE_ROWS = 256;

/**
 * MySQL gets the whole batch in one statement; the queue bounds it. SQLite gets the next power of two, filled up with
 * the last row again, which changes nothing: each statement more is a message to its thread and back.
 */
async function upsertPushes(
  store: Store,
  pushes: readonly ArrivedPush[],
  arrivalsBefore: number,
): Promise<void> {
  const { row, collision } = TEXTS[store.dialect];
  const most = store.dialect === 'mysql' ? pushes.length : SQLITE_ROWS;
  for (let start = 0; start < pushes.length; start += most) {
    const part = pushes.slice(start, start + most);
    const rows = store.dialect === 'mysql' ? part.length : 2 ** Math.ceil(Math.log2(part.length));
    const cells: unknown[] = [];
    for (const push of part) pushCells(cells, store.dialect, push, arrivalsBefore);
    const last = cells.slice(-cells.length / part.length);
    for (let i = part.length; i < rows; i++) cells.push(...last);
    const text = `insert into progress (${COLUMNS}) values ${row}${`, ${row}`.repeat(rows - 1)} ${collision}`;
    await store.db.executeQuery(CompiledQuery.raw(text, cells));
  }
}

function pushCells(
  values: unknown[],
  dialect: SqlDialect,
  { push, arrivalIndex }: ArrivedPush,
  arrivalsBefore: number,
): void {
  values.push(
    push.userId,
    textBytes(dialect, push.document),
    textBytes(dialect, deviceKey(push.device)),
    textBytes(dialect, push.device.name),
    textBytes(dialect, push.position),
    push.percentage,
    push.metadataJson === undefined ? null : textBytes(dialect, push.metadataJson),
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

/** A record that can be compared with those of other documents of the same book. */
export interface ArrivedRecord extends ProgressRecord {
  readonly arrival: number;
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
): Promise<ReadonlyMap<string, ArrivedRecord>> {
  if (keys.length === 0) return new Map();
  const cells: unknown[] = [];
  for (const { userId, document } of keys) cells.push(userId, textBytes(store.dialect, document));
  // SQLite keeps prepared statements, so the list is filled up with its first key to one of few lengths.
  const length = store.dialect === 'mysql' ? keys.length : 2 ** Math.ceil(Math.log2(keys.length));
  for (let i = keys.length; i < length; i++) cells.push(cells[0], cells[1]);
  const list = `(?, ?)${', (?, ?)'.repeat(length - 1)}`;
  const text =
    store.dialect === 'mysql'
      ? `select ${COLUMNS} from progress${forceIndex('mysql', 'primary')} where (user_id, document) in (${list})`
      : `with wanted (id, name) as (values ${list}) select ${COLUMNS} from wanted cross join progress on user_id = id and document = name`;
  const { rows } = await store.db.executeQuery<ProgressRow>(CompiledQuery.raw(text, cells));
  const newest = new Map<string, ProgressRow>();
  for (const row of rows) {
    const key = `${String(row.user_id)} ${row.document.toString('utf8')}`;
    const other = newest.get(key);
    if (other === undefined || isNewer(row, other)) newest.set(key, row);
  }
  return new Map([...newest].map(([key, row]) => [key, toRecord(row)]));
}

function isNewer(row: ProgressRow, other: ProgressRow): boolean {
  const difference = toNumber(row.arrival) - toNumber(other.arrival);
  return difference > 0 || (difference === 0 && row.device_key.compare(other.device_key) > 0);
}

function toRecord(row: ProgressRow): ArrivedRecord {
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
