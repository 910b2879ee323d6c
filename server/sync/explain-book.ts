import type { DocumentLink } from '../book/document-link.js';
import { type BookDetails, getBook } from '../book/get-book.js';
import { type Successor, suggestSuccessors } from '../book/suggest-successors.js';
import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import type { BookId, UserId } from '../domain/ids.js';
import { readLibraryAccess } from '../library/library-reader-repository.js';
import { isVisibleIn } from '../library/library-visibility.js';
import { listLinks } from './link-document.js';
import { readingOfUser } from './list-reading-of-book.js';
import type { Reading } from './list-reading.js';
import { userWhoseDocumentsShow } from './whose-documents.js';

export interface BookExplanation {
  readonly details: BookDetails;
  /** Whether every user may see the book; otherwise only the readers of its library. */
  readonly isForEverybody: boolean;
  /** Whether the user may see it. */
  readonly isVisible: boolean;
  /** For everybody, and for the user. */
  readonly links: readonly DocumentLink[];
  /** What it may have become, if it is missing. */
  readonly successors: readonly Successor[];
  /** The newest push of the user, under any document that stands for the book. */
  readonly reading: Reading | undefined;
}

/**
 * What is known of a book for a user: by which documents it is found, who may see it, and what the user pushed last.
 *
 * @param userId the user; `undefined`: the actor
 * @throws DogearError `forbidden`, `user-not-found`; `book-not-found`, also for a book that the actor may not see
 */
export async function explainBook(
  store: Store,
  actor: Actor,
  { userId, bookId }: { readonly userId: UserId | undefined; readonly bookId: BookId },
): Promise<BookExplanation> {
  const user = await userWhoseDocumentsShow(store, actor, userId);
  const details = await getBook(store, actor, bookId);
  const access = await readLibraryAccess(store);
  const links = await listLinks(store, actor, bookId);
  const isVisible = isVisibleIn(access, user.id)(details.library.id);
  return {
    details,
    isForEverybody: access.get(details.library.id) === 'everybody',
    isVisible,
    links: links.filter(({ linkedFor }) => linkedFor === 'everybody' || linkedFor === user.id),
    successors: await suggestSuccessors(store, actor, bookId),
    reading: isVisible ? await readingOfUser(store, user, details) : undefined,
  };
}
