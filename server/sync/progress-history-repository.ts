import { sql } from 'kysely';
import { deleteByIndex } from '../database/by-index.js';
import type { Store } from '../database/store.js';
import type { UserId } from '../domain/ids.js';

/** @param documents in byte order */
export async function deleteHistory(
  store: Store,
  userId: UserId,
  documents: readonly Buffer[],
): Promise<void> {
  await deleteByIndex(store, {
    table: 'progress_history',
    column: 'document',
    index: 'primary',
    keys: documents,
    also: sql`progress_history.user_id = ${userId}`,
  });
}
