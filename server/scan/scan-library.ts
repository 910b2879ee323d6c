import { type Engine, EngineError, type EngineErrorCode } from '../../engine/index.js';
import { DogearError } from '../domain/dogear-error.js';
import type { ScanId } from '../domain/ids.js';
import type { Library } from '../library/library.js';
import { touchLibrary } from '../library/library-repository.js';
import { type FileFailure, RunningCounts, type ScanCounts, type ScanShard, WHOLE_LIBRARY } from './scan.js';
import { finishScan, latestScan, type LeaseState, pruneScans, renewLease } from './scan-repository.js';
import type { Store } from '../database/store.js';
import { retrying } from '../database/transaction.js';
import { leaseError } from './scan-commit.js';
import { acquireScan, LEASE_MS } from './scan-lease.js';
import { ScanFailures } from './scan-failures.js';
import type { ChangeCheck } from './library-merge.js';
import { runScan } from './scan-pipeline.js';

export interface ScanDependencies {
  readonly store: Store;
  readonly engine: Engine;
  /** Default: `full`. */
  readonly changeCheck?: ChangeCheck;
}

export interface ScanOptions {
  /** Hashes every book again, not only new and changed ones. */
  readonly regenHashes?: boolean;
  /**
   * Begins no scan when one of the same part has begun within this time, unless it failed or was stopped: several servers
   * of one database may want the same scan.
   */
  readonly unlessBegunWithinMs?: number | undefined;
  /** The part of the library to scan. Default: all of it. */
  readonly shard?: ScanShard;
  /**
   * Looks only at these places, which `placesOf` has made of what was touched. Books elsewhere stay as they are. For
   * scans of whole libraries, without `regenHashes`.
   */
  readonly within?: readonly Buffer[] | undefined;
  /** Ends the scan as cancelled. */
  readonly signal?: AbortSignal;
  /** Called once the database holds the scan. */
  onStart?(this: void, scanId: ScanId): void;
  /** Called after every batch; must return quickly. */
  onProgress?(this: void, progress: ScanProgress): void;
  /** Called for each file or folder that could not be read. */
  onFailure?(this: void, failure: FileFailure): void;
}

export interface ScanProgress {
  readonly scanId: ScanId;
  readonly library: string;
  readonly counts: ScanCounts;
  /** Files that the last complete scan found; `undefined` at the first one. */
  readonly expectedFiles: number | undefined;
  readonly elapsedMs: number;
}

export interface ScanSummary {
  readonly scanId: ScanId;
  readonly library: string;
  readonly counts: ScanCounts;
  readonly elapsedMs: number;
}

/**
 * Brings the catalogue of one library up to date with its files and hashes what is new or changed. Resolves when the scan
 * has ended and the database holds it as completed.
 *
 * Files are committed in batches, and what was committed stays whatever happens: the next scan goes on where one stopped.
 * Books are marked missing only at the end, when all folders were walked and their root was one folder all the time. A book
 * whose file was found at a new path keeps its id. A file that cannot be hashed is counted and reported, never thrown.
 *
 * @returns `counts` of this scan alone
 * @throws DogearError; the database then holds the scan as cancelled or failed, except for the first three, which leave none
 *   - `scan-running`: the library, or this part of it, is being scanned
 *   - `scan-recent`: with `unlessBegunWithinMs`
 *   - `library-not-found`: the library was removed meanwhile, before the scan or during it
 *   - `scan-cancelled`: by `signal`, or through the database
 *   - `scan-lease-lost`: this process was silent for too long, and another one has taken the scan over
 *   - `root-missing`, `root-unreadable`, `root-not-a-folder`, `root-is-link`: nothing was changed
 *   - `root-empty`: the root holds no book, but the catalogue does
 *   - `root-changed`: the root is another folder than at the beginning
 * @throws whatever the database or the engine threw, unchanged
 */
