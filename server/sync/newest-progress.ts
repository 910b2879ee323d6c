import type { Document } from '../domain/document.js';
import { newestProgress, type ProgressKey, progressKeyText } from './progress-repository.js';
import type { ProgressWithArrival } from './progress.js';
import type { Store } from '../database/store.js';

/** What one pull asks for: the newest record of a document and of the others that stand for the same book. */
export interface ProgressPull extends ProgressKey {
  readonly others?: readonly Document[];
}

/** No document holds it (domain/document.ts); a space, many do. */
const BETWEEN = '\uFFFD';

/** Pulls with one text have one answer. */
export function pullText(pull: ProgressPull): string {
  const own = progressKeyText(pull);
  const { others } = pull;
  return others === undefined || others.length === 0 ? own : own + BETWEEN + others.join(BETWEEN);
}

/** @returns how many documents it asks for */
export function pullSize({ others }: ProgressPull): number {
  return 1 + (others?.length ?? 0);
}

/**
 * The newest record of each pull, by `pullText`; pulls without one are left out. In one read.
 *
 * @param pulls no two with one text
 * @param onRead gets the documents that were looked up, each counted once
 */
export async function newestProgressOfPulls(
  store: Store,
  pulls: readonly ProgressPull[],
  onRead?: (keys: number, durationMs: number) => void,
): Promise<ReadonlyMap<string, ProgressWithArrival>> {
  const keys = keysOf(pulls);
  const startedMs = performance.now();
  const records = await newestProgress(store, keys);
  onRead?.(keys.length, performance.now() - startedMs);
  // Without others a pull's text is that of its key.
  if (keys === pulls) return records;
  const newest = new Map<string, ProgressWithArrival>();
  for (const pull of pulls) {
    const { userId, others = [] } = pull;
    let best = records.get(progressKeyText(pull));
    for (const document of others) best = newer(best, records.get(progressKeyText({ userId, document })));
    if (best !== undefined) newest.set(pullText(pull), best);
  }
  return newest;
}

/** Each once: whoever syncs one device by file name and another one by content pulls both. */
function keysOf(pulls: readonly ProgressPull[]): readonly ProgressKey[] {
  if (pulls.every((pull) => pullSize(pull) === 1)) return pulls;
  const keys = new Map<string, ProgressKey>();
  for (const pull of pulls) {
    const { userId, others = [] } = pull;
    keys.set(progressKeyText(pull), pull);
    for (const document of others) keys.set(progressKeyText({ userId, document }), { userId, document });
  }
  return [...keys.values()];
}

export function newer(
  best: ProgressWithArrival | undefined,
  other: ProgressWithArrival | undefined,
): ProgressWithArrival | undefined {
  if (best === undefined || other === undefined) return best ?? other;
  return other.arrival > best.arrival ? other : best;
}
