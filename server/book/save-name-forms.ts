import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import type { BookId } from '../domain/ids.js';
import type { FormerDigestOf } from './book.js';
import { lockBooks } from './book-repository.js';
import type { BookMetadata } from './book-metadata.js';
import { addFormerDigests, allFormerDigestsOf, deleteNameForms } from './digest-repository.js';
import { MOST_NAME_FORMS, nameForms } from './name-forms.js';

/** A book whose name may have other forms. */
export interface NamedBook {
  readonly id: BookId;
  readonly path: Buffer;
  readonly metadata?: BookMetadata | undefined;
}

/**
 * Stores the digests of the forms of the books' names, as far as they are not known. Forms of former names stay until a
 * book has more than {@link MOST_NAME_FORMS}; then the oldest go.
 *
 * @param nowS seconds since 1970
 * @returns how many digests were stored
 */
export async function saveNameForms(
  store: Store,
  books: readonly NamedBook[],
  nowS: number,
): Promise<number> {
  const wanted = books.flatMap(({ id, path, metadata }) =>
    nameForms(path.subarray(path.lastIndexOf(0x2f) + 1), metadata).map(({ origin, digest }) => ({
      bookId: id,
      path,
      kind: origin,
      digest,
      replacedSeconds: nowS,
    })),
  );
  if (wanted.length === 0) return 0;
  const ids = [...new Set(wanted.map(({ bookId }) => bookId))];
  const known = new Set((await allFormerDigestsOf(store, ids)).map(keyOf));
  const missing = wanted.filter((each) => !known.has(keyOf(each)));
  if (missing.length === 0) return 0;
  return inTransaction(store, async (transaction) => {
    const there = await lockBooks(
      transaction,
      missing.map(({ bookId }) => bookId),
    );
    const added = missing.filter(({ bookId, path }) => there.get(bookId)?.path.equals(path) === true);
    await addFormerDigests(transaction, added);
    const changed = [...new Set(added.map(({ bookId }) => bookId))];
    await deleteNameForms(transaction, excessive(await allFormerDigestsOf(transaction, changed)));
    return added.length;
  });
}

/** By book and digest: a digest that a book has under another kind finds it already. */
function keyOf({ bookId, digest }: Pick<FormerDigestOf, 'bookId' | 'digest'>): string {
  return `${String(bookId)} ${digest.toString('latin1')}`;
}

function excessive(digests: readonly FormerDigestOf[]): readonly FormerDigestOf[] {
  const formsOf = new Map<BookId, FormerDigestOf[]>();
  for (const each of digests) {
    if (each.kind === 'partial' || each.kind === 'filename') continue;
    formsOf.set(each.bookId, [...(formsOf.get(each.bookId) ?? []), each]);
  }
  return [...formsOf.values()].flatMap((forms) =>
    forms.toSorted((left, right) => right.replacedSeconds - left.replacedSeconds).slice(MOST_NAME_FORMS),
  );
}
