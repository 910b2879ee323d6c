import { requireOneOf } from '../accounts/permission-check.js';
import { resolveTargetUser } from '../accounts/resolve-target-user.js';
import { usersPage } from '../accounts/user-repository.js';
import { type BookDetails, getBook } from '../book/get-book.js';
import { idChunks } from '../database/bulk-write.js';
import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import { type Document, documentOfDigest } from '../domain/document.js';
import type { BookId, UserId } from '../domain/ids.js';
import { type Page, pageOf, type PageRequest } from '../domain/page.js';
import { summariesOfDocuments } from './device-progress-repository.js';
import type { Reading, ReadingUser } from './list-reading.js';
import { type ProgressKey, progressKeyText } from './progress-key.js';
import { newestProgress } from './progress-repository.js';

/** Former digests by which readers are looked for, the last replaced first. */
const FORMER_DIGESTS = 20;
/** With the digests of now and the former ones, up to 1,100 rows are looked up for them. */
const READERS_AT_ONCE = 50;
/** Users of one page: of a server whose users do not read the book, a page is empty although another one follows. */
const USERS_A_PAGE = 1000;

/**
 * Who reads a book: the newest push of each user under any of its digests, by the names of the users. With `user:manage`
 * those of all users, otherwise one's own.
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
  const documents = documentsOfBook(details);
  if (!actor.permissions.has('user:manage')) {
    const self = await resolveTargetUser(store, actor, undefined, 'feature:koreader_sync', 'read');
    return { items: await readingOf(store, [self], documents, details), next: undefined };
  }
  const items: Reading[] = [];
  let afterName = after;
  for (let looked = 0; looked < USERS_A_PAGE; looked += READERS_AT_ONCE) {
    const rows = await usersPage(store, { afterName, limit: READERS_AT_ONCE + 1 });
    const users = pageOf(rows, READERS_AT_ONCE, (user) => user.name);
    const read = await readingOf(store, users.items, documents, details);
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

function documentsOfBook({ book, formerDigests }: BookDetails): readonly Document[] {
  const former = formerDigests.slice(0, FORMER_DIGESTS).map(({ digest }) => digest);
  const digests = [book.partialMd5, book.filenameMd5, ...former].flatMap((digest) => digest ?? []);
  return [...new Set(digests.map(documentOfDigest))];
}

/** In the order of the users. */
async function readingOf(
  store: Store,
  users: readonly ReadingUser[],
  documents: readonly Document[],
  { book, library }: BookDetails,
): Promise<readonly Reading[]> {
  const keys = users.flatMap((user) => documents.map((document) => ({ userId: user.id, document })));
  const newest = new Map<UserId, ProgressKey & { readonly arrival: number }>();
  for (const chunk of idChunks(keys)) {
    const records = await newestProgress(store, chunk);
    for (const key of chunk) {
      const arrival = records.get(progressKeyText(key))?.arrival ?? -1;
      if (arrival > (newest.get(key.userId)?.arrival ?? -1)) newest.set(key.userId, { ...key, arrival });
    }
  }
  const summaries = await summariesOfDocuments(store, [...newest.values()]);
  const shelved = { ...book, libraryName: library.name };
  return users.flatMap(({ id, name }) => {
    const summary = summaries.find(({ userId }) => userId === id);
    return summary === undefined ? [] : [{ ...summary, book: shelved, user: { id, name } }];
  });
}
