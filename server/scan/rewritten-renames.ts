import type { CataloguedBook } from '../book/book.js';
import { booksAddedAfter, booksById } from '../book/book-repository.js';
import { joinBooks } from '../book/join-books.js';
import { CertainRenames } from '../book/certain-renames.js';
import { withoutContradicted } from '../book/contradicted-renames.js';
import { retrying } from '../database/transaction.js';
import type { BookId } from '../domain/ids.js';
import type { ScanCounts } from './scan.js';
import { type CommitContext, inLease } from './scan-commit.js';

/**
 * Gone books whose names are compared with those of new files. Where more are gone, the library was reorganised or a disk
 * is away, and looking at all of them would take long: they are marked missing as before. Rows of 20,000 books take some
 * 20 MB.
 */
const MOST_GONE = 20_000;
/** New files that are looked at. Reading their rows takes a third of a second. */
const MOST_FOUND = 100_000;
const ROWS_AT_ONCE = 1000;
const JOINED_AT_ONCE = 500;

/**
 * Joins gone books with new files that are certainly the same books, renamed and rewritten at once as Calibre does it when
 * a title is edited. Their digests then belong to the new file. To be called before gone books are marked missing.
 */
export async function commitRewrittenRenames(
  context: CommitContext,
  countsAfter: (joined: number) => ScanCounts,
  count: (joined: number) => void,
): Promise<void> {
  const { lastBookBefore } = context;
  if (lastBookBefore === undefined) return;
  const gone = await goneCandidates(context);
  if (gone.length === 0) return;
  const renames = new CertainRenames(gone);
  for await (const found of newBooks(context, lastBookBefore)) renames.addFound(found);
  const pairs = await withoutContradicted(context.store, context.library, renames.pairs());
  for (let start = 0; start < pairs.length; start += JOINED_AT_ONCE) {
    const some = pairs.slice(start, start + JOINED_AT_ONCE);
    const joined = await inLease(context, async (transaction) => {
      const ids = await joinBooks(transaction, some, context.nowMs());
      return { counts: countsAfter(ids.length), result: ids };
    });
    for (const id of joined) context.gone.addMoved(id);
    count(joined.length);
  }
}

/** @returns none when there are too many */
async function goneCandidates({ store, gone, isMine }: CommitContext): Promise<readonly CataloguedBook[]> {
  const ids: BookId[] = [];
  for (const some of gone.missing(ROWS_AT_ONCE)) {
    ids.push(...some);
    if (ids.length > MOST_GONE) return [];
  }
  const books = await retrying(() => booksById(store, ids));
  return books.filter(({ path, partialMd5 }) => partialMd5 !== undefined && isMine(path));
}

async function* newBooks({ store, library }: CommitContext, after: BookId): AsyncGenerator<CataloguedBook> {
  for (let last = after, found = 0; found < MOST_FOUND;) {
    const behind = last;
    const rows = await retrying(() => booksAddedAfter(store, library.id, behind, ROWS_AT_ONCE));
    yield* rows.filter(({ partialMd5 }) => partialMd5 !== undefined);
    found += rows.length;
    last = rows.at(-1)?.id ?? last;
    if (rows.length < ROWS_AT_ONCE) return;
  }
}
