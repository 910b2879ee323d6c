import { CompiledQuery, type RawBuilder, type Selectable, sql, type SqlBool } from 'kysely';
import { changeCached } from '../changes/cache-mark-repository.js';
import { bulkUpsert, idChunks } from '../database/bulk-write.js';
import { byIndex, deleteByIds, forceIndex, unindexed } from '../database/by-index.js';
import { toBigInt, toNumber, toNumberOrUndefined } from '../database/int64.js';
import type { BookTable } from '../database/schema.js';
import type { Store } from '../database/store.js';
import type { BookId, LibraryId } from '../domain/ids.js';
import type { BookRecord, BookRow, CataloguedBook, Digests } from './book.js';
import type { SyncState } from './sync-readiness.js';

// The table `book`. Look-ups by digest, which read it together with `former_digest`, stand in digest-repository.ts.

/** The index over `library_id` and `path`. The database named it after its first column. */
const LIBRARY_AND_PATH = 'library_id';

const UPDATED_COLUMNS = [
  'size_bytes',
  'modified_ns',
  'state_mark',
  'partial_md5',
  'filename_md5',
  'hashed_ms',
  'failure',
];

/** In the order in which {@link pushRecord} gives their values. */
const RECORD_COLUMNS = ['library_id', 'path', ...UPDATED_COLUMNS];

/** Inserts books, or replaces those at the same library and path. All of them are present afterwards. */
export async function saveBooks(store: Store, records: readonly BookRecord[], nowMs: number): Promise<void> {
  if (records.length === 0) return;
  const values: unknown[] = [];
  for (const record of records) pushRecord(values, record, nowMs);
  const shape = {
    table: 'book',
    columns: RECORD_COLUMNS,
    key: ['library_id', 'path'],
    update: UPDATED_COLUMNS,
    also: ['missing_since_s = null'],
  };
  await changeCached(store, 'catalogue', (transaction) => bulkUpsert(transaction, shape, values));
}

export interface MovedBook {
  readonly id: BookId;
  readonly record: BookRecord;
  /** Whether the row has the digests of the record already. */
  readonly hasDigests: boolean;
}

/**
 * Replaces books by id, their paths included. No other book may have one of the new paths.
 *
 * Digests that stay are not written: SQLite writes the indexes of all columns that it is given, whether their values
 * differ or not, and those of the digests are all over the file. A library that moves as a whole has all its digests.
 */
export async function moveBooks(store: Store, moves: readonly MovedBook[], nowMs: number): Promise<void> {
  const replaced: unknown[] = [];
  const relocated: unknown[] = [];
  for (const { id, record, hasDigests } of moves) {
    if (hasDigests) {
      const { libraryId, path, sizeBytes, modifiedNs, stateMark = null } = record;
      relocated.push(id, libraryId, path, sizeBytes, modifiedNs, stateMark, nowMs);
    } else {
      replaced.push(id);
      pushRecord(replaced, record, nowMs);
    }
  }
  const table = { table: 'book', key: ['id'] };
  await bulkUpsert(
    store,
    {
      ...table,
      columns: ['id', 'library_id', 'path', 'size_bytes', 'modified_ns', 'state_mark', 'hashed_ms'],
      update: ['path', 'size_bytes', 'modified_ns', 'state_mark', 'hashed_ms'],
      also: ['failure = null', 'missing_since_s = null'],
    },
    relocated,
  );
  if (replaced.length === 0) return;
  const shape = {
    ...table,
    columns: ['id', ...RECORD_COLUMNS],
    update: ['path', ...UPDATED_COLUMNS],
    also: ['missing_since_s = null'],
  };
  await changeCached(store, 'catalogue', (transaction) => bulkUpsert(transaction, shape, replaced));
}

export interface RenamedBook {
  readonly id: BookId;
  readonly libraryId: LibraryId;
  readonly path: Buffer;
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
}

