import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import { readDatabaseNowMs } from '../database/database-clock.js';
import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { BookId } from '../domain/ids.js';
import { libraryVisibilityOf } from '../library/library-visibility.js';
import { visibleLibraries } from '../library/library-repository.js';
import type { CataloguedBook } from './book.js';
import { booksById, booksInRange } from './book-repository.js';
import { booksWithDigest } from './digest-repository.js';
import { getVisibleBook } from './get-book.js';
import { joinBooks } from './join-books.js';
import { type RenameEvidence, renameEvidence, type RenameReason } from './rename-evidence.js';

/** A book that a missing one may have become, where a scan was not certain enough to join them. */
export interface RenameSuggestion {
  readonly missing: CataloguedBook;
  readonly candidate: CataloguedBook;
  /** At least one. */
  readonly reasons: readonly RenameReason[];
}

/** Missing books of one call, which takes three statements for each. */
const MISSING_AT_ONCE = 100;
/** Books of a folder that are compared with a missing one. */
const FOLDER_BOOKS = 500;
/** Copies of one file name that are compared. */
const SAME_NAMES = 64;
/** Whoever has to choose from more looks at the folder. */
const SUGGESTIONS_OF_A_BOOK = 3;

/**
 * For each of these books that is missing, and that the actor may see: up to three present books of its library that it
 * may have become, the likeliest first. They were added after it, and lie in its folder, in a neighbouring one, or have its
 * file name.
 *
 * @param ids up to 100; ids of other books are ignored
 */
export async function suggestRenames(
  store: Store,
  actor: Actor,
  ids: readonly BookId[],
): Promise<readonly RenameSuggestion[]> {
  const libraries = await visibleLibraries(store, libraryVisibilityOf(actor));
  const visible = new Set(libraries.map(({ id }) => id));
  const suggestions: RenameSuggestion[] = [];
  for (const missing of await booksById(store, ids.slice(0, MISSING_AT_ONCE))) {
    if (missing.missingSinceSeconds === undefined || !visible.has(missing.libraryId)) continue;
    const likely: (RenameEvidence & { readonly candidate: CataloguedBook })[] = [];
    for (const candidate of await neighboursOf(store, missing)) {
      if (candidate.missingSinceSeconds !== undefined || candidate.id <= missing.id) continue;
      const evidence = renameEvidence(missing, candidate);
      if (evidence !== undefined) likely.push({ ...evidence, candidate });
    }
    const best = likely.toSorted(byLikelihood).slice(0, SUGGESTIONS_OF_A_BOOK);
    suggestions.push(...best.map(({ candidate, reasons }) => ({ missing, candidate, reasons })));
  }
  return suggestions;
}

/**
 * Accepts a suggestion: the missing book takes the path and the digests of the other one, whose row goes. Every device
 * that has either file finds the one book from then on. For actors with `library:manage`: the caller checks it.
 *
 * @throws DogearError `book-not-found`, also when the actor may not see one of them, when the first is not missing, or when
 *   they are of two libraries, have no digests, or were moved at this moment
 */
export async function acceptRename(
  store: Store,
  actor: Actor,
  { missingId, candidateId }: { readonly missingId: BookId; readonly candidateId: BookId },
): Promise<void> {
  const { book: missing } = await getVisibleBook(store, actor, missingId);
  const { book: found } = await getVisibleBook(store, actor, candidateId);
  const isPossible =
    missing.missingSinceSeconds !== undefined &&
    found.missingSinceSeconds === undefined &&
    missing.libraryId === found.libraryId;
  const nowMs = await readDatabaseNowMs(store);
  const joined = isPossible
    ? await inTransaction(store, (transaction) => joinBooks(transaction, [{ missing, found }], nowMs))
    : [];
  if (joined.length > 0) return;
  throw new DogearError(
    'book-not-found',
    `The book ${String(missingId)} is not a missing book of the same library with digests of its own. Look at both again.`,
  );
}

async function neighboursOf(store: Store, book: CataloguedBook): Promise<readonly CataloguedBook[]> {
  const folder = folderOf(book.path);
  const folders = folder.length === 0 ? [folder] : [folder, folderOf(folder.subarray(0, -1))];
  const found: CataloguedBook[] = [];
  for (const after of folders) {
    const range = { libraryId: book.libraryId, after, holding: [], limit: FOLDER_BOOKS };
    found.push(...(await booksInRange(store, { ...range, upTo: behindFolder(after) })));
  }
  if (book.filenameMd5 !== undefined) {
    const page = { libraryIds: [book.libraryId], afterId: book.id, limit: SAME_NAMES };
    found.push(...(await booksWithDigest(store, book.filenameMd5, page)));
  }
  return [...new Map(found.map((each) => [each.id, each])).values()];
}

/** With the slash at its end; empty for the root. */
function folderOf(path: Buffer): Buffer {
  return path.subarray(0, path.lastIndexOf(0x2f) + 1);
}

/** Paths in the folder come before this one. */
function behindFolder(folder: Buffer): Buffer | undefined {
  return folder.length === 0 ? undefined : Buffer.concat([folder.subarray(0, -1), Buffer.of(0x30)]);
}

function byLikelihood(left: RenameEvidence, right: RenameEvidence): number {
  if (left.isCertain !== right.isCertain) return left.isCertain ? -1 : 1;
  return right.reasons.length - left.reasons.length;
}
