import type { KnownBook } from '../domain/book.js';
import type { BookId } from '../domain/ids.js';
import type { Library } from '../domain/library.js';
import { booksAtPaths, removeBooks, renameBooks } from '../storage/book-repository.js';
import type { Store } from '../storage/store.js';
import { inTransaction } from '../storage/transaction.js';
import type { CommitContext, ScannedFile } from './scan-commit.js';

/** Files and gone books remembered, about 20 MB; where more than this moved at once, the rest count as new. */
const REMEMBERED = 100_000;
const MOVES_AT_ONCE = 500;

/**
 * Finds moved books in a library without digests: a gone book and a new file of the same size and the same
 * modification time to the nanosecond, when there is exactly one of each.
 */
export class UnhashedMoves {
  readonly #found = new Map<string, ScannedFile | 'several'>();
  readonly #gone = new Map<string, BookId | 'several'>();

  found(file: ScannedFile): void {
    if (file.known === undefined) remember(this.#found, keyOf(file), file);
  }

  gone(book: KnownBook): void {
    remember(this.#gone, keyOf(book), book.id);
  }

  /** Joins the pairs: the old book takes the new path and the row made for the new file goes. */
  async commit(store: Store, library: Library, context: CommitContext): Promise<number> {
    const pairs: { readonly id: BookId; readonly file: ScannedFile }[] = [];
    for (const [key, id] of this.#gone) {
      const file = this.#found.get(key);
      if (id !== 'several' && file !== undefined && file !== 'several') pairs.push({ id, file });
    }
    for (let start = 0; start < pairs.length; start += MOVES_AT_ONCE) {
      const chunk = pairs.slice(start, start + MOVES_AT_ONCE);
      await inTransaction(store, async (transaction) => {
        const paths = chunk.map(({ file }) => file.path);
        await removeBooks(transaction, await booksAtPaths(transaction, library.id, paths));
        await renameBooks(
          transaction,
          chunk.map(({ id, file: { path, sizeBytes, modifiedNs } }) => ({
            id,
            libraryId: library.id,
            path,
            sizeBytes,
            modifiedNs,
          })),
        );
      });
      for (const { id } of chunk) context.moved.add(id);
    }
    return pairs.length;
  }
}

function keyOf(file: { readonly sizeBytes: number; readonly modifiedNs: bigint }): string {
  return `${String(file.sizeBytes)} ${String(file.modifiedNs)}`;
}

function remember<T>(map: Map<string, T | 'several'>, key: string, value: T): void {
  if (map.has(key)) map.set(key, 'several');
  else if (map.size < REMEMBERED) map.set(key, value);
}