/**
 * Changes the paths of books of a library that makes no digests. Digests from an earlier time are kept, but marked as
 * not current (`hashed_ms` is null), so that the files are hashed again when digests are switched on.
 */
export async function renameBooks(store: Store, renames: readonly RenamedBook[]): Promise<void> {
  await bulkUpsert(
    store,
    {
      table: 'book',
      columns: ['id', 'library_id', 'path', 'size_bytes', 'modified_ns'],
      key: ['id'],
      update: ['path', 'size_bytes', 'modified_ns'],
      also: ['missing_since_s = null', 'hashed_ms = null'],
    },
    renames.flatMap(({ id, libraryId, path, sizeBytes, modifiedNs }) => [
      id,
      libraryId,
      path,
      sizeBytes,
      modifiedNs,
    ]),
  );
}

function pushRecord(values: unknown[], record: BookRecord, nowMs: number): void {
  const { digests } = record;
  values.push(
    record.libraryId,
    record.path,
    record.sizeBytes,
    record.modifiedNs,
    record.stateMark ?? null,
    digests?.partialMd5 ?? null,
    digests?.filenameMd5 ?? null,
    digests === undefined ? null : nowMs,
    record.failure ?? null,
  );
}

/** @returns `undefined` for a book that does not exist or is in none of these libraries: callers cannot tell which */
export async function findBookIn(
  store: Store,
  libraryIds: readonly LibraryId[],
  id: BookId,
): Promise<CataloguedBook | undefined> {
  if (libraryIds.length === 0) return undefined;
  const row = await store.db
    .selectFrom('book')
    .selectAll()
    .where('id', '=', id)
    .where('library_id', 'in', libraryIds)
    .executeTakeFirst();
  return row === undefined ? undefined : toBook(row);
}

/** Locks the book's row until the transaction ends, as lockBooks() does. */
export async function lockBook(store: Store, id: BookId): Promise<CataloguedBook | undefined> {
  const query = store.db.selectFrom('book').selectAll().where('id', '=', id);
  const row = await (store.dialect === 'mysql' ? query.forUpdate() : query).executeTakeFirst();
  return row === undefined ? undefined : toBook(row);
}

/** Books that do not exist are left out. */
export async function booksById(store: Store, ids: readonly BookId[]): Promise<readonly CataloguedBook[]> {
  const books: CataloguedBook[] = [];
  for (const chunk of idChunks(ids)) {
    const rows = await store.db
      .selectFrom(byIndex(store, 'book', 'primary'))
      .selectAll()
      .where('id', 'in', chunk)
      .execute();
    books.push(...rows.map(toBook));
  }
  return books;
}

/** The book that was added last, to any library. */
export async function lastBookId(store: Store): Promise<BookId | undefined> {
  const row = await store.db
    .selectFrom('book')
    .select('id')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.id;
}

/** Books of all libraries that were added before another one, the latest first. @param before `undefined`: the last ones */
export async function newestBookRows(
  store: Store,
  before: BookId | undefined,
  limit: number,
): Promise<readonly { readonly id: BookId; readonly libraryId: LibraryId; readonly isMissing: boolean }[]> {
  let query = store.db
    .selectFrom(byIndex(store, 'book', 'primary'))
    .select(['id', 'library_id', 'missing_since_s']);
  if (before !== undefined) query = query.where('id', '<', before);
  const rows = await query.orderBy('id', 'desc').limit(limit).execute();
  return rows.map(({ id, library_id: libraryId, missing_since_s: since }) => ({
    id,
    libraryId,
    isMissing: since !== null,
  }));
}

/** Present books of a library that were added after another book, in that order. */
export async function booksAddedAfter(
  store: Store,
  libraryId: LibraryId,
  after: BookId,
  limit: number,
): Promise<readonly CataloguedBook[]> {
  const rows = await store.db
    .selectFrom(byIndex(store, 'book', 'primary'))
    .selectAll()
    .where('id', '>', after)
    .where(unindexed<LibraryId>(store, 'library_id'), '=', libraryId)
    .where('missing_since_s', 'is', null)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(toBook);
}