export async function scanLibrary(
  { store, engine, changeCheck = 'full' }: ScanDependencies,
  library: Library,
  options: ScanOptions = {},
): Promise<ScanSummary> {
  const shard = options.shard ?? WHOLE_LIBRARY;
  const startedAt = performance.now();
  const { within } = options;
  const last = within === undefined ? await latestScan(store, library.id, shard) : undefined;
  const expectedFiles = last?.state.state === 'completed' ? last.counts.found : undefined;
  const { scanId, regenSinceMs } = await acquireScan(store, library, shard, {
    regenHashes: options.regenHashes === true,
    unlessBegunWithinMs: options.unlessBegunWithinMs,
    touched: within?.length,
  });
  options.onStart?.(scanId);
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const counts = new RunningCounts();
  const failures = new ScanFailures();
  const heartbeat = keepLease({ store, library, scanId, counts, failures, stop });
  try {
    await runScan({
      store,
      engine,
      library,
      scanId,
      shard,
      within,
      regenSinceMs,
      changeCheck,
      signal,
      counts,
      onBatch: (current) =>
        options.onProgress?.({
          scanId,
          library: library.name,
          counts: current,
          expectedFiles,
          elapsedMs: performance.now() - startedAt,
        }),
      onFailure: (failure) => {
        failures.add(failure);
        options.onFailure?.(failure);
      },
    });
    await failures.write(store, scanId, counts);
    await retrying(() => finishScan(store, scanId, 'completed', counts.current));
    return {
      scanId,
      library: library.name,
      counts: counts.current,
      elapsedMs: performance.now() - startedAt,
    };
  } catch (error) {
    const reason = toDogearError(stop.signal.aborted ? stop.signal.reason : error, library);
    const cancelled = reason instanceof DogearError && reason.code === 'scan-cancelled';
    const state = cancelled ? 'cancelled' : 'failed';
    await failures.write(store, scanId, counts).catch(() => undefined); // The database is away.
    await finishScan(store, scanId, state, counts.current, storedMessageOf(reason)).catch(
      () => undefined, // The database is away. The lease will run out, and the scan will count as interrupted.
    );
    throw reason;
  } finally {
    clearInterval(heartbeat);
    await forgetOldScans(store, library);
    await touchLibrary(store, library.id).catch(() => undefined); // Pages show the old counts for a while.
  }
}

/** Scans that one transaction deletes. Short transactions let other writers take turns. */
const SCANS_A_ROUND = 500;
/** So that a history of many years does not delay the end of a scan. The next scan deletes more. */
const PRUNING_ROUNDS = 20;

async function forgetOldScans(store: Store, { id }: Library): Promise<void> {
  try {
    for (let round = 1; round <= PRUNING_ROUNDS; round++) {
      if ((await pruneScans(store, id, SCANS_A_ROUND)) < SCANS_A_ROUND) return;
    }
  } catch {
    // The database is away. The next scan of the library deletes them.
  }
}

/** The text that the database keeps of an error. Of an unexpected error it holds the causes too. */
function storedMessageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof DogearError || error.cause === undefined) return error.message;
  return `${error.message}: ${storedMessageOf(error.cause)}`;
}

/** Renews the lease between batches too: on slow storage a batch may take longer than the lease. */
function keepLease({
  store,
  library,
  scanId,
  counts,
  failures,
  stop,
}: {
  readonly store: Store;
  readonly library: Library;
  readonly scanId: ScanId;
  readonly counts: RunningCounts;
  readonly failures: ScanFailures;
  readonly stop: AbortController;
}): NodeJS.Timeout {
  const beat = async (): Promise<void> => {
    let lease: LeaseState;
    try {
      lease = await renewLease(store, scanId, counts.current, LEASE_MS);
      await failures.write(store, scanId, counts);
    } catch {
      return; // The database is away. The next commit reports it, or the next beat renews the lease.
    }
    if (lease === 'lost' || lease === 'removed') stop.abort(leaseError(lease, library));
    if (lease === 'cancel-requested') {
      stop.abort(new DogearError('scan-cancelled', 'The scan was cancelled.'));
    }
  };
  return setInterval(() => void beat(), LEASE_MS / 3);
}

/** The engine's errors of a root, in words for the person whose library it is. */
const ROOT_PROBLEMS = {
  'root-missing': 'is not there. Is its disk mounted? Nothing was changed.',
  'root-not-a-folder': 'is not a folder. Nothing was changed.',
  'root-unreadable': 'cannot be read. Nothing was changed.',
  'root-is-link': 'is reached by a symbolic link now, and scans do not follow those. Nothing was changed.',
  'root-changed':
    'was replaced by another while it was scanned (was its disk unmounted?). No book was marked missing.',
} as const;

function toDogearError(error: unknown, library: Library): unknown {
  if (!(error instanceof EngineError)) return error;
  const { code } = error;
  if (code === 'aborted') return new DogearError('scan-cancelled', 'The scan was stopped.', error);
  if (!isRootProblem(code)) return error;
  const root = `The folder ${library.root.toString()} of the library "${library.name}"`;
  const detail =
    code === 'root-unreadable'
      ? ` The system says: ${error.message}.`
      : code === 'root-is-link'
        ? ` Now ${error.message}.`
        : '';
  return new DogearError(code, `${root} ${ROOT_PROBLEMS[code]}${detail}`, error);
}

function isRootProblem(code: EngineErrorCode): code is keyof typeof ROOT_PROBLEMS {
  return code in ROOT_PROBLEMS;
}
