import { type Selectable, sql } from 'kysely';
import { type LibraryId, type ScanId, scanId } from '../domain/ids.js';
import { NO_COUNTS, type ScanCounts, type ScanRecord, type ScanShard, type ScanState } from './scan.js';
import { idChunks } from '../database/bulk-write.js';
import { byIndex, deleteByIndex } from '../database/by-index.js';
import { databaseNowMs } from '../database/database-clock.js';
import { toNumber, toNumberOrUndefined } from '../database/int64.js';
import type { ScanTable } from '../database/schema.js';
import type { Store } from '../database/store.js';
import { deleteFailuresOfScans } from './scan-failure-repository.js';

export interface NewScan {
  readonly libraryId: LibraryId;
  readonly shard: ScanShard;
  readonly regenSinceMs: number | undefined;
  readonly runner: string;
  readonly leaseMs: number;
  /** As of `ScanRecord`. */
  readonly touched?: number | undefined;
}

export async function insertScan(store: Store, scan: NewScan): Promise<ScanId> {
  const now = databaseNowMs(store.dialect);
  const result = await store.db
    .insertInto('scan')
    .values({
      library_id: scan.libraryId,
      shard_index: scan.shard.index,
      shard_count: scan.shard.count,
      regen_since_ms: scan.regenSinceMs ?? null,
      state: 'running',
      runner: scan.runner,
      lease_until_ms: sql<number>`${now} + ${scan.leaseMs}`,
      cancel_requested: 0,
      started_ms: now,
      finished_ms: null,
      ...NO_COUNTS,
      error: null,
      touched: scan.touched ?? null,
    })
    .executeTakeFirstOrThrow();
  return scanId(Number(result.insertId));
}

/** `lost`: the scan counts as ended. `removed`: it is not in the database any more, because its library was removed. */
export type LeaseState = 'held' | 'cancel-requested' | 'lost' | 'removed';

/**
 * Writes the counts and renews the lease for another `leaseMs`. Every batch does this in its own transaction: a scan whose
 * lease ran out (its machine slept) must not write while its successor runs.
 */
export async function renewLease(
  store: Store,
  id: ScanId,
  counts: ScanCounts,
  leaseMs: number,
): Promise<LeaseState> {
  const result = await store.db
    .updateTable('scan')
    .set({ ...counts, lease_until_ms: sql<number>`${databaseNowMs(store.dialect)} + ${leaseMs}` })
    .where('id', '=', id)
    .where('state', '=', 'running')
    .executeTakeFirst();
  const row = await store.db
    .selectFrom('scan')
    .select('cancel_requested')
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return 'removed';
  if (result.numUpdatedRows === 0n) return 'lost';
  return row.cancel_requested === 1 ? 'cancel-requested' : 'held';
}

export async function finishScan(
  store: Store,
  id: ScanId,
  state: 'completed' | 'failed' | 'cancelled',
  counts: ScanCounts,
  error?: string,
): Promise<void> {
  await store.db
    .updateTable('scan')
    .set({ ...counts, state, error: error ?? null, finished_ms: databaseNowMs(store.dialect) })
    .where('id', '=', id)
    .where('state', '=', 'running')
    .execute();
}

/** Ends a running scan whose process is gone: its lease ran out, or the process is known to be dead. */
export async function interruptScan(store: Store, id: ScanId): Promise<void> {
  await store.db
    .updateTable('scan')
    .set({ state: 'interrupted', finished_ms: databaseNowMs(store.dialect) })
    .where('id', '=', id)
    .where('state', '=', 'running')
    .execute();
}

/**
 * The libraries that were scanned, and when the last scan that is known to have changed or hashed books ended: milliseconds
 * of the database's clock, 0 for none. Where KOReader hashes are switched on later, a scan hashes books that it does
 * not change.
 */
export async function lastChanges({ db }: Store): Promise<ReadonlyMap<LibraryId, number>> {
  const changes = sql<boolean>`added + changed + moved + returned + hashed > 0`;
  const rows = await db
    .selectFrom('scan')
    .select([
      'library_id',
      sql<number | string | null>`max(case when ${changes} then finished_ms end)`.as('ended_ms'),
    ])
    .where('finished_ms', 'is not', null)
    .groupBy('library_id')
    .execute();
  return new Map(rows.map((row) => [row.library_id, toNumberOrUndefined(row.ended_ms) ?? 0]));
}