/** Locks the rows of books until the transaction ends, in ascending order. Books that do not exist are left out. */
export async function lockWholeBooks(
  store: Store,
  ids: readonly BookId[],
): Promise<readonly CataloguedBook[]> {
  const books: CataloguedBook[] = [];
  for (const chunk of idChunks(ids.toSorted((left, right) => left - right))) {
    const query = store.db
      .selectFrom(byIndex(store, 'book', 'primary'))
      .selectAll()
      .where('id', 'in', chunk)
      .orderBy('id');
    const rows = await (store.dialect === 'mysql' ? query.forUpdate() : query).execute();
    books.push(...rows.map(toBook));
  }
  return books;
}

export interface LockedBook {
  readonly path: Buffer;
  /** `undefined` unless it has both digests. */
  readonly digests: Digests | undefined;
}

/**
 * Reads books and locks their rows until the transaction ends. Books that do not exist are left out.
 *
 * In a cluster whose servers all take writes, the lock holds on one server alone. Two transactions that write the same book
 * conflict at their commit all the same. One that writes only other rows of the book may leave them behind when another
 * server removes the book meanwhile: nobody reads those, because ids are not used twice.
 */
export async function lockBooks(
  store: Store,
  ids: readonly BookId[],
): Promise<ReadonlyMap<BookId, LockedBook>> {
  const books = new Map<BookId, LockedBook>();
  for (const chunk of idChunks(ids)) {
    const query = store.db
      .selectFrom(byIndex(store, 'book', 'primary'))
      .select(['id', 'path', 'partial_md5', 'filename_md5'])
      .where('id', 'in', chunk);
    const rows = await (store.dialect === 'mysql' ? query.forUpdate() : query).execute();
    for (const { id, path, partial_md5: partialMd5, filename_md5: filenameMd5 } of rows) {
      const isHashed = partialMd5 !== null && filenameMd5 !== null;
      books.set(id, { path, digests: isHashed ? { partialMd5, filenameMd5 } : undefined });
    }
  }
  return books;
}

interface RawBookRow {
  readonly id: BookId;
  readonly path: Buffer;
  readonly size_bytes: number | string;
  readonly modified_ns: number | bigint | string;
  readonly state_mark: number | string | null;
  readonly flags: number | string;
}

const IS_MISSING = 1;
const LACKS_DIGESTS = 2;
/** Flags in one column: each column of a row costs a scan time, and a large number more than a small one. */
const BOOK_ROW_COLUMNS =
  'id, path, size_bytes, modified_ns, state_mark, ' +
  `${String(IS_MISSING)} * (missing_since_s is not null) + ${String(LACKS_DIGESTS)} * (hashed_ms is null or hashed_ms < ? or failure is not null) as flags`;

/**
 * The books of a library behind `afterPath`, and before `beforePath` if it is given, in byte order of their paths.
 *
 * @param hashedSinceMs milliseconds since 1970: digests from before do not count
 */
export async function nextBookRows(
  store: Store,
  libraryId: LibraryId,
  afterPath: Buffer,
  limit: number,
  hashedSinceMs = 0,
  beforePath?: Buffer,
): Promise<readonly BookRow[]> {
  const book = `book${forceIndex(store.dialect, LIBRARY_AND_PATH)}`;
  const text = `select ${BOOK_ROW_COLUMNS} from ${book} where library_id = ? and path > ?${beforePath === undefined ? '' : ' and path < ?'} order by path limit ?`;
  const range = beforePath === undefined ? [afterPath] : [afterPath, beforePath];
  const { rows } = await store.db.executeQuery<RawBookRow>(
    CompiledQuery.raw(text, [hashedSinceMs, libraryId, ...range, limit]),
  );
  return rows.map((row) => {
    const flags = toNumber(row.flags);
    return {
      id: row.id,
      path: row.path,
      sizeBytes: toNumber(row.size_bytes),
      modifiedNs: toBigInt(row.modified_ns),
      stateMark: toNumberOrUndefined(row.state_mark),
      missing: (flags & IS_MISSING) !== 0,
      isHashed: (flags & LACKS_DIGESTS) === 0,
    };
  });
}

