import { onlyContent } from '../book/catalogued-document.js';
import { booksOfDigests, holdersOfDocuments } from '../book/digest-repository.js';
import { booksOfStructure } from '../book/book-metadata-repository.js';
import type { Store } from '../database/store.js';
import { digestOfDocument, type Document } from '../domain/document.js';
import type { BookId, LibraryId, UserId } from '../domain/ids.js';
import { readLibraryAccess } from '../library/library-reader-repository.js';
import { isVisibleIn } from '../library/library-visibility.js';
import { type Claim, CLAIM_TYPES } from './claims.js';

/** A book, and a document by which it is found. */
export interface ClaimedBook {
  readonly id: BookId;
  readonly content: Document;
}

/**
 * The book that a user's claims about a document are about, among the books that the user may see: the first claim,
 * from the surest type, that stands for one content alone. None where the document itself stands for one book: claims
 * that say otherwise are wrong.
 */
export async function matchClaims(
  store: Store,
  userId: UserId,
  document: Document,
  claims: readonly Claim[],
): Promise<ClaimedBook | undefined> {
  const access = await readLibraryAccess(store);
  const isVisible = isVisibleIn(access, userId);
  const libraryIds = [...access.keys()].filter(isVisible);
  const digests = claims.filter(({ type }) => type !== 'structure').map(({ value }) => value);
  const holders = await holdersOfDocuments(store, [...new Set([document, ...digests])]);
  const contentOf = (value: Document) => onlyContent(holders.get(value) ?? [], isVisible, userId);
  if (contentOf(document) !== undefined) return undefined;
  for (const wanted of CLAIM_TYPES) {
    for (const { type, value } of claims) {
      if (type !== wanted) continue;
      const found =
        type === 'structure'
          ? await bookOfStructure(store, value, libraryIds)
          : await bookOfContent(store, contentOf(value), libraryIds);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

async function bookOfContent(
  store: Store,
  content: Document | undefined,
  libraryIds: readonly LibraryId[],
): Promise<ClaimedBook | undefined> {
  const digest = content === undefined ? undefined : digestOfDocument(content);
  if (content === undefined || digest === undefined) return undefined;
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
