import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import type { UserId } from '../domain/ids.js';
import type { PageRequest } from '../domain/page.js';
import { booksOfDocuments, type TitledBook } from './books-of-documents.js';
import { progressKeyText } from './progress-key.js';
import type { DocumentCursor, DocumentSummary } from './progress.js';

/**
 * Whether an actor may see every document of a user: users see all of theirs, and the operator everything. Others see a
 * document only if it is a book of a library that they may see.
 */
export function seesAllDocuments({ userId }: Actor, of: UserId): boolean {
  return userId === undefined || userId === of;
}

/** A document in a list, with its book. */
export interface ShownDocument extends DocumentSummary {
  /** The book that has or had the document as a digest; `undefined` when there is none that the actor may see. */
  readonly book: TitledBook | undefined;
}

/** A page of documents that the actor may see. It may have fewer items than were asked for although another one follows. */
export interface ShownDocuments {
  readonly items: readonly ShownDocument[];
  readonly next: DocumentCursor | undefined;
  /** How many documents of other users are left out of this part of the list: the actor may see no book for them. */
  readonly unmatched: readonly UnmatchedDocuments[];
}

export interface UnmatchedDocuments {
  readonly userId: UserId;
  readonly documents: number;
}

/** Documents that are read for one page at most, however many of them the actor may not see. */
const LOOKED_AT = 1000;
/** Documents of one read, if some of them may be left out. */
const READ_AT_ONCE = 100;

export interface DocumentFilter {
  readonly read: (page: PageRequest<DocumentCursor>) => Promise<readonly DocumentSummary[]>;
  /** Of the documents that the actor may see, those that are not in the list all the same. Default: none. */
  readonly superseded?: (shown: readonly ShownDocument[]) => Promise<ReadonlySet<ShownDocument>>;
  /** Whether the list has documents that the actor sees whatever they are, and no others. */
  readonly isWhole?: boolean;
}

/** Reads a list of documents, ordered from the last pushed, and leaves out what the actor may not see. */
export async function documentsShown(
  store: Store,
  actor: Actor,
  { read, superseded, isWhole = false }: DocumentFilter,
  { after, limit }: PageRequest<DocumentCursor>,
): Promise<ShownDocuments> {
  const items: ShownDocument[] = [];
  const counts = new Map<UserId, number>();
  const pageBefore = (next: DocumentCursor | undefined): ShownDocuments => ({
    items,
    next,
    unmatched: [...counts].map(([userId, documents]) => ({ userId, documents })),
  });
  const atOnce = isWhole ? limit : Math.max(limit, READ_AT_ONCE);
  let cursor = after;
  for (let lookedAt = 0; ;) {
    const rows = await read({ after: cursor, limit: atOnce + 1 });
    const part = await withBooks(store, actor, rows.slice(0, atOnce));
    const left = (await superseded?.(part.filter((each) => isShownTo(actor, each)))) ?? new Set();
    for (const each of part) {
      if (items.length === limit) return pageBefore(cursor);
      const { userId, pushedHour, record } = each;
      cursor = { pushedHour, arrival: record.arrival, userId, document: record.document };
      if (!isShownTo(actor, each)) counts.set(each.userId, (counts.get(each.userId) ?? 0) + 1);
      else if (!left.has(each)) items.push(each);
    }
    if (rows.length <= atOnce) return pageBefore(undefined);
    lookedAt += part.length;
    if (items.length === limit || lookedAt >= LOOKED_AT) return pageBefore(cursor);
  }
}

function isShownTo(actor: Actor, { userId, book }: ShownDocument): boolean {
  return book !== undefined || seesAllDocuments(actor, userId);
}

async function withBooks(
  store: Store,
  actor: Actor,
  documents: readonly DocumentSummary[],
): Promise<readonly ShownDocument[]> {
  const keyOf = ({ userId, record }: DocumentSummary) => ({ userId, document: record.document });
  const books = await booksOfDocuments(store, actor, documents.map(keyOf));
  return documents.map((each) => ({ ...each, book: books.get(progressKeyText(keyOf(each))) }));
}
