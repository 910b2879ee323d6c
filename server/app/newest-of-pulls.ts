import type { Document } from '../domain/document.js';
import {
  type ArrivedRecord,
  newestProgress,
  type ProgressKey,
  progressKeyText,
} from '../storage/progress-repository.js';
import type { Store } from '../storage/store.js';

/** What one pull asks for: the newest record of a document and of the others that stand for the same book. */
export interface ProgressPull extends ProgressKey {
  readonly others?: readonly Document[];
}

/** Pulls with one text have one answer. */
export function pullText(pull: ProgressPull): string {
  const own = progressKeyText(pull);
  const { others } = pull;
  return others === undefined || others.length === 0 ? own : `${own} ${others.join(' ')}`;
}

/** @returns how many documents it reads */
export function pullSize({ others }: ProgressPull): number {
  return 1 + (others?.length ?? 0);
}

/** The newest record of each pull, by `pullText`; pulls without one are left out. In one read. */
export async function newestOfPulls(
  store: Store,
  pulls: readonly ProgressPull[],
): Promise<ReadonlyMap<string, ArrivedRecord>> {
  const keys: ProgressKey[] = [];
  for (const pull of pulls) {
    keys.push(pull);
    for (const document of pull.others ?? []) keys.push({ userId: pull.userId, document });
  }
  const records = await newestProgress(store, keys);
  // Without others a pull's text is that of its key.
  if (keys.length === pulls.length) return records;
  const newest = new Map<string, ArrivedRecord>();
  for (const pull of pulls) {
    const { userId, others = [] } = pull;
    let best = records.get(progressKeyText(pull));
    for (const document of others) best = newer(best, records.get(progressKeyText({ userId, document })));
    if (best !== undefined) newest.set(pullText(pull), best);
  }
  return newest;
}

export function newer(
  best: ArrivedRecord | undefined,
  other: ArrivedRecord | undefined,
): ArrivedRecord | undefined {
  if (best === undefined || other === undefined) return best ?? other;
  return other.arrival > best.arrival ? other : best;
}