export interface MarkedBook {
  readonly known: BookRow;
  readonly stateMark: number;
}

/** Writes the marks of files that did not change. All of the books must exist: lock them before. */
export async function saveStateMarks(
  store: Store,
  libraryId: LibraryId,
  marked: readonly MarkedBook[],
): Promise<void> {
  await bulkUpsert(
    store,
    {
      table: 'book',
      columns: ['id', 'library_id', 'path', 'size_bytes', 'modified_ns', 'state_mark'],
      key: ['id'],
      update: ['state_mark'],
    },
    marked.flatMap(({ known: { id, path, sizeBytes, modifiedNs }, stateMark }) => [
      id,
      libraryId,
      path,
      sizeBytes,
      modifiedNs,
      stateMark,
    ]),
  );
}

/** Which books a removal takes: all of a library, or those that have been missing since then or longer. */
export interface RemovalScope {
  readonly libraryId: LibraryId;
  /** Seconds since 1970; `undefined`: all books. */
  readonly missingSinceS: number | undefined;
}

export function isInScope(book: CataloguedBook, { libraryId, missingSinceS }: RemovalScope): boolean {
  if (book.libraryId !== libraryId) return false;
  const { missingSinceSeconds: since } = book;
  return missingSinceS === undefined || (since !== undefined && since <= missingSinceS);
}

/**
 * The books of the scope among the next `rows` of the library behind `afterPath`.
 *
 * @returns `lastPath`: the last path that was looked at; `undefined` when there are no more
 */
export async function booksToRemove(
  store: Store,
  { libraryId, missingSinceS }: RemovalScope,
  afterPath: Buffer,
  rows: number,
): Promise<{ readonly ids: readonly BookId[]; readonly lastPath: Buffer | undefined }> {
  const page = await store.db
    .selectFrom(byIndex(store, 'book', LIBRARY_AND_PATH))
    .select(['id', 'path', 'missing_since_s'])
    .where('library_id', '=', libraryId)
    .where('path', '>', afterPath)
    .orderBy('path')
    .limit(rows)
    .execute();
  const going = page.filter(({ missing_since_s: since }) => {
    if (missingSinceS === undefined) return true;
    return since !== null && toNumber(since) <= missingSinceS;
  });
  return { ids: going.map(({ id }) => id), lastPath: page.length < rows ? undefined : page.at(-1)?.path };
}

export interface BookRange {
  readonly libraryId: LibraryId;
  /** Exclusive lower bound, in byte order. */
  readonly after: Buffer;
  /** Inclusive upper bound; `undefined`: to the end of the library. */
  readonly upTo: Buffer | undefined;
  /**
   * ASCII texts that the path must contain, in any case. They exclude most books; the caller decides about letters
   * beyond ASCII.
   */
  readonly holding: readonly string[];
  /** Words that the title, the authors or the series must contain, as foldedText() makes them. Default: none. */
  readonly titled?: readonly string[] | undefined;
  /** Only books in this state. Default: all. */
  readonly state?: SyncState | undefined;
  /** Only books that were added after this one. Default: all. */
  readonly addedAfter?: BookId | undefined;
  readonly limit: number;
}

