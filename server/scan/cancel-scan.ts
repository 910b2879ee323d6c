import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { ScanId } from '../domain/ids.js';
import { readDatabaseNowMs } from '../database/database-clock.js';
import { interruptScan, requestCancel } from './scan-repository.js';
import type { Store } from '../database/store.js';
import type { BackgroundScans } from './background-scans.js';
import { findScanFor, isAbandoned, getScan, type ScanDetails } from './get-scan.js';

/**
 * Asks a scan to stop, whichever process runs it. A scan of this process is told at once. A scan of another process reads
 * the request from the database, at its next commit or within five seconds. A scan whose process is gone is marked as
 * interrupted here. What was committed stays, and the next scan of the library goes on from it. Asking twice is allowed.
 *
 * @param context without `scans`, every scan is one of another process
 * @returns the scan as it is now: most often it is still running
 * @throws DogearError
 *   - `scan-not-found`: there is no such scan, or it is one of a library that the actor may not see
 *   - `scan-not-running`: it has ended
 */
export async function cancelScan(
  context: { readonly store: Store; readonly scans?: Pick<BackgroundScans, 'live' | 'stop'> },
  actor: Actor,
  id: ScanId,
): Promise<ScanDetails> {
  const { store, scans } = context;
  const record = await findScanFor(store, actor, id);
  if (!(await requestCancel(store, id))) {
    throw new DogearError('scan-not-running', `Scan ${String(id)} has ended already.`);
  }
  // Its process is gone and cannot read the request.
  if (isAbandoned(record, await readDatabaseNowMs(store))) await interruptScan(store, id);
  else scans?.stop(id);
  return getScan(context, actor, id);
}
