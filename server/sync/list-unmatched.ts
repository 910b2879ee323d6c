import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import type { UserId } from '../domain/ids.js';
import { type Page, pageOf, type PageRequest } from '../domain/page.js';
import { knownDocuments } from './equivalent-documents.js';
import { suggestBooks, type Suggestion } from './suggest-books.js';
import type { ListedUnmatched, UnmatchedCursor } from './unmatched-document.js';
import { countUnmatched, unmatchedPage } from './unmatched-repository.js';
import { userWhoseDocumentsShow } from './whose-documents.js';

/** A document with the books that it may be. */
export interface SuggestedUnmatched extends ListedUnmatched {
  readonly suggestions: readonly Suggestion[];
}

export interface UnmatchedCounts {
  /** Documents of the actor, also those that have found a book a moment ago. */
  readonly own: number;
  /** Those of other users; `undefined` unless the actor may see other users. */
  readonly ofOthers: number | undefined;
}

/** How long the list of the actor is, and how many documents others have in theirs. */
export async function countUnmatchedOf(store: Store, actor: Actor): Promise<UnmatchedCounts> {
  const own = actor.userId === undefined ? 0 : await countUnmatched(store, actor.userId);
  const ofOthers = actor.permissions.has('user:manage') ? (await countUnmatched(store)) - own : undefined;
  return { own, ofOthers: ofOthers === undefined ? undefined : Math.max(0, ofOthers) };
}

/**
 * The documents of a user that no book has, refused or stored, the last seen first. A page may have fewer
 * items than were asked for although another one follows: documents that have found a book since are left out.
 *
 * @param userId the user; `undefined`: the actor
 * @throws DogearError `forbidden`, `user-not-found`
 */
export async function listUnmatched(
  store: Store,
  actor: Actor,
  userId: UserId | undefined,
  { after, limit }: PageRequest<UnmatchedCursor>,
): Promise<Page<SuggestedUnmatched, UnmatchedCursor>> {
  const user = await userWhoseDocumentsShow(store, actor, userId);
  const rows = await unmatchedPage(store, user.id, { after, limit: limit + 1 });
  const page = pageOf(rows, limit, ({ lastSeenMs, document }) => ({ lastSeenMs, document }));
  const documents = page.items.map(({ document }) => document);
  const known = await knownDocuments(store, user.id, documents);
  const unknown = page.items.filter(({ document }) => !known.has(document));
  const suggestions = await suggestBooks(store, user.id, unknown);
  return {
    items: unknown.map((each) => ({ ...each, suggestions: suggestions.get(each.document) ?? [] })),
    next: page.next,
  };
}
