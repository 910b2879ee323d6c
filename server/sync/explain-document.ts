import { countingHolders } from '../book/catalogued-document.js';
import { booksWithDigest, formerDigestsOf, holdersOfDocuments } from '../book/digest-repository.js';
import { linkedBooks } from '../book/document-link-repository.js';
import { type Successor, suggestSuccessors } from '../book/suggest-successors.js';
import type { Store } from '../database/store.js';
import { readLibraryAccess } from '../library/library-reader-repository.js';
import { visibleLibraries } from '../library/library-repository.js';
import { isVisibleIn } from '../library/library-visibility.js';
import type { Actor } from '../domain/actor.js';
import { digestOfDocument, type Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import type { ShelvedBook } from './books-of-documents.js';
import { equivalentDocuments } from './equivalent-documents.js';
import { progressKeyText } from './progress-key.js';
import { newestProgress } from './progress-repository.js';
import type { ProgressRecord } from './progress.js';
import type { UnmatchedDocument } from './unmatched-document.js';
import { findUnmatched } from './unmatched-repository.js';
import { userWhoseDocumentsShow } from './whose-documents.js';

/** How a document leads to a book. */
export type WhyBook =
  | 'partial-md5'
  | 'filename-md5'
  | 'former-partial-md5'
  | 'former-filename-md5'
  | 'name-form'
  | 'own-link'
  | 'link-for-everybody';

export interface ExplainedBook {
  readonly book: ShelvedBook;
  readonly why: readonly WhyBook[];
}

export interface DocumentExplanation {
  readonly document: Document;
  /** Whether it has the form of a digest. Others find a book by a link alone. */
  readonly isDigest: boolean;
  /** Whether pushes of the user find a book. */
  readonly isKnown: boolean;
  /** The books to which it leads, the first {@link BOOKS_NAMED}. */
  readonly books: readonly ExplainedBook[];
  /** Books of different contents have it: it stands for none of them, and has progress of its own. */
  readonly isAmbiguous: boolean;
  /** Where it leads to missing books alone: what the first of them may have become. */
  readonly successors: readonly Successor[];
  /** Other documents with the same progress. */
  readonly others: readonly Document[];
  /** The newest progress of this very document. */
  readonly progress: ProgressRecord | undefined;
  /** What was refused of it. */
  readonly refused: UnmatchedDocument | undefined;
}

/** A name such as `Volume 1.cbz` belongs to many. */
const BOOKS_NAMED = 5;
/** Former digests of one book that are looked through. */
const FORMER_DIGESTS = 200;

/**
 * What is known of a document for a user: which books it leads to and how, and what became of its pushes. Nothing of books
 * that the user may not see.
 *
 * @param userId the user; `undefined`: the actor
 * @throws DogearError `forbidden`, `user-not-found`
 */
export async function explainDocument(
  store: Store,
  actor: Actor,
  { userId, document }: { readonly userId: UserId | undefined; readonly document: Document },
): Promise<DocumentExplanation> {
  const user = await userWhoseDocumentsShow(store, actor, userId);
  const key = { userId: user.id, document };
  const isVisible = isVisibleIn(await readLibraryAccess(store), user.id);
  const holders = (await holdersOfDocuments(store, [document])).get(document) ?? [];
  const counting = countingHolders(holders, isVisible, user.id);
  const contents = new Set(counting.map(({ content }) => content));
  const libraries = await visibleLibraries(store, user.id);
  const names = new Map(libraries.map(({ id, name }) => [id, name]));
  const libraryIds = [...names.keys()];
  const digest = digestOfDocument(document);
  const books: ExplainedBook[] = [];
  if (digest !== undefined) {
    const found = await booksWithDigest(store, digest, {
      libraryIds,
      afterId: undefined,
      limit: BOOKS_NAMED,
    });
    for (const book of found) {
      const former = await formerDigestsOf(store, book.id, FORMER_DIGESTS);
      const forms = await formerDigestsOf(store, book.id, FORMER_DIGESTS, 'name-forms');
      const why: WhyBook[] = [];
      if (book.partialMd5?.equals(digest) === true) why.push('partial-md5');
      if (book.filenameMd5?.equals(digest) === true) why.push('filename-md5');
      for (const { kind, digest: before } of former) {
        if (before.equals(digest))
          why.push(kind === 'partial' ? 'former-partial-md5' : 'former-filename-md5');
      }
      if (forms.some((form) => form.digest.equals(digest))) {
        if (counting[0]?.isNameForm === true) why.push('name-form');
        // Another book, or a link, comes first: the form leads nowhere.
        else if (why.length === 0) continue;
      }
      books.push({ book: { ...book, libraryName: names.get(book.libraryId) ?? '' }, why });
    }
  }
  for (const { book, linkedFor } of await linkedBooks(store, [document], [user.id], libraryIds)) {
    const why = linkedFor === 'everybody' ? 'link-for-everybody' : 'own-link';
    books.push({ book: { ...book, libraryName: names.get(book.libraryId) ?? '' }, why: [why] });
  }
  const isMissing = books.every(({ book }) => book.missingSinceSeconds !== undefined);
  const missing = isMissing ? books[0]?.book.id : undefined;
  return {
    document,
    isDigest: digest !== undefined,
    isKnown: counting.length > 0,
    books,
    isAmbiguous: counting.length > 0 && (contents.size > 1 || contents.has(undefined)),
    successors: missing === undefined ? [] : await suggestSuccessors(store, actor, missing),
    others: await equivalentDocuments(store, user.id, document),
    progress: (await newestProgress(store, [key])).get(progressKeyText(key)),
    refused: await findUnmatched(store, user.id, document),
  };
}
