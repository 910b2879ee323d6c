import type { Principal } from '../domain/principal.js';
import type { Progress } from './progress.js';
import { SyncError } from '../batching/sync-error.js';
import { withinRequestDeadline } from '../batching/request-deadline.js';
import type { SyncStore } from './sync-store.js';

/** What becomes of a push of a document that no visible book has or had: refused, or kept in case one turns up. */
export type UnknownDocuments = 'reject' | 'store';

export interface PutOptions {
  readonly unknownDocuments: UnknownDocuments;
  /** When the request was there, by `performance.now()`: its patience counts from then. */
  readonly sinceMs: number;
  /** When it arrived, in milliseconds since 1970: what a pull will say. */
  readonly pushedMs: number;
}

/**
 * Takes a push. When this resolves it is committed. No promise of its own where the document is remembered, which is
 * nearly always.
 *
 * @throws SyncError `document-unknown`, `overloaded`, `unavailable`, `refused`, or rejects with it
 */
export function putProgress(
  sync: Pick<SyncStore, 'isKnown' | 'pushes'>,
  { userId }: Principal,
  { document, position, percentage, device, metadataJson }: Progress,
  { unknownDocuments, sinceMs, pushedMs }: PutOptions,
): Promise<void> {
  const push = { userId, document, position, percentage, device, metadataJson, pushedMs };
  const known = unknownDocuments === 'store' || sync.isKnown(userId, document);
  if (known === true) return sync.pushes.push(push, sinceMs);
  if (known === false) throw unknownDocument();
  return withinRequestDeadline(known, sinceMs).then((isKnown) => {
    if (!isKnown) throw unknownDocument();
    return sync.pushes.push(push, sinceMs);
  });
}

function unknownDocument(): SyncError {
  return new SyncError('document-unknown', 'No book in a library that this user may see has this digest.');
}
