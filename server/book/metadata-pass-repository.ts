import { sql } from 'kysely';
import { bulkUpsert } from '../database/bulk-write.js';
import { databaseNowMs } from '../database/database-clock.js';
import { toNumber, toNumberOrUndefined } from '../database/int64.js';
import type { Store } from '../database/store.js';
import type { LibraryId } from '../domain/ids.js';
import type { MetadataPass, PassCounts } from './book-metadata.js';

// The table `metadata_pass`: of each library the pass over its EPUBs that runs, or that ran last.

/**
 * Begins a pass, unless another runner has one whose lease has not run out.
 *
 * @param runner an unguessable name of this pass
 * @returns whether it has begun
 */
export async function beginPass(
  store: Store,
  libraryId: LibraryId,
  runner: string,
  leaseMs: number,
): Promise<boolean> {
  await bulkUpsert(
    store,
    {
      table: 'metadata_pass',
      columns: ['library_id', 'runner', 'lease_until_ms', 'started_ms', 'examined', 'books_read', 'failed'],
      key: ['library_id'],
      update: [],
    },
    [libraryId, '', 0, 0, 0, 0, 0],
  );
  const now = databaseNowMs(store.dialect);
  const { numUpdatedRows } = await store.db
    .updateTable('metadata_pass')
    .set({
      runner,
      lease_until_ms: sql<number>`${now} + ${leaseMs}`,
      started_ms: now,
      finished_ms: null,
      examined: 0,
      books_read: 0,
      failed: 0,
    })
    .where('library_id', '=', libraryId)
    .where((where) => where.or([where('lease_until_ms', '<', now), where('runner', '=', runner)]))
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** @returns `false` when another runner has taken the library over, or the library is gone */
export async function renewPass(
  store: Store,
  libraryId: LibraryId,
  runner: string,
  leaseMs: number,
  { examined, read, failed }: PassCounts,
): Promise<boolean> {
  const { numUpdatedRows } = await store.db
    .updateTable('metadata_pass')
    .set({
      lease_until_ms: sql<number>`${databaseNowMs(store.dialect)} + ${leaseMs}`,
      examined,
      books_read: read,
      failed,
    })
    .where('library_id', '=', libraryId)
    .where('runner', '=', runner)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Gives the lease back. */
export async function endPass(
  store: Store,
  libraryId: LibraryId,
  runner: string,
  { examined, read, failed }: PassCounts,
  isComplete: boolean,
): Promise<void> {
  await store.db
    .updateTable('metadata_pass')
    .set({
      lease_until_ms: 0,
      finished_ms: isComplete ? databaseNowMs(store.dialect) : null,
      examined,
      books_read: read,
      failed,
    })
    .where('library_id', '=', libraryId)
    .where('runner', '=', runner)
    .execute();
}

/** @returns `undefined` when there was none yet */
export async function findPass(store: Store, libraryId: LibraryId): Promise<MetadataPass | undefined> {
  const row = await store.db
    .selectFrom('metadata_pass')
    .selectAll()
    .select(databaseNowMs(store.dialect).as('now_ms'))
    .where('library_id', '=', libraryId)
    .executeTakeFirst();
  if (row === undefined || toNumber(row.started_ms) === 0) return undefined;
  const isLeased = toNumber(row.lease_until_ms) >= toNumber(row.now_ms);
  return {
    state: row.finished_ms !== null ? 'completed' : isLeased ? 'running' : 'stopped',
    startedMs: toNumber(row.started_ms),
    finishedMs: toNumberOrUndefined(row.finished_ms),
    examined: toNumber(row.examined),
    read: toNumber(row.books_read),
    failed: toNumber(row.failed),
  };
}

export async function deletePass({ db }: Store, libraryId: LibraryId): Promise<void> {
  await db.deleteFrom('metadata_pass').where('library_id', '=', libraryId).execute();
}
