import { CompiledQuery, type RawBuilder, sql } from 'kysely';
import { sqlLiteral } from '../database/mysql/sql-literal.js';
import { bulkUpsert, idChunks, textBytes } from '../database/bulk-write.js';
import { deleteByIndex, forceIndex } from '../database/by-index.js';
import { toNumber } from '../database/int64.js';
import type { SqlDialect, Store } from '../database/store.js';
import { deviceIdOfKey, deviceKey } from '../device/device.js';
import type { Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import type { PageRequest } from '../domain/page.js';
import type { HistoryCursor, HistoryEntry, KeptPlace, ShownHistoryEntry } from './history.js';
import { documentOf, fractionOf, type ProgressKey, progressKeyText, wantedKeys } from './progress-key.js';

/** The last entry of a document. */
export interface LastEntry extends KeptPlace {
  /** The number of the entry among those of the document, from 1. */
  readonly entryNumber: number;
}

interface LastEntryRow {
  readonly user_id: UserId;
  readonly document: Buffer;
  readonly entry_number: number | string | null;
  readonly percentage: number | null;
  readonly pushed_ms: number | string | null;
}

const LAST = 'p.user_id, p.document, h.entry_number, h.percentage, h.pushed_ms';

/**
 * The last entry of each document that still has progress, by `progressKeyText`; `undefined` for one without entries.
 * Documents without progress are left out: they were forgotten, or their user was removed. One statement, which reads two
 * rows of each document.
 */
export async function lastEntries(
  { db, dialect }: Store,
  keys: readonly ProgressKey[],
): Promise<ReadonlyMap<string, LastEntry | undefined>> {
  const hint = forceIndex(dialect, 'primary');
  const last =
    `left join progress_history as h${hint} on h.user_id = p.user_id and h.document = p.document and h.arrival = (` +
    `select x.arrival from progress_history as x${hint} where x.user_id = p.user_id and x.document = p.document ` +
    // The whole key: by the arrival alone, MySQL 9.7 with stale statistics reads all entries of the document and sorts them.
    'order by x.user_id desc, x.document desc, x.arrival desc limit 1)';
  const { rows } = await db.executeQuery<LastEntryRow>(
    selectWithProgress(dialect, keys, { columns: LAST, joined: last }),
  );
  return new Map(
    rows.map((row) => [
      progressKeyText({ userId: row.user_id, document: documentOf(row.document) }),
      row.entry_number === null || row.percentage === null || row.pushed_ms === null
        ? undefined
        : {
            entryNumber: toNumber(row.entry_number),
            percentage: row.percentage,
            pushedMs: toNumber(row.pushed_ms),
          },
    ]),
  );
}

/** @param more selects for each document that has progress: columns, and what to join with `document_progress as p` */
function selectWithProgress(
  dialect: SqlDialect,
  keys: readonly ProgressKey[],
  more: { readonly columns: string; readonly joined: string },
): CompiledQuery {
  const { columns, joined } = more;
  if (dialect === 'sqlite') {
    const { text, cells } = wantedKeys(keys);
    return CompiledQuery.raw(
      `with ${text} select ${columns} from wanted cross join document_progress as p on p.user_id = id and p.document = name ${joined}`,
      cells,
    );
  }
  // Without the list as a table of its own, MariaDB with stale statistics reads all progress of all users.
  const list = keys.map(
    ({ userId, document }) => `select ${String(userId)} as id, ${sqlLiteral(document)} as name`,
  );
  return CompiledQuery.raw(
    `select straight_join ${columns} from (${list.join(' union all ')}) as wanted ` +
      `join document_progress as p${forceIndex('mysql', 'primary')} on p.user_id = wanted.id and p.document = wanted.name ${joined}`,
  );
}

/**
 * Deletes the history of those documents that have no progress. Whoever writes history calls this after its commit, and
 * whoever deletes progress after that commit. Entries that were written while the progress was being deleted are then seen
 * by one of both: if the writer still finds the progress, its entries were there before the progress went.
 */
export async function deleteHistoryWithoutProgress(
  store: Store,
  keys: readonly ProgressKey[],
): Promise<void> {
  if (keys.length === 0) return;
  const { rows } = await store.db.executeQuery<Pick<LastEntryRow, 'user_id' | 'document'>>(
    selectWithProgress(store.dialect, keys, { columns: 'p.user_id, p.document', joined: '' }),
  );
  const found = new Set(
    rows.map((row) => progressKeyText({ userId: row.user_id, document: documentOf(row.document) })),
  );
  const gone = keys.filter((key) => !found.has(progressKeyText(key)));
  for (const userId of new Set(gone.map((key) => key.userId))) {
    const documents = gone
      .filter((key) => key.userId === userId)
      .map(({ document }) => Buffer.from(document));
    await deleteHistory(
      store,
      userId,
      documents.toSorted((left, right) => left.compare(right)),
    );
  }
}

/** All entries of these documents of a user, by document, the oldest first. @param documents few: each may have thousands */
export async function historyOfDocuments(
  { db, dialect }: Store,
  userId: UserId,
  documents: readonly Document[],
): Promise<ReadonlyMap<Document, readonly HistoryEntry[]>> {
  const histories = new Map<Document, HistoryEntry[]>();
  if (documents.length === 0) return histories;
  const hint = sql.raw(forceIndex(dialect, 'primary'));
  const { rows } = await sql<HistoryRow>`
    select h.* from progress_history as h ${hint}
    where h.user_id = ${userId} and h.document in (${sql.join(documents.map((document) => Buffer.from(document)))})
    order by h.document, h.arrival`.execute(db);
  for (const row of rows) {
    const entry = { userId, ...toHistoryEntry(row) };
    const known = histories.get(entry.document);
    if (known === undefined) histories.set(entry.document, [entry]);
    else known.push(entry);
  }
  return histories;
}

/** An entry with its number among those of its document. */
export interface NumberedEntry extends HistoryEntry {
  readonly entryNumber: number;
}

/** Inserts entries, ordered by user, document and arrival. One that is stored already stays as it is. */
export async function insertHistory(store: Store, entries: readonly NumberedEntry[]): Promise<void> {
  const { dialect } = store;
  await bulkUpsert(
    store,
    {
      table: 'progress_history',
      columns: [
        'user_id',
        'document',
        'arrival',
        'entry_number',
        'pushed_ms',
        'percentage',
        'position',
        'device_key',
        'device_name',
      ],
      key: ['user_id', 'document', 'arrival'],
      update: [],
    },
    entries.flatMap((entry) => [
      entry.userId,
      textBytes(dialect, entry.document),
      entry.arrival,
      entry.entryNumber,
      entry.pushedMs,
      entry.percentage,
      textBytes(dialect, entry.position),
      textBytes(dialect, deviceKey(entry.device)),
      textBytes(dialect, entry.device.name),
    ]),
  );
}

interface HistoryRow {
  readonly document: Buffer;
  readonly arrival: number | string;
  readonly pushed_ms: number | string;
  readonly percentage: number;
  readonly position: Buffer;
  readonly device_key: Buffer;
  readonly device_name: Buffer;
  readonly friendly_name: string | null;
}

/** The history of the documents of one book, the newest entry first. Of each document at most `limit` entries are read. */
export async function historyPage(
  store: Store,
  userId: UserId,
  documents: readonly Document[],
  page: PageRequest<HistoryCursor>,
): Promise<readonly ShownHistoryEntry[]> {
  const entries = sql.join(
    documents.map((document) => entriesOfDocument(store, { userId, document }, page)),
    sql` union all `,
  );
  const { rows } = await sql<HistoryRow>`
    select e.*, named.friendly_name from (${entries}) as e
    left join device as named ${sql.raw(forceIndex(store.dialect, 'primary'))}
      on named.user_id = e.user_id and named.device_key = e.device_key
    order by e.arrival desc, e.document desc limit ${page.limit}`.execute(store.db);
  return rows.map((row) => ({ ...toHistoryEntry(row), friendlyName: row.friendly_name ?? undefined }));
}

function toHistoryEntry(row: HistoryRow): Omit<HistoryEntry, 'userId'> {
  return {
    document: documentOf(row.document),
    arrival: toNumber(row.arrival),
    pushedMs: toNumber(row.pushed_ms),
    percentage: fractionOf(row.percentage),
    position: row.position.toString('utf8'),
    device: { name: row.device_name.toString('utf8'), id: deviceIdOfKey(row.device_key) },
  };
}

function entriesOfDocument(
  { dialect }: Store,
  { userId, document }: ProgressKey,
  { after, limit }: PageRequest<HistoryCursor>,
): RawBuilder<unknown> {
  const hint = sql.raw(forceIndex(dialect, 'primary'));
  return sql`
    select * from (
      select h.* from progress_history as h ${hint}
      where h.user_id = ${userId} and h.document = ${Buffer.from(document)} and ${olderThanEntry(document, after)}
      order by h.arrival desc limit ${limit}
    ) as of_document`;
}

function olderThanEntry(document: Document, after: HistoryCursor | undefined): RawBuilder<unknown> {
  if (after === undefined) return sql`1 = 1`;
  // The order of the bytes, in which the page orders documents with the same arrival.
  const isBehind = Buffer.compare(Buffer.from(document), Buffer.from(after.document)) < 0;
  return isBehind ? sql`h.arrival <= ${after.arrival}` : sql`h.arrival < ${after.arrival}`;
}

/** Deletes the entries of a document up to a number. @returns how many were deleted */
export function deleteHistoryUpTo(
  store: Store,
  { userId, document }: ProgressKey,
  entryNumber: number,
): Promise<number> {
  return deleteByIndex(store, {
    table: 'progress_history',
    column: 'document',
    index: 'primary',
    keys: [Buffer.from(document)],
    also: sql`progress_history.user_id = ${userId} and progress_history.entry_number <= ${entryNumber}`,
  });
}

/** Entries of one read. */
const READ_AT_ONCE = 1000;
/** Documents of one statement, each with up to 200 entries by default. Pushes wait for it in SQLite. */
const DOCUMENTS_AT_ONCE = 10;

/**
 * Deletes the oldest entries of a user until `keep` are left, if there are more than `bound`.
 *
 * @returns how many were deleted
 */
export async function forgetOldestHistory(
  store: Store,
  userId: UserId,
  { bound, keep }: { readonly bound: number; readonly keep: number },
): Promise<number> {
  const arrivals: number[] = [];
  const oldest = new Map<string, number>();
  for (let after: ArrivalRow | undefined; ;) {
    const rows = await arrivalsBehind(store, userId, after);
    for (const { document, arrival } of rows) {
      const name = document.toString('latin1');
      arrivals.push(toNumber(arrival));
      oldest.set(name, Math.min(oldest.get(name) ?? Infinity, toNumber(arrival)));
    }
    after = rows.at(-1);
    if (rows.length < READ_AT_ONCE) break;
  }
  if (arrivals.length <= bound) return 0;
  const upTo = arrivals.toSorted((left, right) => left - right)[arrivals.length - keep - 1] ?? 0;
  const documents = [...oldest].flatMap(([name, first]) =>
    first <= upTo ? [Buffer.from(name, 'latin1')] : [],
  );
  let deleted = 0;
  for (const keys of idChunks(documents, DOCUMENTS_AT_ONCE)) {
    deleted += await deleteByIndex(store, {
      table: 'progress_history',
      column: 'document',
      index: 'primary',
      keys,
      also: sql`progress_history.user_id = ${userId} and progress_history.arrival <= ${upTo}`,
    });
  }
  return deleted;
}

interface ArrivalRow {
  readonly document: Buffer;
  readonly arrival: number | string;
}

async function arrivalsBehind(
  { db, dialect }: Store,
  userId: UserId,
  after: ArrivalRow | undefined,
): Promise<readonly ArrivalRow[]> {
  const hint = sql.raw(forceIndex(dialect, 'primary'));
  const behind =
    after === undefined
      ? sql`1 = 1`
      : sql`h.document >= ${after.document} and (h.document > ${after.document} or h.arrival > ${after.arrival})`;
  const { rows } = await sql<ArrivalRow>`
    select h.document, h.arrival from progress_history as h ${hint} where h.user_id = ${userId} and ${behind}
    order by h.document, h.arrival limit ${READ_AT_ONCE}`.execute(db);
  return rows;
}

/** Times of one statement. Few entries share a millisecond. */
const TIMES_AT_ONCE = 500;

/** Deletes some of the entries that were pushed before a moment. @returns how many; 0 when there are none */
export async function deleteSomeHistoryBefore(store: Store, beforeMs: number): Promise<number> {
  const hint = sql.raw(forceIndex(store.dialect, 'progress_history_pushed'));
  // The last condition looks useless but is needed: the column is not part of the index. Without it MySQL 9.7 with stale
  // statistics reads the whole index.
  const { rows } = await sql<{ pushed_ms: number | string }>`
    select h.pushed_ms from progress_history as h ${hint}
    where h.pushed_ms < ${beforeMs} and h.percentage is not null
    order by h.pushed_ms limit ${TIMES_AT_ONCE}`.execute(store.db);
  return deleteByIndex(store, {
    table: 'progress_history',
    column: 'pushed_ms',
    index: 'progress_history_pushed',
    keys: [...new Set(rows.map(({ pushed_ms: pushedMs }) => toNumber(pushedMs)))],
  });
}

/** @param documents in byte order */
export async function deleteHistory(
  store: Store,
  userId: UserId,
  documents: readonly Buffer[],
): Promise<void> {
  await deleteByIndex(store, {
    table: 'progress_history',
    column: 'document',
    index: 'primary',
    keys: documents,
    also: sql`progress_history.user_id = ${userId}`,
  });
}

/** Up to `limit` documents of the user that have a history, in byte order. */
export async function someDocumentsWithHistory(
  { db, dialect }: Store,
  userId: UserId,
  limit: number,
): Promise<readonly Buffer[]> {
  const hint = sql.raw(forceIndex(dialect, 'primary'));
  const { rows } = await sql<{ document: Buffer }>`
    select distinct h.document from progress_history as h ${hint} where h.user_id = ${userId}
    order by h.document limit ${limit}`.execute(db);
  return rows.map(({ document }) => document);
}
