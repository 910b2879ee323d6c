import { type Selectable, sql, type SqlBool } from 'kysely';
import type { CataloguedBook, FormerDigest } from '../domain/catalogued-book.js';
import type { BookId, LibraryId } from '../domain/ids.js';
import { toBigInt, toNumber, toNumberOrUndefined } from './int64.js';
import type { BookTable } from './schema.js';
import type { Store } from './store.js';

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
    .selectFrom('book')
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
    .selectFrom('book')
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
    .selectFrom('book')
    .selectAll()
    .where('id', 'in', (from) =>
      from
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
        .select('holder.id'),
    )
    .where('library_id', 'in', page.libraryIds);
  if (page.afterId !== undefined) query = query.where('id', '>', page.afterId);
  const rows = await query.orderBy('id').limit(page.limit).execute();
  return rows.map(toBook);
}

/**
 * Of each digest the first book, by id, among those of these libraries that have or had it; digests without any are
 * left out. In two statements, however many digests there are, and with one row for each: a name like `cover.cbz` may
 * have thousands of books.
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
    .selectFrom('book as p')
    .select(({ fn }) => ['p.partial_md5 as digest', fn.min('p.id').as('book_id')])
    .where('p.partial_md5', 'in', digests)
    .where('p.library_id', 'in', libraryIds)
    .groupBy('p.partial_md5')
    .unionAll(
      store.db
        .selectFrom('book as n')
        .select(({ fn }) => ['n.filename_md5 as digest', fn.min('n.id').as('book_id')])
        .where('n.filename_md5', 'in', digests)
        .where('n.library_id', 'in', libraryIds)
        .groupBy('n.filename_md5'),
    )
    .unionAll(
      store.db
        .selectFrom('former_digest as f')
        .innerJoin('book as b', 'b.id', 'f.book_id')
        .select(({ fn }) => ['f.digest', fn.min('b.id').as('book_id')])
        .where('f.digest', 'in', digests)
        .where('b.library_id', 'in', libraryIds)
        .groupBy('f.digest'),
    )
    .execute();
  const ids = [...new Set(holders.map(({ book_id }) => book_id))];
  if (ids.length === 0) return [];
  const rows = await store.db.selectFrom('book').selectAll().where('id', 'in', ids).execute();
  const books = new Map(rows.map((row) => [row.id, toBook(row)]));
  return holders
    .toSorted((left, right) => right.book_id - left.book_id)
    .flatMap(({ digest, book_id }) => {
      const book = books.get(book_id);
      return digest === null || book === undefined ? [] : [{ digest, book }];
    });
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
    .selectFrom('book')
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
