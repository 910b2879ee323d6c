import { type Selectable, sql, type SqlBool } from 'kysely';
import type { CataloguedBook, FormerDigest } from './catalogued-book.js';
import type { BookId, LibraryId } from '../domain/ids.js';
import { byIndex, inOrder, LIBRARY_AND_PATH } from '../database/by-index.js';
import { toBigInt, toNumber, toNumberOrUndefined } from '../database/int64.js';
import type { BookTable } from '../database/schema.js';
import type { Store } from '../database/store.js';

export async function findBookById(store: Store, id: BookId): Promise<CataloguedBook | undefined> {
  const row = await store.db.selectFrom('book').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toBook(row);
}

/** Takes the book's row until the transaction ends. */
export async function lockBook(store: Store, id: BookId): Promise<CataloguedBook | undefined> {
  const query = store.db.selectFrom('book').selectAll().where('id', '=', id);
  const row = await (store.dialect === 'mysql' ? query.forUpdate() : query).executeTakeFirst();
  return row === undefined ? undefined : toBook(row);
}

/** The digests that a book had before, the latest first. */
export async function formerDigestsOf(
  store: Store,
  id: BookId,
  limit: number,
): Promise<readonly FormerDigest[]> {
  const rows = await store.db
    .selectFrom('former_digest')
    .selectAll()
    .where('book_id', '=', id)
    .orderBy('replaced_s', 'desc')
    .orderBy('kind')
    .orderBy('digest')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    kind: row.kind,
    digest: row.digest,
    replacedSeconds: toNumber(row.replaced_s),
  }));
}

export interface BookRange {
  readonly libraryId: LibraryId;
  /** The books behind this path, in byte order. */
  readonly after: Buffer;
  /** Up to this path, inclusive; `undefined`: to the end of the library. */
  readonly upTo: Buffer | undefined;
  /**
   * Texts of ASCII that the path must hold, in whatever case. Enough to leave most books where they are; what the
   * pattern means beyond ASCII is decided by the caller.
   */
  readonly holding: readonly string[];
  readonly limit: number;
}

/** Books of one library in byte order of their paths, by the index on library and path. */
export async function booksInRange(store: Store, range: BookRange): Promise<readonly CataloguedBook[]> {
  let query = store.db
    .selectFrom(byIndex(store, 'book', LIBRARY_AND_PATH))
    .selectAll()
    .where('library_id', '=', range.libraryId)
    .where('path', '>', range.after);
  if (range.upTo !== undefined) query = query.where('path', '<=', range.upTo);
  for (const text of range.holding) {
    const pattern = `%${text.replaceAll(/[!%_]/g, '!$&')}%`;
    // Every byte is a character of Latin-1, so no path is too broken to be searched.
    query = query.where(
      store.dialect === 'sqlite'
        ? sql<SqlBool>`cast(path as text) like ${pattern} escape '!'`
        : sql<SqlBool>`convert(path using latin1) collate latin1_general_ci like ${pattern} escape '!'`,
    );
  }
  const rows = await query.orderBy('path').limit(range.limit).execute();
  return rows.map(toBook);
}

/**
 * The book that is `books` behind `after`: it ends a piece of a library that one statement may look through.
 *
 * @returns `undefined` when the library ends before
 */
export async function bookAhead(
  store: Store,
  libraryId: LibraryId,
  after: Buffer,
  books: number,
): Promise<BookPlace | undefined> {
  return store.db
    .selectFrom(byIndex(store, 'book', LIBRARY_AND_PATH))
    .select(['id', 'path'])
    .where('library_id', '=', libraryId)
    .where('path', '>', after)
    .orderBy('path')
    .offset(books - 1)
    .limit(1)
    .executeTakeFirst();
}

export interface BookPlace {
  readonly id: BookId;
  readonly path: Buffer;
}

/** Books of these libraries that have or had the digest, of either kind, by their ids. */
export async function booksWithDigest(
  store: Store,
  digest: Buffer,
  page: {
    readonly libraryIds: readonly LibraryId[];
    readonly afterId: BookId | undefined;
    readonly limit: number;
  },
): Promise<readonly CataloguedBook[]> {
  if (page.libraryIds.length === 0) return [];
  let query = store.db
    .selectFrom((union) =>
      union
        .selectFrom('book as p')
        .select('p.id')
        .where('p.partial_md5', '=', digest)
        .union(union.selectFrom('book as n').select('n.id').where('n.filename_md5', '=', digest))
        .union(
          union.selectFrom('former_digest as f').select('f.book_id as id').where('f.digest', '=', digest),
        )
        .as('holder'),
    )
    .innerJoin(byIndex(store, 'book', 'primary'), 'book.id', 'holder.id')
    .modifyFront(sql.raw(inOrder(store.dialect)))
    .selectAll('book')
    .where('book.library_id', 'in', page.libraryIds);
  if (page.afterId !== undefined) query = query.where('book.id', '>', page.afterId);
  const rows = await query.orderBy('book.id').limit(page.limit).execute();
  return rows.map(toBook);
}

