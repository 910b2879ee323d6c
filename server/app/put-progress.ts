import type { Principal } from '../domain/principal.js';
import type { Progress } from '../domain/progress.js';
import { SyncError } from '../domain/sync-error.js';
import { withinPatience } from './patience.js';
import type { SyncPath } from './sync-path.js';

/** What becomes of a push of a document that no visible book has or had: refused, or kept in case one turns up. */
export type UnknownDocuments = 'reject' | 'store';

export interface PutOptions {
  readonly unknownDocuments: UnknownDocuments;
  /** When the request was there, by `performance.now()`: its patience counts from then. */
  readonly sinceMs: number;
}

/**
 * Takes a push. When this resolves it is committed.
 *
 * @returns when it arrived, in milliseconds: what a pull will say
 * @throws SyncError `document-unknown`, `overloaded`, `unavailable`, `refused`
 */
export async function putProgress(
  sync: Pick<SyncPath, 'isKnown' | 'pushes'>,
  { userId }: Principal,
  { document, position, percentage, device, metadataJson }: Progress,
  { unknownDocuments, sinceMs }: PutOptions,
): Promise<number> {
  const pushedMs = Date.now();
  if (unknownDocuments === 'reject') {
    const known = sync.isKnown(userId, document);
    // Nearly always remembered, and then nothing is waited for.
    if (!(typeof known === 'boolean' ? known : await withinPatience(known, sinceMs))) {
      throw new SyncError('document-unknown', 'No book in a library that this user may see has this digest.');
    }
  }
  const push = { userId, document, position, percentage, device, metadataJson, pushedMs };
  await sync.pushes.push(push, sinceMs);
  return pushedMs;
}
