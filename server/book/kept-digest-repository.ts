import { bulkUpsert, idChunks } from '../database/bulk-write.js';
import { byIndex, deleteByIds } from '../database/by-index.js';
import { toNumber } from '../database/int64.js';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import type { FormerDigest } from './book.js';

// The table `kept_digest`: digests of books that are gone with their library, until a book of the same content comes.

/** The index over the content and the digest. The database named it after its first column. */
const CONTENT_AND_DIGEST = 'partial_md5';

/**
 * Digests that are kept, the newest: those of a library of a million books, each with two. A row takes some 120 bytes
 * with its index, so they never take more than a quarter of a gigabyte.
 */
const MOST_KEPT = 2_000_000;
const DELETED_AT_ONCE = 500;

/** A digest that a removed book had, with the content of that book. */
export interface KeptDigest extends FormerDigest {
  readonly partialMd5: Buffer;
  readonly sizeBytes: number;
}

export interface StoredKeptDigest extends KeptDigest {
  readonly id: number;
}

/** Stores digests. One that is stored already stays as it is. */
export async function keepDigests(store: Store, digests: readonly KeptDigest[]): Promise<void> {
  await bulkUpsert(
    store,
    {
      table: 'kept_digest',
      columns: ['partial_md5', 'size_bytes', 'digest', 'kind', 'replaced_s'],
      key: ['partial_md5', 'size_bytes', 'digest', 'kind'],
      update: [],
    },
    digests.flatMap(({ partialMd5, sizeBytes, digest, kind, replacedSeconds }) => [
      partialMd5,
      sizeBytes,
      digest,
      kind,
      replacedSeconds,
    ]),
  );
}

/** Whether there are any: in most installations there are none, and a batch of a scan has nothing to look up. */
export async function hasKeptDigests(store: Store): Promise<boolean> {
  return (await store.db.selectFrom('kept_digest').select('id').limit(1).executeTakeFirst()) !== undefined;
}

/** The digests of removed books that had one of these partial MD5s. Sizes are the caller's to compare. */
export async function keptDigestsOf(
  store: Store,
  partialMd5s: readonly Buffer[],
): Promise<readonly StoredKeptDigest[]> {
  const digests: StoredKeptDigest[] = [];
  for (const chunk of idChunks(partialMd5s)) {
    const rows = await store.db
      .selectFrom(byIndex(store, 'kept_digest', CONTENT_AND_DIGEST))
      .selectAll()
      .where('partial_md5', 'in', chunk)
      .execute();
    for (const {
      id,
      partial_md5: partialMd5,
      size_bytes: size,
      digest,
      kind,
      replaced_s: replacedS,
    } of rows) {
      digests.push({
        id,
        partialMd5,
        sizeBytes: toNumber(size),
        digest,
        kind,
        replacedSeconds: toNumber(replacedS),
      });
    }
  }
  return digests;
}

export async function deleteKeptDigests(store: Store, ids: readonly number[]): Promise<void> {
  await deleteByIds(store, { table: 'kept_digest', column: 'id', index: 'primary', ids });
}

/** Deletes the oldest where there are more than are kept, in short transactions. */
export async function pruneKeptDigests(store: Store, most = MOST_KEPT): Promise<void> {
  const newest = await store.db
    .selectFrom('kept_digest')
    .select('id')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  // Ids have gaps, so at most this many are newer.
  const oldest = (newest?.id ?? 0) - most;
  for (;;) {
    const rows = await store.db
      .selectFrom(byIndex(store, 'kept_digest', 'primary'))
      .select('id')
      .where('id', '<=', oldest)
      .orderBy('id')
      .limit(DELETED_AT_ONCE)
      .execute();
    if (rows.length === 0) return;
    await inTransaction(store, (transaction) =>
      deleteKeptDigests(
        transaction,
        rows.map(({ id }) => id),
      ),
    );
  }
}