/**
 * Of each digest one book of these libraries that has or had it: one that is there before one that is missing, then
 * one that has the digest now before one that had it, then the first by id. Digests without any are left out. In two
 * statements, however many digests there are, and with one row for each: a name like `cover.cbz` may have thousands
 * of books.
 *
 * @param digests a page of documents, some hundred at most
 */
export async function booksOfDigests(
  store: Store,
  digests: readonly Buffer[],
  libraryIds: readonly LibraryId[],
): Promise<readonly { readonly digest: Buffer; readonly book: CataloguedBook }[]> {
  if (digests.length === 0 || libraryIds.length === 0) return [];
  const holders = await store.db
    .selectFrom(byIndex(store, 'book', 'book_partial_md5', 'b'))
    .select(['b.partial_md5 as digest', firstId, firstPresentId, sql.lit(0).as('is_former')])
    .where('b.partial_md5', 'in', digests)
    .where('b.library_id', 'in', libraryIds)
    .groupBy('b.partial_md5')
    .unionAll(
      store.db
        .selectFrom(byIndex(store, 'book', 'book_filename_md5', 'b'))
        .select(['b.filename_md5 as digest', firstId, firstPresentId, sql.lit(0).as('is_former')])
        .where('b.filename_md5', 'in', digests)
        .where('b.library_id', 'in', libraryIds)
        .groupBy('b.filename_md5'),
    )
    .unionAll(
      store.db
        .selectFrom(byIndex(store, 'former_digest', 'primary', 'f'))
        .innerJoin(byIndex(store, 'book', 'primary', 'b'), 'b.id', 'f.book_id')
        .modifyFront(sql.raw(inOrder(store.dialect)))
        .select(['f.digest', firstId, firstPresentId, sql.lit(1).as('is_former')])
        .where('f.digest', 'in', digests)
        // Not part of the index, see digestHolders().
        .where('f.replaced_s', 'is not', null)
        .where('b.library_id', 'in', libraryIds)
        .groupBy('f.digest'),
    )
    .execute();
  const chosen = new Map<string, Holder>();
  for (const {
    digest,
    first_id: firstOfAll,
    first_present_id: firstPresent,
    is_former: isFormer,
  } of holders) {
    if (digest === null) continue;
    const rank = (firstPresent === null ? 2 : 0) + isFormer;
    const holder = { digest, bookId: firstPresent ?? firstOfAll, rank };
    const key = digest.toString('latin1');
    if (isBefore(holder, chosen.get(key))) chosen.set(key, holder);
  }
  const ids = [...new Set([...chosen.values()].map(({ bookId }) => bookId))];
  if (ids.length === 0) return [];
  const rows = await store.db
    .selectFrom(byIndex(store, 'book', 'primary'))
    .selectAll()
    .where('id', 'in', ids)
    .execute();
  const books = new Map(rows.map((row) => [row.id, toBook(row)]));
  return [...chosen.values()].flatMap(({ digest, bookId }) => {
    const book = books.get(bookId);
    return book === undefined ? [] : [{ digest, book }];
  });
}

const firstId = sql<BookId>`min(b.id)`.as('first_id');
const firstPresentId = sql<BookId | null>`min(case when b.missing_since_s is null then b.id end)`.as(
  'first_present_id',
);

interface Holder {
  readonly digest: Buffer;
  readonly bookId: BookId;
  /** The lower, the sooner it is chosen. */
  readonly rank: number;
}

function isBefore(holder: Holder, other: Holder | undefined): boolean {
  if (other === undefined) return true;
  return holder.rank === other.rank ? holder.bookId < other.bookId : holder.rank < other.rank;
}

export interface BookCounts {
  readonly books: number;
  readonly missing: number;
  readonly hashed: number;
  readonly failed: number;
}

/** Counts a piece of a library: the books behind `after`, up to and with `upTo`. */
export async function countBooksInRange(
  store: Store,
  libraryId: LibraryId,
  after: Buffer,
  upTo: Buffer | undefined,
): Promise<BookCounts> {
  let query = store.db
    .selectFrom(byIndex(store, 'book', LIBRARY_AND_PATH))
    .select(({ fn }) => [
      fn.countAll().as('books'),
      fn.count('missing_since_s').as('missing'),
      fn.count('partial_md5').as('hashed'),
      fn.count('failure').as('failed'),
    ])
    .where('library_id', '=', libraryId)
    .where('path', '>', after);
  if (upTo !== undefined) query = query.where('path', '<=', upTo);
  const row = await query.executeTakeFirstOrThrow();
  return {
    books: toNumber(row.books),
    missing: toNumber(row.missing),
    hashed: toNumber(row.hashed),
    failed: toNumber(row.failed),
  };
}

function toBook(row: Selectable<BookTable>): CataloguedBook {
  return {
    id: row.id,
    libraryId: row.library_id,
    path: row.path,
    sizeBytes: toNumber(row.size_bytes),
    modifiedNs: toBigInt(row.modified_ns),
    partialMd5: row.partial_md5 ?? undefined,
    filenameMd5: row.filename_md5 ?? undefined,
    hashedMs: toNumberOrUndefined(row.hashed_ms),
    missingSinceSeconds: toNumberOrUndefined(row.missing_since_s),
    failure: row.failure ?? undefined,
  };
}
