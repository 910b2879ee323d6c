import { countingHolders } from '../book/catalogued-document.js';
import { booksOfDigests, holdersOfDocuments } from '../book/digest-repository.js';
import { booksOfStructure } from '../book/book-metadata-repository.js';
import type { Store } from '../database/store.js';
import { digestOfDocument, type Document } from '../domain/document.js';
import type { BookId, LibraryId, UserId } from '../domain/ids.js';
import { readLibraryAccess } from '../library/library-reader-repository.js';
import { isVisibleIn } from '../library/library-visibility.js';
import { type Claim, CLAIM_TYPES, type ClaimType } from './claims.js';

/** A book, and a document by which it is found. */
export interface ClaimedBook {
  readonly id: BookId;
  readonly content: Document;
}

/**
 * The book that a user's claims are about, among the books that the user may see: the first claim, from the surest type,
 * that stands for one content alone.
 */
export async function matchClaims(
  store: Store,
  userId: UserId,
  claims: readonly Claim[],
): Promise<ClaimedBook | undefined> {
  const access = await readLibraryAccess(store);
  const isVisible = isVisibleIn(access, userId);
  const libraryIds = [...access.keys()].filter(isVisible);
  const valuesOf = (type: ClaimType) => claims.filter((each) => each.type === type).map((each) => each.value);
  for (const type of CLAIM_TYPES) {
    for (const value of valuesOf(type)) {
      const found =
        type === 'structure'
          ? await bookOfStructure(store, value, libraryIds)
          : await bookOfDigest(store, value, { userId, isVisible, libraryIds });
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

interface Seen {
  readonly userId: UserId;
  readonly isVisible: (library: LibraryId) => boolean;
  readonly libraryIds: readonly LibraryId[];
}

async function bookOfDigest(
  store: Store,
  value: Document,
  { userId, isVisible, libraryIds }: Seen,
): Promise<ClaimedBook | undefined> {
  const holders = (await holdersOfDocuments(store, [value])).get(value) ?? [];
  const [content, ...others] = new Set(
    countingHolders(holders, isVisible, userId).map((holder) => holder.content),
  );
  const digest = content === undefined ? undefined : digestOfDocument(content);
  if (content === undefined || digest === undefined || others.length > 0) return undefined;
  const [found] = await booksOfDigests(store, [digest], libraryIds);
  return found === undefined ? undefined : { id: found.book.id, content };
}

async function bookOfStructure(
  store: Store,
  value: Document,
  libraryIds: readonly LibraryId[],
): Promise<ClaimedBook | undefined> {
  const digest = digestOfDocument(value);
  if (digest === undefined) return undefined;
  const books = await booksOfStructure(store, digest, libraryIds);
  const [book] = books;
  const isOne = books.every(({ content }) => content === book?.content);
  return book !== undefined && isOne ? book : undefined;
}
