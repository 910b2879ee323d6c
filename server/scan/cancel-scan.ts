import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { ScanId } from '../domain/ids.js';
import { readDatabaseNowMs } from '../database/database-clock.js';
import { interruptScan, requestCancel } from './scan-repository.js';
import type { Store } from '../database/store.js';
import type { BackgroundScans } from './background-scans.js';
import { findScanFor, isAbandoned, getScan, type ScanDetails } from './get-scan.js';

/**
 * Asks a scan to stop, whichever process runs it: one of this process hears at once, another one with its next batch
 * or within five seconds. What it committed stays.
 *
 * @returns the scan as it is now, mostly still running
 * @throws DogearError `scan-not-found`, `scan-not-running`
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
  // Nobody is there to hear it.
  if (isAbandoned(record, await readDatabaseNowMs(store))) await interruptScan(store, id);
  else scans?.stop(id);
  return getScan(context, actor, id);
}
