import { requireOneOf } from '../accounts/permission-check.js';
import { resolveTargetUser } from '../accounts/resolve-target-user.js';
import { markChanges } from '../changes/change-mark-repository.js';
import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import type { Document } from '../domain/document.js';
import { deleteUnmatched } from './unmatched-repository.js';

/**
 * Takes a document out of the actor's list of documents without a book, with the position that was kept of it. When it is
 * pushed again, it is listed again. One that is not listed is no failure.
 *
 * @throws DogearError `forbidden`
 */
export async function forgetUnmatched(store: Store, actor: Actor, document: Document): Promise<void> {
  requireOneOf(actor, ['feature:koreader_sync']);
  const { id } = await resolveTargetUser(store, actor, undefined, 'feature:koreader_sync', 'change');
  if ((await deleteUnmatched(store, id, [Buffer.from(document)])) > 0) {
    await markChanges(store, ['progress'], [id]);
  }
}
