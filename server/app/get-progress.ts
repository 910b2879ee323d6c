import type { Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import type { Principal } from '../domain/principal.js';
import type { ProgressRecord } from '../domain/progress.js';
import type { ArrivedRecord } from '../storage/progress-repository.js';
import { withinPatience } from './patience.js';
import type { SyncPath } from './sync-path.js';

/**
 * The newest progress of the user in a document, whichever device it came from, and whichever digest of the same book
 * that device goes by (domain/known-document.ts).
 *
 * @param sinceMs when the request was there, by `performance.now()`: its patience counts from then
 * @returns `undefined` when there is none
 * @throws SyncError `overloaded`, `unavailable`
 */
export function getProgress(
  sync: SyncPath,
  { userId }: Principal,
  document: Document,
  sinceMs: number,
): Promise<ProgressRecord | undefined> {
  const own = sync.pulls.pull({ userId, document });
  const others = sync.sameBook(userId, document);
  // Where the document is remembered, which is nearly always, its other digests join the very same read.
  if (!(others instanceof Promise) && others.length === 0) return own;
  return withinPatience(newestOf(own, pullOthers(sync, userId, others)), sinceMs);
}

async function pullOthers(
  sync: SyncPath,
  userId: UserId,
  others: readonly Document[] | Promise<readonly Document[]>,
): Promise<readonly (ArrivedRecord | undefined)[]> {
  return Promise.all((await others).map((document) => sync.pulls.pull({ userId, document })));
}

async function newestOf(
  own: Promise<ArrivedRecord | undefined>,
  others: Promise<readonly (ArrivedRecord | undefined)[]>,
): Promise<ArrivedRecord | undefined> {
  const [record, otherRecords] = await Promise.all([own, others]);
  return otherRecords.reduce(newer, record);
}

function newer(best: ArrivedRecord | undefined, other: ArrivedRecord | undefined): ArrivedRecord | undefined {
  if (best === undefined || other === undefined) return best ?? other;
  return other.arrival > best.arrival ? other : best;
}
