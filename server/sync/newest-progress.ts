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
 * The newest record of each pull, in their order; `undefined` for a pull without one. One statement.
 *
 * @param onRead called with the number of distinct documents that were looked up: pulls overlap when a user syncs one
 *   device by file name and another by content
 */
export async function newestProgressOfPulls(
  store: Store,
  pulls: readonly ProgressPull[],
  onRead?: (keys: number, durationMs: number) => void,
): Promise<readonly (ProgressWithArrival | undefined)[]> {
  const keys = new Map<string, ProgressKey>();
  // Of all documents of all pulls. Made once, because joining and hashing them is a part of what a pull costs.
  const texts: string[] = [];
  const want = (key: ProgressKey): void => {
    const text = progressKeyText(key);
    texts.push(text);
    keys.set(text, key);
  };
  for (const pull of pulls) {
    want(pull);
    for (const document of pull.others ?? NONE) want({ userId: pull.userId, document });
  }
  const startedMs = performance.now();
  const records = await newestProgress(store, [...keys.values()]);
  onRead?.(keys.size, performance.now() - startedMs);
  let next = 0;
  return pulls.map((pull) => {
    let best: ProgressWithArrival | undefined;
    for (const end = next + pullSize(pull); next < end; next++)
      best = newer(best, records.get(texts[next] ?? ''));
    return best;
  });
}

const NONE: readonly Document[] = [];

/** The record that arrived later. */
function newer(
  best: ProgressWithArrival | undefined,
  other: ProgressWithArrival | undefined,
): ProgressWithArrival | undefined {
  if (best === undefined || other === undefined) return best ?? other;
  return other.arrival > best.arrival ? other : best;
}
