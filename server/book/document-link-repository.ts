import { type SqlBool, sql } from 'kysely';
import { changeCached } from '../changes/cache-mark-repository.js';
import { bulkUpsert, idChunks } from '../database/bulk-write.js';
import { byIndex, deleteByIds, inOrder, unindexed } from '../database/by-index.js';
import { isDuplicateKey } from '../database/database-error.js';
import { toNumber } from '../database/int64.js';
import type { Store } from '../database/store.js';
import { type Document, parseDocument } from '../domain/document.js';
import { type BookId, type LibraryId, type UserId, userId } from '../domain/ids.js';
import type { PageRequest } from '../domain/page.js';
import { toBook } from './book-repository.js';
import type { CataloguedBook } from './book.js';
import type { DocumentLink, LinkedFor } from './document-link.js';

// The table `document_link`. Look-ups of documents read it together with books and digests: digest-repository.ts.

/** In place of a user: the link holds for all of them. Ids of users begin with 1. */
const EVERYBODY_ID = 0;

/** @param id as the table holds it */
export function linkedForOf(id: number): LinkedFor {
  return id === EVERYBODY_ID ? 'everybody' : userId(id);
}

function idOfLinkedFor(linkedFor: LinkedFor): number {
  return linkedFor === 'everybody' ? EVERYBODY_ID : linkedFor;
}

