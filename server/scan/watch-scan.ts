import { setTimeout as delay } from 'node:timers/promises';
import type { Actor } from '../domain/actor.js';
import type { ScanId } from '../domain/ids.js';
import { filesPerSecond, type ScanContext, getScan, type ScanDetails } from './get-scan.js';

/** A scan of this process is read from memory, a scan of another process from the database. */
const LOOK_AT_OWN_MS = 500;
const LOOK_AT_OTHERS_MS = 2000;

/**
 * Yields the scan as it is, at once and then every half second (every two seconds where another process runs it), until it
 * has ended. The last value is the ended scan. States are read when they are asked for, so a slow reader gets the newest
 * state and no backlog.
 *
 * @param signal ends the generator without an error; the last value may then be one of a running scan
 * @throws DogearError `scan-not-found`: there is no such scan, or it is one of a library that the actor may not see; also
 *   when the scan is removed with its library meanwhile
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

/** Reads no database while this process runs the scan. */
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

/** Resolves early when the signal aborts: the callers look at the signal. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
