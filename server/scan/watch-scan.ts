import { setTimeout as delay } from 'node:timers/promises';
import type { Actor } from '../domain/actor.js';
import type { ScanId } from '../domain/ids.js';
import { filesPerSecond, type ScanContext, getScan, type ScanDetails } from './get-scan.js';

/** What this process runs is looked at in memory; what another one runs is a read of the database. */
const LOOK_AT_OWN_MS = 500;
const LOOK_AT_OTHERS_MS = 2000;

/**
 * The scan as it is, again and again, until it has ended: the last value is the one of the end. A watcher that is slow
 * to ask gets the newest state and never a backlog.
 *
 * @param signal ends the watching without an error
 * @throws DogearError `scan-not-found`, also when the scan is removed with its library meanwhile
 */
export async function* watchScan(
  context: ScanContext,
  actor: Actor,
  id: ScanId,
  signal: AbortSignal,
): AsyncGenerator<ScanDetails> {
  while (!signal.aborted) {
    const scan = await getScan(context, actor, id);
    yield scan;
    if (scan.state !== 'running') return;
    if (context.scans?.live(id) === undefined) await pause(LOOK_AT_OTHERS_MS, signal);
    else yield* watchOwn(context, scan, signal);
  }
}

/** As long as this process runs the scan, the database need not be asked. */
async function* watchOwn(
  { scans }: ScanContext,
  first: ScanDetails,
  signal: AbortSignal,
): AsyncGenerator<ScanDetails> {
  const since = performance.now();
  for (;;) {
    const isOwn = scans?.live(first.record.id) !== undefined;
    if (!isOwn || signal.aborted) return;
    await pause(LOOK_AT_OWN_MS, signal);
    const live = scans.live(first.record.id);
    if (live === undefined) return;
    const elapsedMs = first.elapsedMs + (performance.now() - since);
    yield { ...first, ...live, elapsedMs, filesPerSecond: filesPerSecond(live.counts, elapsedMs) };
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // The signal alone cuts it short, and whoever waits looks at the signal.
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
