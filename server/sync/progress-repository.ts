import { CompiledQuery, type QueryResult, sql } from 'kysely';
import { sqlLiteral } from '../database/mysql/sql-literal.js';
import { markChanges } from '../changes/change-mark-repository.js';
import { bulkUpsert, textBytes } from '../database/bulk-write.js';
import { byIndex, deleteByIndex, forceIndex } from '../database/by-index.js';
import { errorCode } from '../domain/error-text.js';
import { toNumber } from '../database/int64.js';
import type { SqlDialect, Store } from '../database/store.js';
import { repeatedStatement } from '../database/sqlite/repeated-statement.js';
import { inTransaction } from '../database/transaction.js';
import { deviceIdOfKey, deviceKey } from '../device/device.js';
import { saveSeenDevices, type SeenDevice } from '../device/device-repository.js';
import type { Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import {
  deleteDevicePosition,
  deleteDevicePositions,
  keepDisplacedPositions,
} from './device-progress-repository.js';
import { deleteDocumentMetadata, saveDocumentMetadata } from './document-metadata-repository.js';
import {
  documentOf,
  fractionOf,
  keyList,
  type ProgressKey,
  progressKeyText,
  wantedKeys,
} from './progress-key.js';
import { deleteHistory } from './progress-history-repository.js';
import { arrivalBeforePushes, type ProgressPush, type ProgressWithArrival } from './progress.js';

export interface PushRow {
  readonly push: ProgressPush;
  /** The order of arrival among the pushes that are saved together. The numbers may have gaps. */
  readonly arrivalIndex: number;
  /** Whether the push must still be saved. Default: yes. */
  isWanted?(): boolean;
}

export interface PushBatch {
  /**
   * Ordered by user and document, each document once. Pushes that are not wanted when the transaction has begun are left
   * out: the transaction may have waited for a connection.
   */
  readonly pushes: readonly PushRow[];
  /** Ordered by user and device key, each once. */
  readonly devices?: readonly SeenDevice[];
  /**
   * Whether the device of the push is believed to have pushed this document last. A wrong answer costs a second
   * transaction, and nothing else. Default: no.
   */
  readonly isLastDevice?: (push: ProgressPush) => boolean;
  /** Whether metadata is stored. What is stored already stays. Default: yes. */
  readonly keepsMetadata?: boolean;
  /** Asked first, in the transaction. `true`: nothing is saved. */
  readonly unless?: (transaction: Store) => Promise<boolean>;
  /** Whether this metadata of the push is in the database, provided that the user has progress in it. Default: no. */
  readonly isMetadataWritten?: (push: ProgressPush, metadataJson: string) => boolean;
}

/** What a batch has added to the database beside the newest progress. */
export interface PushTraces {
  /** Documents in which the user had no progress. */
  readonly created: readonly ProgressPush[];
  /** Documents that another device had pushed last. Its position was kept. */
  readonly displaced: readonly ProgressPush[];
  /**
   * A number of the commit, unlike that of any other commit. A document that is pushed again, after this push was
   * acknowledged, gets a larger one. `undefined` when nothing was written, or the database did not tell it.
   */
  readonly arrival: number | undefined;
}

/** Another server pushed the document for the first time in the same moment. Nothing was written; a retry succeeds. */
export class DocumentAppearedError extends Error {
  override readonly name = 'DocumentAppearedError';
}

/**
 * Saves pushes in one commit, together with the devices and the metadata that came with them. `document_progress` holds
 * the newest push of each document. When another device pushed it last, that device's position moves to
 * `device_progress`, so every device's last position is kept.
 *
 * The column `arrival` orders the pushes of a user. It is a number that the database counts up with each commit
 * ({@link ArrivalTicket}), and the push's place in the order of arrival among the rows of the commit. It is always greater
 * than the arrival that the document had before: with several primaries, one may count behind another. No clock is asked,
 * because clocks step back. SQLite has one writer at a time, so there a counter in a row costs nothing.
 *
 * A transaction is needed even for a single statement. A statement that was given up because its answer came too late may
 * still be carried out by the database later, and would overwrite something newer. Inside a transaction it has no effect,
 * because the commit is never sent.
 *
 * @throws DocumentAppearedError; an Error if a push is not wanted immediately before the commit. Everything is rolled back
 */
export async function savePushes(store: Store, batch: PushBatch): Promise<PushTraces> {
  try {
    return await saveOnce(store, batch);
  } catch (error) {
    if (!(error instanceof WrongBeliefError)) throw error;
    return saveOnce(store, { ...batch, isLastDevice: () => false });
  }
}

/** A document is new, or another device has pushed it, against what was believed. Everything was rolled back. */
class WrongBeliefError extends Error {
  override readonly name = 'WrongBeliefError';
}

function saveOnce(store: Store, batch: PushBatch): Promise<PushTraces> {
  // One attempt: the queue (batching/push-queue.ts) knows the deadlines and decides about retries.
  return inTransaction(
    store,
    async (transaction) => {
      if ((await batch.unless?.(transaction)) === true) return NO_TRACES;
      const wanted = batch.pushes.filter(isPushWanted);
      const traces = await saveProgress(transaction, wanted, batch);
      const { devices = [] } = batch;
      if (batch.keepsMetadata !== false) {
        await saveDocumentMetadata(transaction, metadataToWrite(wanted, traces, batch));
      }
      if (devices.length > 0) await saveSeenDevices(transaction, devices);
      if (store.dialect === 'sqlite') await markPushes(transaction, wanted, devices);
      if (!wanted.every(isPushWanted)) throw new Error('a push of this batch is no longer wanted');
      return traces;
    },
    { attempts: 1 },
  );
}

/**
 * In SQLite the marks belong to the commit of the pushes: a commit of their own would wait for the disk as long as that of
 * the pushes, and keep the next pushes waiting. In MySQL they follow it (changes/change-marks.ts), because pushes of one
 * user would wait for each other.
 */
async function markPushes(
  store: Store,
  pushes: readonly PushRow[],
  devices: readonly SeenDevice[],
): Promise<void> {
  await markChanges(
    store,
    ['progress'],
    pushes.map(({ push }) => push.userId),
  );
  await markChanges(
    store,
    ['devices'],
    devices.map(({ userId }) => userId),
  );
}

function isPushWanted(push: PushRow): boolean {
  return push.isWanted?.() ?? true;
}

function metadataToWrite(
  rows: readonly PushRow[],
  { created }: PushTraces,
  { isMetadataWritten = () => false }: PushBatch,
): readonly ProgressPush[] {
  const isNew = new Set(created);
  return rows
    .map(({ push }) => push)
    .filter((push) => {
      const { metadataJson } = push;
      return metadataJson !== undefined && (isNew.has(push) || !isMetadataWritten(push, metadataJson));
    });
}

async function saveProgress(
  store: Store,
  wanted: readonly PushRow[],
  { isLastDevice = () => false }: Pick<PushBatch, 'isLastDevice'>,
): Promise<PushTraces> {
  if (wanted.length === 0) return NO_TRACES;
  const before = store.dialect === 'mysql' ? new ArrivalTicket() : await takeArrivals(store, wanted.length);
  const rows = inPlaces(wanted);
  const [believed, unsure] = partition(rows, ({ push }) => isLastDevice(push));
  const { same: checked, traces } = await saveUnlessSameDevice(store, unsure, before);
  await saveSameDevice(store, inOrderOf(rows, believed, checked), before);
  return { ...traces, arrival: typeof before === 'number' ? before : before.taken };
}

/** The items of two parts of a list, in the order of the list: rows are written in the order of their keys. */
function inOrderOf<Item>(
  list: readonly Item[],
  first: readonly Item[],
  second: readonly Item[],
): readonly Item[] {
  if (second.length === 0) return first;
  const isWanted = new Set([...first, ...second]);
  return list.filter((item) => isWanted.has(item));
}

const NO_TRACES: PushTraces = { created: [], displaced: [], arrival: undefined };

interface PlacedPush {
  readonly push: ProgressPush;
  /** In the order of arrival, from 1, without gaps. */
  readonly place: number;
}

/** Places of one ticket: more than a batch has. */
const TICKET_PLACES = 1024;

/**
 * The arrivals of one transaction in MySQL: a number that the table `arrival_ticket` counts up, and the places of the
 * pushes. No transaction waits for another one to take it, and it goes up whatever the clock does. A push that was
 * acknowledged before another one was sent has the smaller ticket.
 */
class ArrivalTicket {
  /** SQL for the arrival before the first one. */
  readonly base = `last_insert_id(last_insert_id())*${String(TICKET_PLACES)}`;
  #statement = 'insert into arrival_ticket () values (); ';
  #taken: number | undefined;

  /** The arrival before the first one, once a statement with {@link base} has been answered. */
  get taken(): number | undefined {
    return this.#taken;
  }

  /** What to put before the first statement of the transaction; empty afterwards. */
  takeOnce(): string {
    const statement = this.#statement;
    this.#statement = '';
    return statement;
  }

  /** @param result of a statement with {@link base}: the database tells which id `last_insert_id(…)` was given */
  note({ insertId }: QueryResult<unknown>): void {
    if (insertId !== undefined) this.#taken = Number(insertId) * TICKET_PLACES;
  }
}

/**
 * Closes gaps in the order of arrival. A batch that is retried in parts, or without some of its rows, has gaps, and the
 * numbers in them may have been given to other pushes.
 */
function inPlaces(pushes: readonly PushRow[]): readonly PlacedPush[] {
  if (pushes.every(({ arrivalIndex }) => arrivalIndex < pushes.length)) {
    return pushes.map(({ push, arrivalIndex }) => ({ push, place: arrivalIndex + 1 }));
  }
  const ascending = pushes.map(({ arrivalIndex }) => arrivalIndex).toSorted((left, right) => left - right);
  const places = new Map(ascending.map((arrivalIndex, index) => [arrivalIndex, index + 1]));
  return pushes.map(({ push, arrivalIndex }) => ({ push, place: places.get(arrivalIndex) ?? 1 }));
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

/**
 * Saves pushes whose device is the last one of its document already, or is believed to be, so that there is nothing to
 * keep. No row is read first: the statement itself finds documents that are new, or that another device has pushed.
 *
 * @throws WrongBeliefError
 */
async function saveSameDevice(
  store: Store,
  rows: readonly PlacedPush[],
  before: ArrivalTicket | number,
): Promise<void> {
  if (rows.length === 0) return;
  const isRight =
    typeof before === 'number'
      ? (await writeInSqlite(store, rows, before, 'rows-of-same-hour')) === rows.length ||
        (await writeInSqlite(store, rows, before, 'rows-of-same-device')) === rows.length
      : await updateInMysql(store, rows, before);
  if (!isRight) throw new WrongBeliefError('a document is new, or another device has pushed it');
}

/**
 * Locks and reads the rows of the documents, and saves the pushes to documents that are new or that another device has
 * pushed last, whose position is kept.
 *
 * @returns `same`: the other pushes, which are still to be saved
 */
async function saveUnlessSameDevice(
  store: Store,
  rows: readonly PlacedPush[],
  before: ArrivalTicket | number,
): Promise<{ readonly same: readonly PlacedPush[]; readonly traces: PushTraces }> {
  if (rows.length === 0) return { same: rows, traces: NO_TRACES };
  const lastDevices = await lockLastDevices(
    store,
    rows.map(({ push }) => push),
    typeof before === 'number' ? '' : before.takeOnce(),
  );
  const [same, others] = partition(
    rows,
    ({ push }) => lastDevices.get(progressKeyText(push)) === deviceKey(push.device),
  );
  if (others.length === 0) return { same, traces: NO_TRACES };
  const pushes = others.map(({ push }) => push);
  const [created, displaced] = partition(pushes, (push) => !lastDevices.has(progressKeyText(push)));
  await keepDisplacedPositions(store, displaced);
  if (typeof before === 'number') {
    const written = await writeInSqlite(store, others, before, 'all-rows');
    if (written !== others.length) throw new Error(`${written} of ${others.length} pushes were written`);
  } else if ((await upsertInMysql(store, others, before)) > displaced.length) {
    // A row that did not exist for the read existed for the write: the position in it would be lost.
    throw new DocumentAppearedError(
      'another server has just saved the first progress of one of the documents',
    );
  }
  return { same, traces: { created, displaced, arrival: undefined } };
}

function partition<Item>(
  items: readonly Item[],
  isFirst: (item: Item) => boolean,
): readonly [first: readonly Item[], second: readonly Item[]] {
  const first: Item[] = [];
  const second: Item[] = [];
  for (const item of items) (isFirst(item) ? first : second).push(item);
  return [first, second];
}

/** The device that pushed each of the documents last, by `progressKeyText`. Locks the rows until the transaction ends. */
async function lockLastDevices(
  store: Store,
  keys: readonly ProgressKey[],
  ticket: string,
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await store.db.executeQuery<Pick<ProgressRow, 'user_id' | 'document' | 'device_key'>>(
    selectByKeys(store.dialect, 'user_id, document, device_key', keys, { isLocking: true, ticket }),
  );
  return new Map(
    rows.map((row) => [
      `${String(row.user_id)} ${row.document.toString('utf8')}`,
      row.device_key.toString('utf8'),
    ]),
  );
}

const COLUMNS = 'user_id, document, arrival, pushed_ms, percentage, position, device_key, device_name';
/**
 * The same, with texts as texts where they can be: of SQLite's driver a Buffer costs 0.6 µs more than a text. The driver
 * cuts texts at NUL, so what has one stays bytes.
 */
const SQLITE_TEXTS = COLUMNS.replaceAll(
  /document|position|device_\w+/g,
  (column) => `iif(instr(${column}, x'00'), ${column}, cast(${column} as text)) as ${column}`,
);
/** What a push writes. */
const PUSHED = `${COLUMNS}, pushed_hour`;
const REPLACED = ['pushed_ms', 'percentage', 'position', 'device_key', 'device_name'];
const HOUR_MS = 3_600_000;

const MYSQL_START = `insert into document_progress (${PUSHED}) values `;
const MYSQL_REPLACED = [...REPLACED, 'pushed_hour']
  .map((column) => `${column} = values(${column})`)
  .join(', ');

/**
 * Writes a batch, whose size the queue bounds, with one statement. The values are part of the text, escaped by the
 * function with which mysql2 itself inserts parameters into a text. Finding the place of each parameter in the text took
 * 4 % of a busy server's processor time (measured).
 *
 * @returns how many of the rows existed before
 */
async function upsertInMysql(
  { db }: Store,
  rows: readonly PlacedPush[],
  before: ArrivalTicket,
): Promise<number> {
  const values = rows.map(({ push, place }) => mysqlRow(push, `${before.base}+${String(place)}`)).join();
  const arrival = 'greatest(arrival + 1, values(arrival))';
  const text = `${MYSQL_START}${values} on duplicate key update arrival = ${arrival}, ${MYSQL_REPLACED}`;
  const result = await db.executeQuery(CompiledQuery.raw(text));
  before.note(result);
  return updatedRows(result, rows);
}

/**
 * The same for rows that exist and whose device stays. They hold only their place in the order of arrival, which makes the
 * text a third shorter. MySQL refuses the whole statement where `arrival`, which must have a value, would get none.
 *
 * @returns `false` when one of the rows did not exist, or had another device; nothing that was written is right then
 */
async function updateInMysql(
  { db }: Store,
  rows: readonly PlacedPush[],
  before: ArrivalTicket,
): Promise<boolean> {
  const values = rows.map(({ push, place }) => mysqlRow(push, String(place))).join();
  const arrival = `if(device_key = values(device_key), greatest(arrival + 1, ${before.base} + values(arrival)), null)`;
  const text = `${before.takeOnce()}${MYSQL_START}${values} on duplicate key update arrival = ${arrival}, ${MYSQL_REPLACED}`;
  try {
    const result = await db.executeQuery(CompiledQuery.raw(text));
    before.note(result);
    return updatedRows(result, rows) === rows.length;
  } catch (error) {
    if (errorCode(error) === 'ER_BAD_NULL_ERROR') return false;
    throw error;
  }
}

/** MySQL counts an inserted row once and a changed row twice. */
function updatedRows({ numAffectedRows = 0n }: QueryResult<unknown>, rows: readonly PlacedPush[]): number {
  return Number(numAffectedRows) - rows.length;
}

function mysqlRow(push: ProgressPush, arrival: string): string {
  const { userId, document, device, position, percentage, pushedMs } = push;
  const key = `${String(userId)},${sqlLiteral(document)},${arrival}`;
  const texts = `${sqlLiteral(position)},${sqlLiteral(deviceKey(device))},${sqlLiteral(device.name)}`;
  return `(${key},${String(pushedMs)},${String(percentage)},${texts},${String(hourOf(pushedMs))})`;
}

/**
 * `rows-of-same-device`: rows that exist, and that the device of the push has written. `rows-of-same-hour`: of these, rows
 * written in the hour of the push. Their entry in the index by hours stays, which SQLite would write anew even with the
 * same hour.
 */
type SqliteMode = 'all-rows' | 'rows-of-same-device' | 'rows-of-same-hour';

/** What a push writes, in the order of {@link pushCells}. Texts are cast: SQLite never takes a text for equal to bytes. */
const SQLITE_CELLS = {
  user_id: '?1',
  document: 'cast(?2 as blob)',
  arrival: '?3',
  pushed_ms: '?4',
  percentage: '?5',
  position: 'cast(?6 as blob)',
  device_key: 'cast(?7 as blob)',
  device_name: 'cast(?8 as blob)',
  pushed_hour: '?9',
} as const;
type PushedColumn = keyof typeof SQLITE_CELLS;

const SQLITE_SETS = sqliteEquals(['arrival', 'pushed_ms', 'percentage', 'position', 'device_name'], ', ');
const SQLITE_OF_DEVICE = sqliteEquals(['user_id', 'document', 'device_key'], ' and ');
const SQLITE_HOUR = sqliteEquals(['pushed_hour'], '');

const SQLITE_WRITES: Readonly<Record<SqliteMode, string>> = {
  'all-rows':
    `insert into document_progress (${PUSHED}) values (${Object.values(SQLITE_CELLS).join(', ')}) ` +
    `on conflict (user_id, document) do update set ${SQLITE_SETS}, ${sqliteEquals(['device_key'], '')}, ${SQLITE_HOUR}`,
  'rows-of-same-device': `update document_progress set ${SQLITE_SETS}, ${SQLITE_HOUR} where ${SQLITE_OF_DEVICE}`,
  'rows-of-same-hour': `update document_progress set ${SQLITE_SETS} where ${SQLITE_OF_DEVICE} and ${SQLITE_HOUR}`,
};

function sqliteEquals(columns: readonly PushedColumn[], between: string): string {
  return columns.map((column) => `${column} = ${SQLITE_CELLS[column]}`).join(between);
}

/**
 * Writes a batch, whose size the queue bounds, with one message to SQLite's thread, which runs the statement once for each
 * row: 8 µs a row. One statement with all rows, joined to those in the table, took 12.
 *
 * @returns how many rows were written
 */
async function writeInSqlite(
  { db }: Store,
  rows: readonly PlacedPush[],
  before: number,
  mode: SqliteMode,
): Promise<number> {
  const cells: unknown[] = [];
  for (const { push, place } of rows) pushCells(cells, push, before + place);
  const { numAffectedRows = 0n } = await db.executeQuery(
    repeatedStatement(SQLITE_WRITES[mode], cells, rows.length),
  );
  return Number(numAffectedRows);
}

function pushCells(values: unknown[], push: ProgressPush, arrival: number): void {
  values.push(
    push.userId,
    push.document,
    arrival,
    push.pushedMs,
    push.percentage,
    push.position,
    deviceKey(push.device),
    push.device.name,
    hourOf(push.pushedMs),
  );
}

/** Lists of all users are found by it (database/migrations/0012-push-hours.ts). */
function hourOf(pushedMs: number): number {
  return Math.floor(pushedMs / HOUR_MS);
}

/**
 * Inserts the progress of a document of which the user has none, as if it had come before everything else: the user has
 * read on in another document of the same book. Where there is progress, it stays. In a transaction its row is locked
 * from now on.
 */
export function insertPassedProgress(store: Store, push: ProgressPush): Promise<void> {
  return writePassed(store, [push], []);
}

/**
 * Saves positions that were pushed elsewhere, as mergePositions() has planned it (merge-positions.ts). Of documents
 * without progress, one that a reader has pushed since stays.
 */
export async function saveMergedProgress(
  store: Store,
  {
    added,
    replaced,
    latest,
    displaced,
  }: {
    readonly added: readonly ProgressPush[];
    readonly replaced: readonly ProgressPush[];
    readonly latest: readonly ProgressPush[];
    readonly displaced: readonly ProgressKey[];
  },
): Promise<void> {
  await keepDisplacedPositions(store, displaced);
  await writePassed(store, added, []);
  await writePassed(store, replaced, ['arrival', ...REPLACED, 'pushed_hour']);
  const inTime = latest.toSorted((left, right) => left.pushedMs - right.pushedMs);
  const places = new Map(inTime.map((push, arrivalIndex) => [push, arrivalIndex]));
  await saveProgress(
    store,
    latest.map((push) => ({ push, arrivalIndex: places.get(push) ?? 0 })),
    {},
  );
}

/** @param update what a row that exists takes over */
async function writePassed(
  store: Store,
  pushes: readonly ProgressPush[],
  update: readonly string[],
): Promise<void> {
  const { dialect } = store;
  await bulkUpsert(
    store,
    { table: 'document_progress', columns: PUSHED.split(', '), key: ['user_id', 'document'], update },
    pushes.flatMap((push) => [
      push.userId,
      textBytes(dialect, push.document),
      arrivalBeforePushes(push.pushedMs),
      push.pushedMs,
      push.percentage,
      textBytes(dialect, push.position),
      textBytes(dialect, deviceKey(push.device)),
      textBytes(dialect, push.device.name),
      hourOf(push.pushedMs),
    ]),
  );
}

interface ProgressRow {
  readonly user_id: UserId;
  readonly document: Buffer | string;
  readonly arrival: number | string;
  readonly pushed_ms: number | string;
  readonly percentage: number;
  readonly position: Buffer | string;
  readonly device_key: Buffer | string;
  readonly device_name: Buffer | string;
}

/**
 * The newest record of each of these documents, keyed by `progressKeyText`. Documents without a record are left out. One
 * row is read for each key, whatever the number of devices.
 *
 * @param isLocking the rows stay locked until the transaction ends
 */
export async function newestProgress(
  store: Store,
  keys: readonly ProgressKey[],
  { isLocking = false }: { readonly isLocking?: boolean } = {},
): Promise<ReadonlyMap<string, ProgressWithArrival>> {
  if (keys.length === 0) return new Map();
  const { rows } = await store.db.executeQuery<ProgressRow>(
    selectByKeys(store.dialect, store.dialect === 'sqlite' ? SQLITE_TEXTS : COLUMNS, keys, { isLocking }),
  );
  return new Map(
    rows.map((row) => {
      const record = toRecord(row);
      return [progressKeyText({ userId: row.user_id, document: record.document }), record];
    }),
  );
}

/**
 * Selects rows by the primary key. MySQL gets a list of pairs, which takes 2 µs of MariaDB 10.11 and MySQL 9.7 for each
 * key (measured); conditions joined by `or` take up to twice as long, a `union` up to ten times. The values are part of
 * the text, as in {@link upsertInMysql}. For a list of pairs SQLite uses only the user column and reads everything that
 * the user has, so it gets a join, which uses both columns.
 */
function selectByKeys(
  dialect: SqlDialect,
  columns: string,
  keys: readonly ProgressKey[],
  { isLocking = false, ticket = '' } = {},
): CompiledQuery {
  if (dialect === 'sqlite') {
    const { text, cells } = wantedKeys(keys);
    return CompiledQuery.raw(
      `with ${text} select ${columns} from wanted cross join document_progress on user_id = id and document = name`,
      cells,
    );
  }
  const table = `document_progress${forceIndex('mysql', 'primary')}`;
  return CompiledQuery.raw(
    `${ticket}select ${columns} from ${table} where (user_id, document) in (${keyList(keys)})${isLocking ? ' for update' : ''}`,
  );
}

function toRecord(row: ProgressRow): ProgressWithArrival {
  return {
    document: documentOf(row.document),
    position: String(row.position),
    percentage: fractionOf(row.percentage),
    device: { name: String(row.device_name), id: deviceIdOfKey(row.device_key) },
    pushedMs: toNumber(row.pushed_ms),
    arrival: toNumber(row.arrival),
  };
}

/**
 * Deletes the position of a device. When it was the newest of the document, the newest of the other devices takes its
 * place.
 *
 * @returns `false` when the device had no position there
 */
export function deletePositionOfDevice(
  store: Store,
  { userId, document }: ProgressKey,
  device: Buffer,
): Promise<boolean> {
  return inTransaction(store, async (transaction) => {
    const { db, dialect } = transaction;
    const bytes = Buffer.from(document);
    const key = sql`user_id = ${userId} and document = ${bytes}`;
    // Pushes of the document wait from here on.
    const lock = sql.raw(dialect === 'mysql' ? 'for update' : '');
    const { rows } = await sql<{ device_key: Buffer }>`
      select device_key from document_progress where ${key} ${lock}`.execute(db);
    const wasKept = await deleteDevicePosition(transaction, { userId, document }, device);
    if (rows[0]?.device_key.equals(device) !== true) {
      if (wasKept) await markChanges(transaction, ['progress'], [userId]);
      return wasKept;
    }
    await sql`delete from document_progress where ${key}`.execute(db);
    const hour = sql.raw(`pushed_ms ${dialect === 'mysql' ? 'div' : '/'} ${String(HOUR_MS)}`);
    const promoted = await sql`
      insert into document_progress (${sql.raw(PUSHED)})
      select ${sql.raw(COLUMNS)}, ${hour} from device_progress where ${key}
      order by arrival desc, device_key desc limit 1`.execute(db);
    if (promoted.numAffectedRows === 0n) {
      await deleteDocumentMetadata(transaction, userId, [bytes]);
      await deleteHistory(transaction, userId, [bytes]);
    }
    await markChanges(transaction, ['progress'], [userId]);
    return true;
  });
}

/** Up to `limit` documents of the user, in byte order. */
export async function someDocumentsOfUser(
  store: Store,
  userId: UserId,
  limit: number,
): Promise<readonly Buffer[]> {
  const rows = await store.db
    .selectFrom(byIndex(store, 'document_progress', 'primary'))
    .select('document')
    .where('user_id', '=', userId)
    .orderBy('document')
    .limit(limit)
    .execute();
  return rows.map(({ document }) => document);
}

/** Deletes everything about these documents of the user, which must be in byte order. */
export async function deleteProgress(
  store: Store,
  userId: UserId,
  documents: readonly Buffer[],
): Promise<void> {
  await deleteByIndex(store, {
    table: 'document_progress',
    column: 'document',
    index: 'primary',
    keys: documents,
    also: sql`document_progress.user_id = ${userId}`,
  });
  await deleteDevicePositions(store, userId, documents);
  await deleteDocumentMetadata(store, userId, documents);
  await deleteHistory(store, userId, documents);
}

/** The newest progress of a user in each document, in byte order of the documents. */
export async function progressPage(
  store: Store,
  userId: UserId,
  page: { readonly after: Document | undefined; readonly limit: number },
): Promise<readonly ProgressWithArrival[]> {
  let query = store.db
    .selectFrom(byIndex(store, 'document_progress', 'primary'))
    .selectAll()
    .where('user_id', '=', userId);
  if (page.after !== undefined) query = query.where('document', '>', Buffer.from(page.after));
  const rows = await query.orderBy('document').limit(page.limit).execute();
  return rows.map((row) =>
    toRecord({ ...row, arrival: toNumber(row.arrival), pushed_ms: toNumber(row.pushed_ms) }),
  );
}

/** A document of a user with the order in which its newest push arrived. */
export interface DocumentArrival {
  readonly document: Document;
  readonly arrival: number;
}

export async function countDocuments(store: Store, userId: UserId): Promise<number> {
  const row = await store.db
    .selectFrom(byIndex(store, 'document_progress', 'primary'))
    .select(({ fn }) => fn.countAll().as('documents'))
    .where('user_id', '=', userId)
    .executeTakeFirst();
  return toNumber(row?.documents ?? 0);
}

/** The documents of a user in byte order. */
export async function arrivalsPage(
  store: Store,
  userId: UserId,
  page: { readonly after: Document | undefined; readonly limit: number },
): Promise<readonly DocumentArrival[]> {
  let query = store.db
    .selectFrom(byIndex(store, 'document_progress', 'primary'))
    .select(['document', 'arrival'])
    .where('user_id', '=', userId);
  if (page.after !== undefined) query = query.where('document', '>', Buffer.from(page.after));
  const rows = await query.orderBy('document').limit(page.limit).execute();
  return rows.map((row) => ({ document: documentOf(row.document), arrival: toNumber(row.arrival) }));
}

/**
 * Deletes everything about these documents of the user, but for documents that were pushed since.
 *
 * @returns how many documents were deleted
 */
export function deleteUnchangedProgress(
  store: Store,
  userId: UserId,
  documents: readonly DocumentArrival[],
): Promise<number> {
  const arrivals = new Map<string, number>(documents.map(({ document, arrival }) => [document, arrival]));
  const names = documents.map(({ document }) => Buffer.from(document));
  return inTransaction(store, async (transaction) => {
    const lock = sql.raw(store.dialect === 'mysql' ? 'for update' : '');
    const hint = sql.raw(forceIndex(store.dialect, 'primary'));
    const { rows } = await sql<{ document: Buffer; arrival: number | string }>`
      select document, arrival from document_progress ${hint}
      where user_id = ${userId} and document in (${sql.join(names)})
      order by document ${lock}`.execute(transaction.db);
    const unchanged = rows.filter(
      (row) => arrivals.get(row.document.toString('utf8')) === toNumber(row.arrival),
    );
    await deleteProgress(
      transaction,
      userId,
      unchanged.map(({ document }) => document),
    );
    if (unchanged.length > 0) await markChanges(transaction, ['progress'], [userId]);
    return unchanged.length;
  });
}

/**
 * Deletes old tickets: no statement reads the row of a ticket after its insertion. The largest stays, because some versions
 * count on from the largest that they find when they start.
 */
export async function deleteOldTickets({ db, dialect }: Store): Promise<void> {
  if (dialect === 'sqlite') return;
  const { rows } = await sql<{ last: number | string | null }>`
    select max(id) as last from arrival_ticket`.execute(db);
  const before = toNumber(rows[0]?.last ?? 0) - KEPT_TICKETS;
  await sql`delete from arrival_ticket where id < ${before} order by id limit ${TICKETS_AT_ONCE}`.execute(db);
}

/** One would do. The rest leaves room for transactions that have a ticket and have not committed. */
const KEPT_TICKETS = 1000;
/** Many times what is added between two calls. */
const TICKETS_AT_ONCE = 5000;