/** @returns false when the scan is not running */
export async function requestCancel(store: Store, id: ScanId): Promise<boolean> {
  const result = await store.db
    .updateTable('scan')
    .set({ cancel_requested: 1 })
    .where('id', '=', id)
    .where('state', '=', 'running')
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Deletes what all scans of a library could not read, a part at a time. Running scans may write more of it. */
export async function deleteFailuresOfLibrary(store: Store, libraryId: LibraryId): Promise<void> {
  await deleteFailures(store, await scanIdsOfLibrary(store, libraryId));
}

/**
 * Deletes all scans of a library. A scan that is running finds at its next commit that its lease is lost.
 *
 * @param transaction so that no failures stay without their scan: nobody would find them. Call
 *   {@link deleteFailuresOfLibrary} before it, which keeps other writers waiting for shorter times
 */
export async function deleteScansOfLibrary(transaction: Store, libraryId: LibraryId): Promise<void> {
  const ids = await scanIdsOfLibrary(transaction, libraryId);
  await transaction.db.deleteFrom('scan').where('library_id', '=', libraryId).execute();
  // After the rows of the scans: a running scan writes failures only while it holds its row.
  await deleteFailures(transaction, ids);
}

async function scanIdsOfLibrary({ db }: Store, libraryId: LibraryId): Promise<readonly ScanId[]> {
  const rows = await db
    .selectFrom('scan')
    .select('id')
    .where('library_id', '=', libraryId)
    .orderBy('id')
    .execute();
  return rows.map(({ id }) => id);
}

/** Scans whose failures one statement deletes: a thousand rows each at worst, and SQLite keeps pushes waiting meanwhile. */
const SCANS_AT_ONCE = 5;

async function deleteFailures(store: Store, ids: readonly ScanId[]): Promise<void> {
  for (const some of idChunks(ids, SCANS_AT_ONCE)) await deleteFailuresOfScans(store, some);
}

/**
 * Ended scans that are kept of each library, the newest. They are the history that people look at; two years of a scan a
 * week. The newest scan of each part, which the next scan looks for, is among them unless a library has a hundred parts, or
 * many scans of what was touched: then the next scan does not know how many files to expect.
 */
export const KEPT_SCANS = 100;

/**
 * Deletes ended scans of a library beyond the newest {@link KEPT_SCANS}, the oldest first.
 *
 * @param limit the largest number that is deleted
 * @returns how many were deleted
 */
export async function pruneScans(store: Store, libraryId: LibraryId, limit: number): Promise<number> {
  const ended = store.db
    .selectFrom(byIndex(store, 'scan', 'scan_library'))
    .select('id')
    .where('library_id', '=', libraryId)
    .where('state', '<>', 'running');
  const newest = await ended.orderBy('id', 'desc').limit(1).offset(KEPT_SCANS).executeTakeFirst();
  if (newest === undefined) return 0;
  const rows = await ended.where('id', '<=', newest.id).orderBy('id').limit(limit).execute();
  const ids = rows.map(({ id }) => id);
  // First, because nobody would find them without their scans. These have ended, and write no more.
  await deleteFailures(store, ids);
  await deleteByIndex(store, {
    table: 'scan',
    column: 'id',
    index: 'primary',
    keys: ids,
  });
  return ids.length;
}

export interface RunningScan {
  readonly record: ScanRecord;
  readonly leaseExpired: boolean;
}

/** @param libraryId `undefined`: the running scans of all libraries */
export async function runningScans(store: Store, libraryId?: LibraryId): Promise<readonly RunningScan[]> {
  let query = store.db
    .selectFrom(byIndex(store, 'scan', 'scan_state'))
    .selectAll()
    .select(sql<number>`lease_until_ms < ${databaseNowMs(store.dialect)}`.as('lease_expired'))
    .where('state', '=', 'running');
  if (libraryId !== undefined) query = query.where('library_id', '=', libraryId);
  const rows = await query.orderBy('id').execute();
  return rows.map((row) => ({ record: toScan(row), leaseExpired: row.lease_expired === 1 }));
}

/** The library's newest scan of the same part, running or ended. Scans of what was touched do not count. */
export async function latestScan(
  store: Store,
  libraryId: LibraryId,
  shard: ScanShard,
): Promise<ScanRecord | undefined> {
  const row = await store.db
    .selectFrom('scan')
    .selectAll()
    .where('library_id', '=', libraryId)
    .where('shard_index', '=', shard.index)
    .where('shard_count', '=', shard.count)
    .where('touched', 'is', null)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : toScan(row);
}

/** @returns `undefined` for a scan that does not exist or is one of another library: callers cannot tell which */
export async function findScanOf(
  store: Store,
  libraryIds: readonly LibraryId[],
  id: ScanId,
): Promise<ScanRecord | undefined> {
  if (libraryIds.length === 0) return undefined;
  const row = await store.db
    .selectFrom('scan')
    .selectAll()
    .where('id', '=', id)
    .where('library_id', 'in', libraryIds)
    .executeTakeFirst();
  return row === undefined ? undefined : toScan(row);
}

/** The newest scan of each library that has ended; libraries without one are left out. */
export async function newestEndedScans(
  store: Store,
  libraryIds: readonly LibraryId[],
): Promise<readonly ScanRecord[]> {
  if (libraryIds.length === 0) return [];
  const rows = await store.db
    .selectFrom(byIndex(store, 'scan', 'scan_library'))
    .select(({ fn }) => fn.max('id').as('newest'))
    .where('library_id', 'in', libraryIds)
    .where('state', '<>', 'running')
    .groupBy('library_id')
    .execute();
  return scansById(
    store,
    rows.map(({ newest }) => scanId(toNumber(newest))),
  );
}

/** Those of the ids that exist, in ascending order. */
export async function scansById(store: Store, ids: readonly ScanId[]): Promise<readonly ScanRecord[]> {
  if (ids.length === 0) return [];
  const rows = await store.db.selectFrom('scan').selectAll().where('id', 'in', ids).orderBy('id').execute();
  return rows.map(toScan);
}

/** The newest first. `before`: the id of the last scan of the page before. */
export async function scansPage(
  store: Store,
  page: { readonly libraryIds: readonly LibraryId[]; readonly before?: ScanId; readonly limit: number },
): Promise<readonly ScanRecord[]> {
  if (page.libraryIds.length === 0) return [];
  let query = store.db.selectFrom('scan').selectAll().where('library_id', 'in', page.libraryIds);
  if (page.before !== undefined) query = query.where('id', '<', page.before);
  const rows = await query.orderBy('id', 'desc').limit(page.limit).execute();
  return rows.map(toScan);
}

function toScan(row: Selectable<ScanTable>): ScanRecord {
  return {
    id: row.id,
    libraryId: row.library_id,
    shard: { index: row.shard_index, count: row.shard_count },
    regenSinceMs: toNumberOrUndefined(row.regen_since_ms),
    runner: row.runner,
    touched: toNumberOrUndefined(row.touched),
    startedMs: toNumber(row.started_ms),
    counts: {
      found: toNumber(row.found),
      added: toNumber(row.added),
      changed: toNumber(row.changed),
      moved: toNumber(row.moved),
      returned: toNumber(row.returned),
      unchanged: toNumber(row.unchanged),
      missing: toNumber(row.missing),
      failed: toNumber(row.failed),
      hashed: toNumber(row.hashed),
      rechecked: toNumber(row.rechecked),
      skipped: toNumber(row.skipped),
      skippable: toNumber(row.skippable),
    },
    state: toState(row),
  };
}

function toState(row: Selectable<ScanTable>): ScanState {
  const finishedMs = toNumberOrUndefined(row.finished_ms);
  switch (row.state) {
    case 'running':
      return { state: 'running', leaseUntilMs: toNumber(row.lease_until_ms) };
    case 'failed':
      return { state: 'failed', finishedMs: finishedMs ?? 0, error: row.error ?? 'unknown' };
    case 'completed':
    case 'cancelled':
    case 'interrupted':
      return { state: row.state, finishedMs };
    default:
      return row.state satisfies never;
  }
}
