import { requireOneOf } from '../accounts/permission-check.js';
import { resolveTargetUser } from '../accounts/resolve-target-user.js';
import { usersPage } from '../accounts/user-repository.js';
import { countingHolders } from '../book/catalogued-document.js';
import { holdersOfDocuments } from '../book/digest-repository.js';
import { linksOfBook } from '../book/document-link-repository.js';
import { type BookDetails, getBook } from '../book/get-book.js';
import { idChunks } from '../database/bulk-write.js';
import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import { type Document, documentOfDigest } from '../domain/document.js';
import type { BookId, UserId } from '../domain/ids.js';
import { type Page, pageOf, type PageRequest } from '../domain/page.js';
import { readLibraryAccess } from '../library/library-reader-repository.js';
import { isVisibleIn } from '../library/library-visibility.js';
import { summariesOfDocuments } from './device-progress-repository.js';
import type { Reading, ReadingUser } from './list-reading.js';
import { type ProgressKey, progressKeyText } from './progress-key.js';
import { newestProgress } from './progress-repository.js';

/** Former digests by which readers are looked for, the last replaced first. */
const FORMER_DIGESTS = 20;
/** With the digests of now, the former ones and linked documents, up to 3,200 rows are looked up for them. */
const READERS_AT_ONCE = 50;
/** Users of one page: of a server whose users do not read the book, a page is empty although another one follows. */
const USERS_A_PAGE = 1000;

/**
 * Who reads a book: the newest push of each user under any of its digests, or a document that is linked to it, by the
 * names of the users. With `user:manage` those of all users, otherwise one's own.
 *
 * @param page behind the user of this name
 * @throws DogearError `forbidden`; `book-not-found`, also for a book of a library that the actor may not see
 */
export async function listReadingOfBook(
  store: Store,
  actor: Actor,
  id: BookId,
  { after, limit }: PageRequest<string>,
): Promise<Page<Reading, string>> {
  requireOneOf(actor, ['feature:koreader_sync', 'user:manage']);
  const details = await getBook(store, actor, id);
  const documentsOf = await documentsOfBook(store, details);
  if (!actor.permissions.has('user:manage')) {
    const self = await resolveTargetUser(store, actor, undefined, 'feature:koreader_sync', 'read');
    return { items: await readingOf(store, [self], documentsOf, details), next: undefined };
  }
  const items: Reading[] = [];
  let afterName = after;
  for (let looked = 0; looked < USERS_A_PAGE; looked += READERS_AT_ONCE) {
    const rows = await usersPage(store, { afterName, limit: READERS_AT_ONCE + 1 });
    const users = pageOf(rows, READERS_AT_ONCE, (user) => user.name);
    const read = await readingOf(store, users.items, documentsOf, details);
    const room = limit - items.length;
    items.push(...read.slice(0, room));
    const last = read[room - 1];
    if (last !== undefined && (read.length > room || users.next !== undefined)) {
      return { items, next: last.user.name };
    }
    if (users.next === undefined) return { items, next: undefined };
    afterName = users.next;
  }
  return { items, next: afterName };
}

/** The newest push of one user, as {@link listReadingOfBook} finds it. The caller checks whether the actor may see it. */
export async function readingOfUser(
  store: Store,
  user: ReadingUser,
  details: BookDetails,
): Promise<Reading | undefined> {
  const [reading] = await readingOf(store, [user], await documentsOfBook(store, details), details);
  return reading;
}

/** The documents that stand for the book when this user pushes them. */
type DocumentsOf = (user: UserId) => readonly Document[];

async function documentsOfBook(store: Store, details: BookDetails): Promise<DocumentsOf> {
  const { book, formerDigests } = details;
  const former = formerDigests.slice(0, FORMER_DIGESTS).map(({ digest }) => digest);
  const digests = [book.partialMd5, book.filenameMd5, ...former].flatMap((digest) => digest ?? []);
  const documents = [...new Set(digests.map(documentOfDigest))];
  const others = await otherDocumentsOf(store, details);
  return (user) => [...documents, ...others(user)];
}

/** What is linked to the book, and other forms of its name, where nothing comes first for a user: no other book or link. */
async function otherDocumentsOf(store: Store, { book, nameForms }: BookDetails): Promise<DocumentsOf> {
  const links = await linksOfBook(store, book.id);
  const forms = new Set(nameForms.map(({ digest }) => documentOfDigest(digest)));
  const documents = [...new Set([...forms, ...links.map(({ document }) => document)])];
  if (documents.length === 0) return () => [];
  const holders = await holdersOfDocuments(store, documents);
  const access = await readLibraryAccess(store);
  return (user) =>
    documents.filter((document) => {
      const [counting] = countingHolders(holders.get(document) ?? [], isVisibleIn(access, user), user);
      if (counting?.isNameForm === true) return forms.has(document);
      return links.some((link) => link.document === document && link.linkedFor === counting?.linkedFor);
    });
}

/** In the order of the users. */
async function readingOf(
  store: Store,
  users: readonly ReadingUser[],
  documentsOf: DocumentsOf,
  { book, library, metadata }: BookDetails,
): Promise<readonly Reading[]> {
  const keys = users.flatMap(({ id }) => documentsOf(id).map((document) => ({ userId: id, document })));
  const newest = new Map<UserId, ProgressKey & { readonly arrival: number }>();
  for (const chunk of idChunks(keys)) {
    const records = await newestProgress(store, chunk);
    for (const key of chunk) {
      const arrival = records.get(progressKeyText(key))?.arrival;
      if (arrival === undefined) continue;
      if (arrival > (newest.get(key.userId)?.arrival ?? -Infinity))
        newest.set(key.userId, { ...key, arrival });
    }
  }
  const summaries = await summariesOfDocuments(store, [...newest.values()]);
  const titled = { ...book, libraryName: library.name, title: metadata?.title };
  return users.flatMap(({ id, name }) => {
    const summary = summaries.find(({ userId }) => userId === id);
    return summary === undefined ? [] : [{ ...summary, book: titled, user: { id, name } }];
  });
}
