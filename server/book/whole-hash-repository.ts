import { bulkUpsert, idChunks } from '../database/bulk-write.js';
import { byIndex, deleteByIds } from '../database/by-index.js';
import { toBigInt, toNumber } from '../database/int64.js';
import type { Store } from '../database/store.js';
import type { BookId } from '../domain/ids.js';

// The table `whole_hash`: SHA-256 of whole files, where somebody wanted them stored.

export interface WholeHash {
  readonly bookId: BookId;
  /** Of the file that was read. */
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
  readonly sha256: Buffer;
  /** Seconds since 1970, by the database's clock. */
  readonly checkedSeconds: number;
}

/** Whether the hash is that of the file as the catalogue has it. */
export function isOfState(
  hash: WholeHash,
  book: { readonly sizeBytes: number; readonly modifiedNs: bigint },
): boolean {
  return hash.sizeBytes === book.sizeBytes && hash.modifiedNs === book.modifiedNs;
}

export async function wholeHashesOf(
  store: Store,
  ids: readonly BookId[],
): Promise<ReadonlyMap<BookId, WholeHash>> {
  const hashes = new Map<BookId, WholeHash>();
  for (const chunk of idChunks(ids)) {
    const rows = await store.db
      .selectFrom(byIndex(store, 'whole_hash', 'primary'))
      .selectAll()
      .where('book_id', 'in', chunk)
      .execute();
    for (const {
      book_id: bookId,
      size_bytes: size,
      modified_ns: modified,
      sha256,
      checked_s: checked,
    } of rows) {
      hashes.set(bookId, {
        bookId,
        sizeBytes: toNumber(size),
        modifiedNs: toBigInt(modified),
        sha256,
        checkedSeconds: toNumber(checked),
      });
    }
  }
  return hashes;
}

/** Stores hashes in place of those before. The books must exist: lock them first. */
export async function saveWholeHashes(store: Store, hashes: readonly WholeHash[]): Promise<void> {
  const update = ['size_bytes', 'modified_ns', 'sha256', 'checked_s'];
  await bulkUpsert(
    store,
    { table: 'whole_hash', columns: ['book_id', ...update], key: ['book_id'], update },
    hashes.flatMap((hash) => [
      hash.bookId,
      hash.sizeBytes,
      hash.modifiedNs,
      hash.sha256,
      hash.checkedSeconds,
    ]),
  );
}

export async function deleteWholeHashes(store: Store, ids: readonly BookId[]): Promise<void> {
  await deleteByIds(store, { table: 'whole_hash', column: 'book_id', index: 'primary', ids });
}
