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
  const running = (await runningScans(store)).filter(({ leaseExpired }) => !leaseExpired);
  if (running.length === 0) return [];
  const names = new Map((await allLibraries(store)).map(({ id, name }) => [id, name]));
  return running.flatMap(({ record: { libraryId, shard, counts } }) => {
    const library = names.get(libraryId);
    // The library was removed in this moment.
    if (library === undefined) return [];
    const { found, hashed, unchanged, failed } = counts;
    const part = `${String(shard.index)}/${String(shard.count)}`;
    return [{ library, shard: part, files: { found, hashed, unchanged, failed } }];
  });
}
