import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { LibraryId, ScanId } from '../domain/ids.js';
import { type Page, pageOf, type PageRequest } from '../domain/page.js';
import type { ScanCounts, ScanRecord, ScanState } from './scan.js';
import { readDatabaseNowMs } from '../database/database-clock.js';
import { visibleLibraries } from '../library/library-repository.js';
import { findScanOf, scansById, scansPage } from './scan-repository.js';
import type { Store } from '../database/store.js';
import type { BackgroundScans } from './background-scans.js';
import { isRunnerDead } from './scan-runner.js';
import { getLibrary } from '../library/get-library.js';
import { libraryVisibilityOf } from '../library/library-visibility.js';

export interface ScanContext {
  readonly store: Store;
  /** The scans of this process, whose counts are newer than those of the database; `undefined`: it runs none. */
  readonly scans?: Pick<BackgroundScans, 'live'>;
}

/** A scan as it is at this moment, whichever process runs it. */
export interface ScanDetails {
  /** As the database holds it. Its counts and its state may be older than those below. */
  readonly record: ScanRecord;
  /** A running scan whose process is gone counts as interrupted, although the database still holds it as running. */
  readonly state: ScanState['state'];
  readonly counts: ScanCounts;
  /** Files that the last complete scan found. Only known of scans of this process, and not at a library's first one. */
  readonly expectedFiles: number | undefined;
  /** From the beginning to the end, or to now, by the database's clock. */
  readonly elapsedMs: number;
  /** Files found for each second since the scan began. */
  readonly filesPerSecond: number;
}

/**
 * One scan as it is now, running or ended.
 *
 * @throws DogearError `scan-not-found`: there is no such scan, or it is one of a library that the actor may not see
 */
export async function getScan(context: ScanContext, actor: Actor, id: ScanId): Promise<ScanDetails> {
  const record = await findScanFor(context.store, actor, id);
  return shown(context, record, await readDatabaseNowMs(context.store));
}

/**
 * These scans as they are now, those that are gone left out, the oldest first. The caller knows that the actor may see
 * them.
 */
export async function getScansById(
  context: ScanContext,
  ids: readonly ScanId[],
  nowMs: number,
): Promise<readonly ScanDetails[]> {
  const records = await scansById(context.store, ids);
  return records.map((record) => shown(context, record, nowMs));
}

/**
 * The same as the database holds it.
 *
 * @throws DogearError `scan-not-found`
 */
export async function findScanFor(store: Store, actor: Actor, id: ScanId): Promise<ScanRecord> {
  // The same two statements, whether the scan exists or not: the time of the answer must not tell it.
  const libraries = await visibleLibraries(store, libraryVisibilityOf(actor));
  const libraryIds = libraries.map((library) => library.id);
  const record = await findScanOf(store, libraryIds, id);
  if (record !== undefined) return record;
  throw new DogearError('scan-not-found', `There is no scan ${String(id)} that you may see.`);
}

/**
 * A page of scans as they are now, the newest first. An actor who may see no library gets an empty page.
 *
 * @param libraryId `undefined`: the scans of all libraries that the actor may see
 * @param page `after`: the id of the last scan of the page before
 * @returns with `next`, the `after` of the following page, unless this is the last one
 * @throws DogearError `library-not-found`: there is no such library, or the actor may not see it
 */
export async function listScans(
  context: ScanContext,
  actor: Actor,
  libraryId: LibraryId | undefined,
  page: PageRequest<ScanId>,
): Promise<Page<ScanDetails, ScanId>> {
  const { store } = context;
  const { after, limit } = page;
  if (libraryId !== undefined) await getLibrary(store, actor, libraryId);
  const libraryIds =
    libraryId === undefined
      ? (await visibleLibraries(store, libraryVisibilityOf(actor))).map(({ id }) => id)
      : [libraryId];
  const rows = await scansPage(store, {
    libraryIds,
    ...(after === undefined ? {} : { before: after }),
    limit: limit + 1,
  });
  const nowMs = await readDatabaseNowMs(store);
  const { items, next } = pageOf(rows, limit, ({ id }) => id);
  return { items: items.map((record) => shown(context, record, nowMs)), next };
}

function shown({ scans }: ScanContext, record: ScanRecord, nowMs: number): ScanDetails {
  const live = scans?.live(record.id);
  const counts = live?.counts ?? record.counts;
  const elapsedMs = Math.max(0, endMs(record, nowMs) - record.startedMs);
  return {
    record,
    state: isAbandoned(record, nowMs) && live === undefined ? 'interrupted' : record.state.state,
    counts,
    expectedFiles: live?.expectedFiles,
    elapsedMs,
    filesPerSecond: filesPerSecond(counts, elapsedMs),
  };
}

/** Found files a second; 0 where no time has passed. */
export function filesPerSecond({ found }: ScanCounts, elapsedMs: number): number {
  return elapsedMs === 0 ? 0 : (found * 1000) / elapsedMs;
}

function endMs({ state, startedMs }: ScanRecord, nowMs: number): number {
  if (state.state !== 'running') return state.finishedMs ?? startedMs;
  // A process that is gone did nothing after its lease ran out.
  return Math.min(nowMs, state.leaseUntilMs);
}

/** Whether the database holds the scan as running although its process is dead, or its lease has run out. */
export function isAbandoned({ state, runner }: ScanRecord, nowMs: number): boolean {
  return state.state === 'running' && (state.leaseUntilMs < nowMs || isRunnerDead(runner));
}
