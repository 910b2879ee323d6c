import type { Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import type { Principal } from '../domain/principal.js';
import type { ProgressRecord, ProgressWithArrival } from './progress.js';
import { newer } from './newest-progress.js';
import { withinRequestDeadline } from '../batching/request-deadline.js';
import type { SyncStore } from './sync-store.js';

/**
 * The newest progress of the user in a document, whichever device it came from, and whichever digest of the same book
 * that device goes by (domain/known-document.ts).
 *
 * @param sinceMs when the request was there, by `performance.now()`: its patience counts from then
 * @returns `undefined` when there is none
 * @throws SyncError `overloaded`, `unavailable`
 */
export function getProgress(
  sync: SyncStore,
  { userId }: Principal,
  document: Document,
  sinceMs: number,
): Promise<ProgressRecord | undefined> {
  const others = sync.equivalentTo(userId, document);
  // Where the document is remembered, which is nearly always, its other digests join the very same read.
  if (!(others instanceof Promise)) return sync.pulls.pull({ userId, document, others });
  const own = sync.pulls.pull({ userId, document });
  return withinRequestDeadline(newestOf(own, pullOthers(sync, userId, others)), sinceMs);
}

async function pullOthers(
  sync: SyncStore,
  userId: UserId,
  documents: Promise<readonly Document[]>,
): Promise<ProgressWithArrival | undefined> {
  const [document, ...others] = await documents;
  return document === undefined ? undefined : sync.pulls.pull({ userId, document, others });
}

async function newestOf(
  own: Promise<ProgressWithArrival | undefined>,
  others: Promise<ProgressWithArrival | undefined>,
): Promise<ProgressWithArrival | undefined> {
  const [record, other] = await Promise.all([own, others]);
  return newer(record, other);
}
