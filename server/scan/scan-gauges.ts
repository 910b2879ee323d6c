import { allLibraries } from '../library/library-repository.js';
import { runningScans } from './scan-repository.js';
import type { Store } from '../database/store.js';

/** How far a running scan has come. */
export interface ScanGauge {
  readonly library: string;
  /** `1/1` where the library is scanned as a whole. */
  readonly shard: string;
  readonly files: Readonly<Record<'found' | 'hashed' | 'unchanged' | 'failed', number>>;
}

/** All scans that run on this database, in any process. Those whose lease has run out are left out. */
export async function scanGauges(store: Store): Promise<readonly ScanGauge[]> {
  const gauges: ScanGauge[] = [];
  for (const library of await allLibraries(store)) {
    for (const { record, leaseExpired } of await runningScans(store, library.id)) {
      if (leaseExpired) continue;
      const { found, hashed, unchanged, failed } = record.counts;
      gauges.push({
        library: library.name,
        shard: `${String(record.shard.index)}/${String(record.shard.count)}`,
        files: { found, hashed, unchanged, failed },
      });
    }
  }
  return gauges;
}
