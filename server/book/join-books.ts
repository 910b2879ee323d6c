import type { Store } from '../database/store.js';
import type { BookId } from '../domain/ids.js';
import { moveMetadata } from './book-metadata-repository.js';
import { moveListedNames } from './listed-name-repository.js';
import { deleteWholeHashes } from './whole-hash-repository.js';
import { type CataloguedBook, type Digests, replacedDigests } from './book.js';
import { deleteBooks, lockWholeBooks, type MovedBook, moveBooks } from './book-repository.js';
import {
  addFormerDigests,
  allFormerDigestsOf,
  deleteFormerDigests,
  keepFormerDigests,
} from './digest-repository.js';
import { moveLinks } from './document-link-repository.js';
import type { RenamePair } from './certain-renames.js';

/**
 * Makes a missing book and a new one of the same library one book, in the caller's transaction: the missing book takes the
 * path, the digests and the metadata of the new file, and keeps its own digests as former ones. The row of the new file
 * goes. A pair of which one has changed meanwhile is left as it is.
 *
 * @returns the books that were joined
 */
export async function joinBooks(
  transaction: Store,
  pairs: readonly RenamePair<CataloguedBook>[],
  nowMs: number,
): Promise<readonly BookId[]> {
  const ids = pairs.flatMap(({ missing, found }) => [missing.id, found.id]);
  const now = new Map((await lockWholeBooks(transaction, ids)).map((book) => [book.id, book]));
  const moved: MovedBook[] = [];
  const goes: BookId[] = [];
  const becomes = new Map<BookId, BookId>();
  const replaced = [];
  for (const pair of pairs) {
    const [missing, found] = [now.get(pair.missing.id), now.get(pair.found.id)];
    if (missing?.path.equals(pair.missing.path) !== true || found?.path.equals(pair.found.path) !== true)
      continue;
    const [was, is] = [digestsOf(missing), digestsOf(found)];
    if (was === undefined || is === undefined) continue;
    replaced.push(...replacedDigests(missing.id, was, is));
    const { libraryId, path, sizeBytes, modifiedNs, stateMark, failure } = found;
    const record = { libraryId, path, sizeBytes, modifiedNs, stateMark, digests: is, failure };
    moved.push({ id: missing.id, record, hasDigests: false });
    goes.push(found.id);
    becomes.set(found.id, missing.id);
  }
  const former = await allFormerDigestsOf(transaction, goes);
  await keepFormerDigests(transaction, replaced, Math.floor(nowMs / 1000));
  await addFormerDigests(
    transaction,
    former.flatMap((digest) => {
      const bookId = becomes.get(digest.bookId);
      return bookId === undefined ? [] : { ...digest, bookId };
    }),
  );
  await moveLinks(transaction, goes, (from) => becomes.get(from));
  await deleteBooks(transaction, goes);
  await deleteFormerDigests(transaction, goes);
  await moveMetadata(transaction, becomes);
  await moveListedNames(transaction, becomes);
  await deleteWholeHashes(transaction, goes);
  await moveBooks(transaction, moved, nowMs);
  return moved.map(({ id }) => id);
}

function digestsOf({ partialMd5, filenameMd5 }: CataloguedBook): Digests | undefined {
  return partialMd5 === undefined || filenameMd5 === undefined ? undefined : { partialMd5, filenameMd5 };
}
