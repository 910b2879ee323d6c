import { DogearError } from '../domain/dogear-error.js';
import type { ScanId } from '../domain/ids.js';
import type { Library } from '../library/library.js';
import type { ScanRecord, ScanShard } from './scan.js';
import { readDatabaseNowMs } from '../database/database-clock.js';
import { lockLibrary } from '../library/library-repository.js';
import { insertScan, interruptScan, latestScan, runningScans } from './scan-repository.js';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import { currentRunner, isRunnerDead } from './scan-runner.js';

/** A scan that has not renewed its lease for this long may be replaced by another machine. It is renewed three times as often. */
export const LEASE_MS = 15_000;

/** Within this time the next rescan goes on where an interrupted one stopped. Later it hashes every book again. */
const RESUME_REGEN_WITHIN_MS = 24 * 60 * 60 * 1000;

export interface ScanStart {
  readonly scanId: ScanId;
  /** Milliseconds since 1970: digests made before this moment are made again. `undefined`: it is no rescan. */
  readonly regenSinceMs: number | undefined;
}

/**
 * Writes a new running scan to the database. A library has one running scan at a time, or one for each part where it is
 * scanned in parts. A scan whose process died on this machine is marked as interrupted at once; a scan of another machine
 * when its lease has run out.
 *
 * @throws DogearError
 *   - `scan-running`: another scan runs on the whole library, on the same part, or with another number of parts
 *   - `scan-recent`: the last one began within `unlessBegunWithinMs`, and has not failed
 *   - `library-not-found`: the library was removed meanwhile
 */
export async function acquireScan(
  store: Store,
  library: Library,
  shard: ScanShard,
  {
    regenHashes,
    unlessBegunWithinMs,
    touched,
  }: {
    readonly regenHashes: boolean;
    readonly unlessBegunWithinMs?: number | undefined;
    /** How many places alone are looked at. */
    readonly touched?: number | undefined;
  },
): Promise<ScanStart> {
  const runner = currentRunner();
  let begun: ScanStart | undefined;
  return inTransaction(store, async (transaction) => {
    if ((await lockLibrary(transaction, library.id)) === undefined) {
      throw new DogearError('library-not-found', `The library "${library.name}" has been removed.`);
    }
    for (const { record, leaseExpired } of await runningScans(transaction, library.id)) {
      // The transaction is run again because the answer to its commit was lost. The scan has begun already.
      if (record.id === begun?.scanId && record.runner === runner) return begun;
      if (leaseExpired || isRunnerDead(record.runner)) await interruptScan(transaction, record.id);
      else if (collides(record.shard, shard)) throw alreadyRunning(library, record);
    }
    if (unlessBegunWithinMs !== undefined) {
      await throwIfRecent(transaction, library, shard, unlessBegunWithinMs);
    }
    const regenSinceMs = regenHashes ? await regenSince(transaction, library, shard) : undefined;
    const scanId = await insertScan(transaction, {
      libraryId: library.id,
      shard,
      regenSinceMs,
      runner,
      leaseMs: LEASE_MS,
      touched,
    });
    begun = { scanId, regenSinceMs };
    return begun;
  });
}

async function throwIfRecent(
  store: Store,
  library: Library,
  shard: ScanShard,
  withinMs: number,
): Promise<void> {
  const last = await latestScan(store, library.id, shard);
  if (last?.state.state !== 'completed') return;
  if ((await readDatabaseNowMs(store)) - last.startedMs > withinMs) return;
  throw new DogearError('scan-recent', `The library "${library.name}" has just been scanned.`);
}

function collides(running: ScanShard, wanted: ScanShard): boolean {
  return running.count !== wanted.count || running.index === wanted.index;
}

function alreadyRunning(library: Library, running: ScanRecord): DogearError {
  const [host, , , pid] = running.runner.split(' ');
  const part =
    running.shard.count > 1 ? `, part ${String(running.shard.index)}/${String(running.shard.count)}` : '';
  return new DogearError(
    'scan-running',
    `The library "${library.name}" is being scanned already${part} (process ${String(pid)} on ${String(host)}). ` +
      'Wait for it to end, or stop it.',
  );
}

async function regenSince(store: Store, library: Library, shard: ScanShard): Promise<number> {
  const nowMs = await readDatabaseNowMs(store);
  const last = await latestScan(store, library.id, shard);
  const sinceMs = last?.state.state === 'completed' ? undefined : last?.regenSinceMs;
  return sinceMs !== undefined && nowMs - sinceMs < RESUME_REGEN_WITHIN_MS ? sinceMs : nowMs;
}