/** @returns `false` when the document has a link for these users already */
export async function insertDocumentLink(
  store: Store,
  { document, linkedFor, bookId, linkedBy, linkedSeconds }: DocumentLink,
): Promise<boolean> {
  const key = { document: Buffer.from(document), user_id: idOfLinkedFor(linkedFor) };
  const row = { ...key, book_id: bookId, linked_by: linkedBy ?? null, linked_s: linkedSeconds };
  try {
    await changeCached(store, 'catalogue', ({ db }) => db.insertInto('document_link').values(row).execute());
    return true;
  } catch (error) {
    // Not "on duplicate key update": of a row that stays as it is, the driver says too that it is affected.
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}

interface LinkRow {
  readonly document: Buffer;
  readonly user_id: number;
  readonly book_id: BookId;
  readonly linked_by: UserId | null;
  readonly linked_s: number | bigint | string;
}

/** The links of a document, those for everybody first. */
export async function linksOfDocument(store: Store, document: Document): Promise<readonly DocumentLink[]> {
  const rows = await store.db
    .selectFrom('document_link')
    .selectAll()
    .where('document', '=', Buffer.from(document))
    .orderBy('user_id')
    .execute();
  return rows.map(toLink);
}

/** The links of a book, those for everybody first. */
export async function linksOfBook(store: Store, id: BookId): Promise<readonly DocumentLink[]> {
  const rows = await store.db
    .selectFrom(byIndex(store, 'document_link', 'document_link_book'))
    .selectAll()
    .where('book_id', '=', id)
    .orderBy('user_id')
    .orderBy('document')
    .execute();
  return rows.map(toLink);
}

function toLink(row: LinkRow): DocumentLink {
  const document = parseDocument(row.document.toString('utf8'));
  if (document === undefined) throw new Error('the database holds a link of a document that is not valid');
  return {
    document,
    bookId: row.book_id,
    linkedFor: linkedForOf(row.user_id),
    linkedBy: row.linked_by ?? undefined,
    linkedSeconds: toNumber(row.linked_s),
  };
}

/** All links, ordered by document and user. @param after the last link of the page before */
export async function linksPage(
  store: Store,
  { after, limit }: PageRequest<Pick<DocumentLink, 'document' | 'linkedFor'>>,
): Promise<readonly DocumentLink[]> {
  const behind =
    after === undefined
      ? sql<SqlBool>`1 = 1`
      : sql<SqlBool>`document >= ${Buffer.from(after.document)} and
          (document > ${Buffer.from(after.document)} or user_id > ${idOfLinkedFor(after.linkedFor)})`;
  const rows = await store.db
    .selectFrom(byIndex(store, 'document_link', 'primary'))
    .selectAll()
    .where(behind)
    .orderBy('document')
    .orderBy('user_id')
    .limit(limit)
    .execute();
  return rows.map(toLink);
}

export async function countLinksOfUser({ db }: Store, user: UserId): Promise<number> {
  const row = await db
    .selectFrom('document_link')
    .select((expression) => expression.fn.countAll<number | string>().as('links'))
    .where('user_id', '=', user)
    .executeTakeFirstOrThrow();
  return toNumber(row.links);
}

/** How many links these books have. */
export async function countLinksOfBooks(store: Store, ids: readonly BookId[]): Promise<number> {
  let links = 0;
  for (const chunk of idChunks(ids)) {
    const row = await store.db
      .selectFrom(byIndex(store, 'document_link', 'document_link_book'))
      .select((expression) => expression.fn.countAll<number | string>().as('links'))
      .where('book_id', 'in', chunk)
      .executeTakeFirstOrThrow();
    links += toNumber(row.links);
  }
  return links;
}

/** A link as the table holds it, without its book. */
export interface StoredLink {
  readonly document: Buffer;
  readonly user_id: number;
  readonly linked_by: UserId | null;
  readonly linked_s: number;
}

/** The links of these books as they are stored. */
export async function storedLinksOf(
  store: Store,
  ids: readonly BookId[],
): Promise<readonly (StoredLink & { readonly book_id: BookId })[]> {
  const links: (StoredLink & { readonly book_id: BookId })[] = [];
  for (const chunk of idChunks(ids)) {
    const rows = await store.db
      .selectFrom(byIndex(store, 'document_link', 'document_link_book'))
      .selectAll()
      .where('book_id', 'in', chunk)
      .execute();
    links.push(...rows.map((row) => ({ ...row, linked_s: toNumber(row.linked_s) })));
  }
  return links;
}

/** Links documents to a book again, except those that somebody has linked meanwhile. */
export async function insertStoredLinks(
  store: Store,
  bookId: BookId,
  links: readonly StoredLink[],
): Promise<void> {
  if (links.length === 0) return;
  const shape = {
    table: 'document_link',
    columns: ['document', 'user_id', 'book_id', 'linked_by', 'linked_s'],
    key: ['document', 'user_id'],
    update: [],
  };
  await changeCached(store, 'catalogue', (transaction) =>
    bulkUpsert(
      transaction,
      shape,
      links.flatMap((link) => [link.document, link.user_id, bookId, link.linked_by, link.linked_s]),
    ),
  );
}

/** Whether there is any link at all. */
export async function hasLinks({ db }: Store): Promise<boolean> {
  const row = await db.selectFrom('document_link').select('user_id').limit(1).executeTakeFirst();
  return row !== undefined;
}

/** @returns whether there was such a link */
export async function deleteLink(
  store: Store,
  { document, linkedFor, bookId }: Pick<DocumentLink, 'document' | 'linkedFor' | 'bookId'>,
): Promise<boolean> {
  const { numDeletedRows } = await changeCached(store, 'catalogue', ({ db }) =>
    db
      .deleteFrom('document_link')
      .where('document', '=', Buffer.from(document))
      .where('user_id', '=', idOfLinkedFor(linkedFor))
      .where('book_id', '=', bookId)
      .executeTakeFirst(),
  );
  return numDeletedRows > 0n;
}

/**
 * Moves the links of books to other books. Few books have any.
 *
 * @param heirOf the book that gets a link; `undefined`: it stays
 */
export async function moveLinks(
  store: Store,
  ids: readonly BookId[],
  heirOf: (from: BookId, linkedFor: LinkedFor) => BookId | undefined,
): Promise<void> {
  for (const chunk of idChunks(ids)) {
    const linked = await store.db
      .selectFrom(byIndex(store, 'document_link', 'document_link_book'))
      .select(['book_id', 'user_id'])
      .distinct()
      .where('book_id', 'in', chunk)
      .orderBy('book_id')
      .orderBy('user_id')
      .execute();
    for (const { book_id: from, user_id: user } of linked) {
      const to = heirOf(from, linkedForOf(user));
      if (to === undefined) continue;
      await changeCached(store, 'catalogue', ({ db }) =>
        db
          .updateTable('document_link')
          .set({ book_id: to })
          .where('book_id', '=', from)
          .where('user_id', '=', user)
          .execute(),
      );
    }
  }
}

export async function deleteLinksOfBooks(store: Store, ids: readonly BookId[]): Promise<void> {
  if (ids.length === 0) return;
  await changeCached(store, 'catalogue', (transaction) =>
    deleteByIds(transaction, { table: 'document_link', column: 'book_id', index: 'document_link_book', ids }),
  );
}

export async function deleteLinksOfUser(store: Store, user: UserId): Promise<void> {
  await changeCached(store, 'catalogue', ({ db }) =>
    db.deleteFrom('document_link').where('user_id', '=', user).execute(),
  );
}

export interface LinkedBook {
  readonly document: Document;
  readonly linkedFor: LinkedFor;
  readonly book: CataloguedBook;
}

/**
 * The books of these libraries that the documents are linked to, for everybody or for one of these users. One statement.
 *
 * @param documents a page, some hundred at most
 */
export async function linkedBooks(
  store: Store,
  documents: readonly Document[],
  users: readonly UserId[],
  libraryIds: readonly LibraryId[],
): Promise<readonly LinkedBook[]> {
  if (documents.length === 0 || libraryIds.length === 0) return [];
  const names = documents.map((document) => Buffer.from(document));
  const rows = await store.db
    .selectFrom(byIndex(store, 'document_link', 'primary', 'l'))
    .innerJoin(byIndex(store, 'book', 'primary', 'b'), 'b.id', 'l.book_id')
    .modifyFront(sql.raw(inOrder(store.dialect)))
    .selectAll('b')
    .select(['l.document', 'l.user_id'])
    .where('l.document', 'in', names)
    .where('l.user_id', 'in', [EVERYBODY_ID, ...users])
    .where(unindexed<LibraryId>(store, 'b.library_id'), 'in', libraryIds)
    .execute();
  return rows.flatMap((row) => {
    const document = parseDocument(row.document.toString('utf8'));
    return document === undefined
      ? []
      : [{ document, linkedFor: linkedForOf(row.user_id), book: toBook(row) }];
  });
}
