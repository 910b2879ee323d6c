import { requireOneOf } from '../accounts/permission-check.js';
import { resolveTargetUser } from '../accounts/resolve-target-user.js';
import { findUserById } from '../accounts/user-repository.js';
import { type DocumentLink, type LinkedFor, MOST_LINKS } from '../book/document-link.js';
import {
  countLinksOfUser,
  deleteLink,
  insertDocumentLink,
  linksOfBook,
  linksOfDocument,
} from '../book/document-link-repository.js';
import { holdersOfDocuments } from '../book/digest-repository.js';
import { getVisibleBook } from '../book/get-book.js';
import { readDatabaseNowMs } from '../database/database-clock.js';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import type { Actor } from '../domain/actor.js';
import type { Document } from '../domain/document.js';
import { DogearError } from '../domain/dogear-error.js';
import type { BookId, UserId } from '../domain/ids.js';
import { readLibraryAccess } from '../library/library-reader-repository.js';
import { isVisibleIn, libraryVisibilityOf } from '../library/library-visibility.js';
import { adoptUnmatched } from './adopt-unmatched.js';
import { type ProgressKey, progressKeyText } from './progress-key.js';
import { newestProgress } from './progress-repository.js';
import { saveUnmatched } from './unmatched-repository.js';

export interface LinkRequest {
  readonly document: Document;
  readonly bookId: BookId;
  readonly linkedFor: LinkedFor;
}

/**
 * Links a document to a book: from then on pushes and pulls of the document are those of the book. What was kept of refused
 * pushes becomes progress at once. Users link for themselves; a link for everybody needs `library:manage`. A server must
 * call `SyncStore.forgetLibraries` afterwards.
 *
 * @throws DogearError `forbidden`; `book-not-found`, also for a book that the user of the link may not see;
 *   `document-has-book` when it is a digest of a book that the user may see; `document-linked` when it is linked to another
 *   book; `document-links-at-limit`
 */
export async function linkDocument(
  store: Store,
  actor: Actor,
  { document, bookId, linkedFor }: LinkRequest,
): Promise<DocumentLink> {
  await requireMayLink(store, actor, linkedFor);
  const { book } = await getVisibleBook(store, actor, bookId);
  const visibility = linkedFor === 'everybody' ? libraryVisibilityOf(actor) : linkedFor;
  const isVisible = isVisibleIn(await readLibraryAccess(store), visibility);
  if (!isVisible(book.libraryId)) {
    throw new DogearError('book-not-found', `There is no book ${String(bookId)} that the user may see.`);
  }
  const holders = (await holdersOfDocuments(store, [document])).get(document) ?? [];
  const visible = holders.filter(({ libraryId }) => isVisible(libraryId));
  if (visible.some(({ linkedFor: of, isNameForm }) => of === undefined && isNameForm === undefined)) {
    throw new DogearError('document-has-book', 'The document is a digest of a book already.');
  }
  const hasVisibleLink = visible.some((holder) => holder.linkedFor === linkedFor);
  const linkedSeconds = Math.floor((await readDatabaseNowMs(store)) / 1000);
  const link = await inTransaction(store, async (transaction) => {
    // A user who may no longer see the book of the own link cannot take it back.
    if (linkedFor !== 'everybody' && !hasVisibleLink) await deleteOwnLink(transaction, document, linkedFor);
    return insertOrGet(transaction, { document, bookId, linkedFor, linkedBy: actor.userId, linkedSeconds });
  });
  await adoptUnmatched(store, document);
  return link;
}

/**
 * Takes a link back. The document has its own progress again, with what was pushed for it meanwhile, and the book no longer
 * gets it. It is in the list of documents without a book again: after an own link at once, after a link for everybody
 * when a user pushes it next. A server must call `SyncStore.forgetLibraries` afterwards.
 *
 * @throws DogearError `forbidden`; `book-not-found`; `document-link-not-found`
 */
export async function unlinkDocument(
  store: Store,
  actor: Actor,
  { document, bookId, linkedFor }: LinkRequest,
): Promise<void> {
  await requireMayLink(store, actor, linkedFor);
  await getVisibleBook(store, actor, bookId);
  if (await deleteLink(store, { document, bookId, linkedFor })) {
    if (linkedFor !== 'everybody') await listAgain(store, { userId: linkedFor, document });
    return;
  }
  throw new DogearError('document-link-not-found', 'The document is not linked to this book in this way.');
}