/** Books of one library in byte order of their paths. Uses the index over library and path. */
export async function booksInRange(store: Store, range: BookRange): Promise<readonly CataloguedBook[]> {
  let query = store.db
    .selectFrom(byIndex(store, 'book', LIBRARY_AND_PATH))
    .selectAll()
    .where('library_id', '=', range.libraryId)
    .where('path', '>', range.after);
  if (range.upTo !== undefined) query = query.where('path', '<=', range.upTo);
  for (const condition of inPath(store, range.holding)) query = query.where(condition);
  if (range.titled !== undefined && range.titled.length > 0)
    query = query.where(inTitle(range.titled), '>', 0);
  if (range.state !== undefined) query = query.where(IN_STATE[range.state]);
  if (range.addedAfter !== undefined)
    query = query.where(unindexed<BookId>(store, 'id'), '>', range.addedAfter);
  const rows = await query.orderBy('path').limit(range.limit).execute();
  return rows.map(toBook);
}

/** A book of a search, with what the search decides by. */
export interface SearchedBook extends BookPlace {
  readonly libraryId: LibraryId;
  /** The title, the authors or the series contain all words. */
  readonly isTitled: boolean;
}

/**
 * As `booksInRange`, but the texts in the path or the words in the title are enough. Only what decides about the rest is
 * read: for words beyond ASCII these are all books of the range, and whole rows with their metadata took twice as long.
 */
export async function searchedBooksInRange(
  store: Store,
  { titled, ...range }: BookRange & { readonly titled: readonly string[] },
): Promise<readonly SearchedBook[]> {
  const count = inTitle(titled);
  let query = store.db
    .selectFrom(byIndex(store, 'book', LIBRARY_AND_PATH))
    .select(['id', 'path', count.as('titled')])
    .where('library_id', '=', range.libraryId)
    .where('path', '>', range.after);
  if (range.upTo !== undefined) query = query.where('path', '<=', range.upTo);
  if (range.holding.length > 0) {
    const path = sql.join(inPath(store, range.holding), sql` and `);
    query = query.where(sql<SqlBool>`((${path}) or ${count} > 0)`);
  }
  if (range.state !== undefined) query = query.where(IN_STATE[range.state]);
  const rows = await query.orderBy('path').limit(range.limit).execute();
  return rows.map((row) => ({
    id: row.id,
    path: row.path,
    libraryId: range.libraryId,
    isTitled: row.titled > 0,
  }));
}

function inPath(store: Store, texts: readonly string[]): readonly RawBuilder<SqlBool>[] {
  return texts.map((text) => {
    const pattern = containing(text);
    // Latin-1 has a character for every byte, so paths that are not UTF-8 can be searched too.
    return store.dialect === 'sqlite'
      ? sql<SqlBool>`cast(path as text) like ${pattern} escape '!'`
      : sql<SqlBool>`convert(path using latin1) collate latin1_general_ci like ${pattern} escape '!'`;
  });
}

/** Counted, because MySQL may turn "exists" into a join that begins with the other table. @param words at least one */
function inTitle(words: readonly string[]): RawBuilder<number> {
  const conditions = words.map((word) => sql<SqlBool>`m.search_text like ${containing(word)} escape '!'`);
  return sql<number>`(select count(*) from book_metadata m where m.book_id = book.id and ${sql.join(conditions, sql` and `)})`;
}

/** A pattern for `like … escape '!'`. */
function containing(text: string): string {
  return `%${text.replaceAll(/[!%_]/g, '!$&')}%`;
}

const IS_HASHED = sql<SqlBool>`(partial_md5 is not null and filename_md5 is not null and hashed_ms is not null)`;
/** As syncReadiness() judges a book. No index: the bounds of the range bound the work. */
const IN_STATE: Readonly<Record<SyncState, RawBuilder<SqlBool>>> = {
  missing: sql<SqlBool>`missing_since_s is not null`,
  failed: sql<SqlBool>`(missing_since_s is null and failure is not null)`,
  ready: sql<SqlBool>`(missing_since_s is null and failure is null and ${IS_HASHED})`,
  'not-hashed': sql<SqlBool>`(missing_since_s is null and failure is null and not ${IS_HASHED})`,
};

