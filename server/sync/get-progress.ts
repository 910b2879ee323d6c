import type { Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import type { Principal } from '../domain/principal.js';
import type { Claim } from './claims.js';
import type { ProgressRecord } from './progress.js';
import type { ProgressKey } from './progress-key.js';
import { withinRequestDeadline } from '../batching/request-deadline.js';
import type { SyncStore } from './sync-store.js';

/**
 * The newest progress of a user in a document, from any device, and under any digest of the same book
 * (book/catalogued-document.ts).
 *
 * @param claims what the reader says the document is, for a document without progress that stands for no book by itself
 * @param sinceMs arrival of the request, by `performance.now()`; its deadline counts from then
 * @returns `undefined` when the user has no progress there
 * @throws SyncError `overloaded` at once when too many pulls wait; `unavailable` at the request's deadline
 */
export function getProgress(
  sync: SyncStore,
  { userId }: Principal,
  document: Document,
  sinceMs: number,
  claims: readonly Claim[] = [],
): Promise<ProgressRecord | undefined> {
  const own = progressOf(sync, userId, document, sinceMs);
  return claims.length === 0
    ? own
    : own.then((record) => record ?? claimedProgress(sync, { userId, document }, claims, sinceMs));
}

/** The progress of the book that the claims are about. Nothing is stored: who only asks has not read. */
async function claimedProgress(
  sync: SyncStore,
  { userId, document }: ProgressKey,
  claims: readonly Claim[],
  sinceMs: number,
): Promise<ProgressRecord | undefined> {
  const claimed = await withinRequestDeadline(sync.claimedContent(userId, document, claims), sinceMs);
  return claimed === undefined ? undefined : progressOf(sync, userId, claimed, sinceMs);
}

function progressOf(
  sync: SyncStore,
  userId: UserId,
  document: Document,
  sinceMs: number,
): Promise<ProgressRecord | undefined> {
  const others = sync.equivalentTo(userId, document, sinceMs);
  // The equivalent documents are cached, which is nearly always so: all documents are read with one statement.
  if (!(others instanceof Promise)) return sync.pulls.pull({ userId, document, others }, sinceMs);
  // One statement here too. Read at two moments, the documents could give a record that never was the newest of them all.
  return others.then((documents) => sync.pulls.pull({ userId, document, others: documents }, sinceMs));
}
