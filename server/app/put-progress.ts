import type { Principal } from '../domain/principal.js';
import type { Progress } from '../domain/progress.js';
import { SyncError } from '../domain/sync-error.js';
import type { SyncPath } from './sync-path.js';

/** What becomes of a push of a document that no visible book has or had: refused, or kept in case one turns up. */
export type UnknownDocuments = 'reject' | 'store';

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
  unknownDocuments: UnknownDocuments,
): Promise<number> {
  const pushedMs = Date.now();
  if (unknownDocuments === 'reject') {
    const known = sync.isKnown(userId, document);
    // Nearly always remembered, and then nothing is waited for.
    if (!(typeof known === 'boolean' ? known : await known)) {
      throw new SyncError('document-unknown', 'No book in a library that this user may see has this digest.');
    }
  }
  await sync.pushes.push({ userId, document, position, percentage, device, metadataJson, pushedMs });
  return pushedMs;
}