/**
 * The book `books` places behind the path `after`: the end of a range that one statement may examine.
 *
 * @returns `undefined` when fewer books follow
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

export interface BookCounts {
  /** All, missing ones included. */
  readonly books: number;
  readonly missing: number;
  readonly hashed: number;
  readonly failed: number;
  readonly ready: number;
}

/** Counts the books of a library behind the path `after`, up to `upTo` inclusive or to the end of the library. */
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
      sql<number | string>`count(case when ${IN_STATE.failed} then 1 end)`.as('failed'),
      sql<number | string>`count(case when ${IN_STATE.ready} then 1 end)`.as('ready'),
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
    ready: toNumber(row.ready),
  };
}

/** Stores why the files of these books could not be hashed. Their digests do not change; the books are present. */
export async function recordFailure(store: Store, ids: readonly BookId[], failure: string): Promise<void> {
  for (const chunk of idChunks(ids)) {
    await store.db
      .updateTable(byIndex(store, 'book', 'primary'))
      .set({ failure, missing_since_s: null })
      .where('id', 'in', chunk)
      .execute();
  }
}

export async function markMissing(store: Store, ids: readonly BookId[], sinceS: number): Promise<void> {
  for (const chunk of idChunks(ids)) {
    await store.db
      .updateTable(byIndex(store, 'book', 'primary'))
      .set({ missing_since_s: sinceS })
      .where('id', 'in', chunk)
      .where('missing_since_s', 'is', null)
      .execute();
  }
}

export async function markPresent(store: Store, ids: readonly BookId[]): Promise<void> {
  for (const chunk of idChunks(ids)) {
    await store.db
      .updateTable(byIndex(store, 'book', 'primary'))
      .set({ missing_since_s: null })
      .where('id', 'in', chunk)
      .execute();
  }
}

export async function booksAtPaths(
  store: Store,
  libraryId: LibraryId,
  paths: readonly Buffer[],
): Promise<readonly BookPlace[]> {
  const places: BookPlace[] = [];
  for (const chunk of idChunks(paths)) {
    const rows = await store.db
      .selectFrom(byIndex(store, 'book', LIBRARY_AND_PATH))
      // The size is not needed, but it is not part of the index: MariaDB scans an index that holds all selected columns.
      .select(['id', 'path', 'size_bytes'])
      .where('library_id', '=', libraryId)
      .where('path', 'in', chunk)
      .execute();
    places.push(...rows.map(({ id, path }) => ({ id, path })));
  }
  return places;
}

/** Deletes books by id. deleteFormerDigests() in digest-repository.ts deletes their former digests. */
export async function deleteBooks(store: Store, ids: readonly BookId[]): Promise<void> {
  if (ids.length === 0) return;
  await changeCached(store, 'catalogue', (transaction) =>
    deleteByIds(transaction, { table: 'book', column: 'id', index: 'primary', ids }),
  );
}

/** Up to `limit` books of a library, in no particular order. */
export async function someBooksOfLibrary(
  store: Store,
  libraryId: LibraryId,
  limit: number,
): Promise<readonly BookId[]> {
  const rows = await store.db
    .selectFrom(byIndex(store, 'book', LIBRARY_AND_PATH))
    .select('id')
    .where('library_id', '=', libraryId)
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

export function toBook(row: Selectable<BookTable>): CataloguedBook {
  return {
    id: row.id,
    libraryId: row.library_id,
    path: row.path,
    sizeBytes: toNumber(row.size_bytes),
    modifiedNs: toBigInt(row.modified_ns),
    stateMark: toNumberOrUndefined(row.state_mark),
    partialMd5: row.partial_md5 ?? undefined,
    filenameMd5: row.filename_md5 ?? undefined,
    hashedMs: toNumberOrUndefined(row.hashed_ms),
    missingSinceSeconds: toNumberOrUndefined(row.missing_since_s),
    failure: row.failure ?? undefined,
  };
}
