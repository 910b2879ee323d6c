import type { BookRow } from '../book/book.js';
import type { BookId } from '../domain/ids.js';
import type { ScanCounts } from './scan.js';
import { booksAtPaths, renameBooks } from '../book/book-repository.js';
import { removeBooks } from '../book/digest-repository.js';
import { type CommitContext, inLease, type ScannedFile } from './scan-commit.js';

/** Files and gone books remembered, about 20 MB; where more than this moved at once, the rest count as new. */
const REMEMBERED = 100_000;
const MOVES_AT_ONCE = 500;

/** A gone book and the file that it is now. */
export interface UnhashedMove {
  readonly id: BookId;
  readonly file: ScannedFile;
}

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

  gone(book: BookRow): void {
    remember(this.#gone, keyOf(book), book.id);
  }

  /** The pairs, as many at a time as one transaction takes. */
  *pairs(): Generator<readonly UnhashedMove[]> {
    let pairs: UnhashedMove[] = [];
    for (const [key, id] of this.#gone) {
      const file = this.#found.get(key);
      if (id === 'several' || file === undefined || file === 'several') continue;
      pairs.push({ id, file });
      if (pairs.length < MOVES_AT_ONCE) continue;
      yield pairs;
      pairs = [];
    }
    if (pairs.length > 0) yield pairs;
  }
}

/**
 * Joins pairs: the old book takes the new path and the row made for the new file goes.
 *
 * @throws DogearError `scan-lease-lost`, `scan-cancelled` (the moves are committed all the same)
 */
export async function commitUnhashedMoves(
  context: CommitContext,
  moves: readonly UnhashedMove[],
  countsAfter: ScanCounts,
): Promise<void> {
  const { library } = context;
  const ids = new Set(moves.map(({ id }) => id));
  await inLease(context, async (transaction) => {
    const paths = moves.map(({ file }) => file.path);
    const made = await booksAtPaths(transaction, library.id, paths);
    // When this is run again, after a commit whose answer was lost, the moved books are there already.
    await removeBooks(
      transaction,
      made.filter((id) => !ids.has(id)),
    );
    await renameBooks(
      transaction,
      moves.map(({ id, file: { path, sizeBytes, modifiedNs } }) => ({
        id,
        libraryId: library.id,
        path,
        sizeBytes,
        modifiedNs,
      })),
    );
    return { counts: countsAfter, result: undefined };
  });
  for (const id of ids) context.moved.add(id);
}

function keyOf(file: { readonly sizeBytes: number; readonly modifiedNs: bigint }): string {
  return `${String(file.sizeBytes)} ${String(file.modifiedNs)}`;
}

function remember<T>(map: Map<string, T | 'several'>, key: string, value: T): void {
  if (map.has(key)) map.set(key, 'several');
  else if (map.size < REMEMBERED) map.set(key, value);
}
