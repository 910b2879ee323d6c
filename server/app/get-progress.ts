import type { Document } from '../domain/document.js';
import type { Principal } from '../domain/principal.js';
import type { ProgressRecord } from '../domain/progress.js';
import type { ArrivedRecord } from '../storage/progress-repository.js';
import type { SyncPath } from './sync-path.js';

/**
 * The newest progress of the user in a document, whichever device it came from, and whichever digest of the same book
 * that device goes by (domain/known-document.ts).
 *
 * @returns `undefined` when there is none
 * @throws SyncError `overloaded`, `unavailable`
 */
export async function getProgress(
  sync: SyncPath,
  { userId }: Principal,
  document: Document,
): Promise<ProgressRecord | undefined> {
  // Both at once: where the document is remembered, its other digests join the very same read.
  const own = sync.pulls.pull({ userId, document });
  const withOthers = sync
    .sameBook(userId, document)
    .then((others) => Promise.all(others.map((other) => sync.pulls.pull({ userId, document: other }))));
  const [record, others] = await Promise.all([own, withOthers]);
  return others.reduce(newer, record);
}

function newer(best: ArrivedRecord | undefined, other: ArrivedRecord | undefined): ArrivedRecord | undefined {
  if (best === undefined || other === undefined) return best ?? other;
  return other.arrival > best.arrival ? other : best;
}
