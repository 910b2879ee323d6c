import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import type { ScanId } from '../domain/ids.js';
import type { FileFailure, RunningCounts } from './scan.js';
import { type KeptFailure, saveScanFailures } from './scan-failure-repository.js';
import { LEASE_MS } from './scan-lease.js';
import { renewLease } from './scan-repository.js';

/**
 * Failures of each reason that are kept by name: enough to see what they have in common. There are some eight reasons
 * and a hundred scans of a library, so a library whose every scan fails keeps some ten megabytes. Files that failed are
 * listed among the library's books in any case.
 */
const KEPT_FAILURES = 100;

/** Collects what a scan cannot read, and writes it to the database from time to time. */
export class ScanFailures {
  readonly #totals = new Map<string, number>();
  #unwritten: KeptFailure[] = [];
  #changed = new Set<string>();
  #lastWrite: Promise<void> = Promise.resolve();

  add(failure: FileFailure): void {
    const number = (this.#totals.get(failure.code) ?? 0) + 1;
    this.#totals.set(failure.code, number);
    this.#changed.add(failure.code);
    if (number <= KEPT_FAILURES) this.#unwritten.push({ ...failure, number });
  }

  /**
   * Writes what has not been written yet, unless the scan has lost its lease: the failures of a scan that has been
   * deleted would stay for ever. Renews the lease.
   */
  write(store: Store, scanId: ScanId, counts: RunningCounts): Promise<void> {
    // One after the other: the last write must not end before one that has begun, which would come too late for the scan.
    const written = this.#lastWrite.then(() => this.#write(store, scanId, counts));
    this.#lastWrite = written.catch(() => undefined);
    return written;
  }

  async #write(store: Store, scanId: ScanId, counts: RunningCounts): Promise<void> {
    if (this.#changed.size === 0) return;
    const failures = this.#unwritten;
    const changed = this.#changed;
    this.#unwritten = [];
    this.#changed = new Set();
    try {
      await inTransaction(store, async (transaction) => {
        const lease = await renewLease(transaction, scanId, counts.current, LEASE_MS);
        if (lease === 'lost' || lease === 'removed') return;
        const ofReasons = [...changed].map((reason) => {
          const total = this.#totals.get(reason) ?? 0;
          return { reason, failures: total, kept: Math.min(total, KEPT_FAILURES) };
        });
        await saveScanFailures(transaction, scanId, ofReasons, failures);
      });
    } catch (error) {
      this.#unwritten.unshift(...failures);
      for (const reason of changed) this.#changed.add(reason);
      throw error;
    }
  }
}