export interface ShownLink extends DocumentLink {
  /** Of the user who made it; `undefined` unless the actor may see other users, or is that user. */
  readonly linkedByName: string | undefined;
}

/**
 * The documents that are linked to a book: for everybody, and those that the actor has linked for the own use.
 *
 * @throws DogearError `book-not-found`, also for a book that the actor may not see
 */
export async function listLinks(store: Store, actor: Actor, bookId: BookId): Promise<readonly ShownLink[]> {
  await getVisibleBook(store, actor, bookId);
  const links = (await linksOfBook(store, bookId)).filter(
    ({ linkedFor }) => actor.userId === undefined || linkedFor === 'everybody' || linkedFor === actor.userId,
  );
  const names = new Map<UserId, string | undefined>();
  for (const { linkedBy } of links) {
    const isShown = linkedBy === actor.userId || actor.permissions.has('user:manage');
    if (linkedBy === undefined || names.has(linkedBy) || !isShown) continue;
    names.set(linkedBy, (await findUserById(store, linkedBy))?.name);
  }
  return links.map((link) => ({
    ...link,
    linkedByName: link.linkedBy === undefined ? undefined : names.get(link.linkedBy),
  }));
}

/** Puts what the user has pushed for the document back into the list of documents without a book. */
async function listAgain(store: Store, key: ProgressKey): Promise<void> {
  const record = (await newestProgress(store, [key])).get(progressKeyText(key));
  if (record === undefined) return;
  const { pushedMs } = record;
  const kept = { ...record, ...key, firstSeenMs: pushedMs, lastSeenMs: pushedMs, pushes: 1 };
  await saveUnmatched(store, [{ ...kept, metadataJson: undefined }]);
}

async function requireMayLink(store: Store, actor: Actor, linkedFor: LinkedFor): Promise<void> {
  if (linkedFor === 'everybody') {
    requireOneOf(actor, ['library:manage']);
    return;
  }
  requireOneOf(actor, ['feature:koreader_sync']);
  if (actor.userId === undefined)
    await resolveTargetUser(store, actor, linkedFor, 'feature:koreader_sync', 'change');
  else if (actor.userId !== linkedFor)
    throw new DogearError('forbidden', 'Users link documents for themselves.');
}

async function deleteOwnLink(store: Store, document: Document, linkedFor: UserId): Promise<void> {
  const own = (await linksOfDocument(store, document)).find((each) => each.linkedFor === linkedFor);
  if (own !== undefined) await deleteLink(store, own);
}

async function insertOrGet(store: Store, link: DocumentLink): Promise<DocumentLink> {
  const { document, bookId, linkedFor } = link;
  const ofDocument = await linksOfDocument(store, document);
  const before = ofDocument.find((each) => each.linkedFor === linkedFor);
  if (before !== undefined) {
    if (before.bookId === bookId) return before;
    throw new DogearError(
      'document-linked',
      'The document is linked to another book. Take that link back first.',
    );
  }
  const ofBook = (await linksOfBook(store, bookId)).filter(
    (each) => (each.linkedFor === 'everybody') === (linkedFor === 'everybody'),
  );
  const isFull =
    linkedFor === 'everybody'
      ? ofBook.length >= MOST_LINKS.ofBookForEverybody
      : ofBook.length >= MOST_LINKS.ofBook ||
        ofBook.filter((each) => each.linkedFor === linkedFor).length >= MOST_LINKS.ofBookOfUser ||
        ofDocument.length >= MOST_LINKS.ofDocument ||
        (await countLinksOfUser(store, linkedFor)) >= MOST_LINKS.ofUser;
  if (isFull) {
    throw new DogearError(
      'document-links-at-limit',
      'There are too many such links. Whoever manages libraries can link the document for everybody.',
    );
  }
  if (await insertDocumentLink(store, link)) return link;
  throw new DogearError('document-linked', 'Somebody has just linked the document.');
}
