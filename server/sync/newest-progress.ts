import type { Document } from '../domain/document.js';
import { type ProgressKey, progressKeyText } from './progress-key.js';
import { newestProgress } from './progress-repository.js';
import type { ProgressWithArrival } from './progress.js';
import type { Store } from '../database/store.js';

/** One pull: the newest record of a document and of the documents that stand for the same book. */
export interface ProgressPull extends ProgressKey {
  readonly others?: readonly Document[];
}

/** Separates documents in a text. A document never contains this character (domain/document.ts). */
const BETWEEN = '\uFFFD';

/** Identifies a pull: pulls with equal texts have the same answer. */
export function pullText(pull: ProgressPull): string {
  const own = progressKeyText(pull);
  const { others } = pull;
  return others === undefined || others.length === 0 ? own : own + BETWEEN + others.join(BETWEEN);
}

/** The number of documents that a pull looks up. */
export function pullSize({ others }: ProgressPull): number {
  return 1 + (others?.length ?? 0);
}

/**
 * The newest record of each pull, keyed by `pullText`. Pulls without a record are left out. One statement.
 *
 * @param pulls no two with equal texts
 * @param onRead called with the number of distinct documents that were looked up
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
  // No pull has other documents, so each pull's text equals the text of its key.
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

/** The distinct keys of all pulls. Pulls overlap when a user syncs one device by file name and another by content. */
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

/** The record that arrived later. */
function newer(
  best: ProgressWithArrival | undefined,
  other: ProgressWithArrival | undefined,
): ProgressWithArrival | undefined {
  if (best === undefined || other === undefined) return best ?? other;
  return other.arrival > best.arrival ? other : best;
}
