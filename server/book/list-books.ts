import { setImmediate } from 'node:timers/promises';
import type { Actor } from '../domain/actor.js';
import type { CataloguedBook } from './book.js';
import type { BookMetadata } from './book-metadata.js';
import { metadataOfBooks } from './book-metadata-repository.js';
import { DogearError } from '../domain/dogear-error.js';
import type { BookId, LibraryId } from '../domain/ids.js';
import type { Library } from '../library/library.js';
import { type Page, pageOf, type PageRequest } from '../domain/page.js';
import { matchesPath, type PathSearch } from './path-search.js';
import { isInSyncState, type SyncReadiness, syncReadiness, type SyncState } from './sync-readiness.js';
import {
  bookAhead,
  type BookPlace,
  type BookRange,
  booksById,
  booksInRange,
  findBookIn,
  type SearchedBook,
  searchedBooksInRange,
} from './book-repository.js';
import { booksWithDigest } from './digest-repository.js';
import { visibleLibraries } from '../library/library-repository.js';
import type { Store } from '../database/store.js';
import { libraryVisibilityOf } from '../library/library-visibility.js';

export interface BookFilter {
  /** `undefined`: books of all libraries that the actor may see. */
  readonly libraryId: LibraryId | undefined;
  readonly wanted:
    | { readonly kind: 'all' }
    | { readonly kind: 'path'; readonly search: PathSearch }
    /** Words that the title, the authors or the series must contain. */
    | { readonly kind: 'title'; readonly search: PathSearch }
    /** Words that the path must contain, or the title, the authors or the series. */
    | { readonly kind: 'path-or-title'; readonly search: PathSearch }
    /** 16 bytes. Finds books that have or had it as partial MD5 or as filename MD5. */
    | { readonly kind: 'digest'; readonly digest: Buffer };
  /** Only books in this state. Default: all. */
  readonly state?: SyncState | undefined;
}

/** A place in the list: behind a path, at which no book needs to exist any more, or behind a book. */
export type BookCursor =
  | { readonly behind: 'path'; readonly libraryId: LibraryId; readonly path: Buffer }
  | { readonly behind: 'book'; readonly id: BookId };

export interface BookSummary {
  readonly book: CataloguedBook;
  readonly readiness: SyncReadiness;
  /** `undefined`: not read yet, not readable, or no EPUB. */
  readonly metadata: BookMetadata | undefined;
}

/** A cursor with a longer path names the book instead: callers pass cursors on in places of a few kilobytes, as in URLs. */
const CURSOR_PATH_BYTES = 1024;

export interface SearchBounds {
  /** Books that one statement examines. */
  readonly atOnce: number;
  /** Rows that one statement returns for this program to examine. */
  readonly rowsAtOnce: number;
  /** Books that the search for one page examines. */
  readonly aPage: number;
}

/**
 * A statement over 20,000 books takes about 10 ms, and with SQLite pushes wait meanwhile. Decoding a path takes about a
 * microsecond. In a library of more than 200,000 books a search without matches continues with the next page.
 */
const SEARCH_BOUNDS: SearchBounds = { atOnce: 20_000, rowsAtOnce: 1000, aPage: 200_000 };

/**
 * Books ordered by library and path, or by id where a digest is searched for. Because the work for one page is bounded,
 * a page of a search may hold fewer books than `limit`, or none, although a next page exists.
 *
 * @throws DogearError `library-not-found`, also when the actor may not see it; `book-not-found` for a cursor behind a
 *   book that has been removed, or that is in none of the listed libraries
 */
export async function listBooks(
  store: Store,
  actor: Actor,
  { libraryId, wanted, state }: BookFilter,
  page: PageRequest<BookCursor>,
  bounds: SearchBounds = SEARCH_BOUNDS,
): Promise<Page<BookSummary, BookCursor>> {
  const visible = await visibleLibraries(store, libraryVisibilityOf(actor));
  const libraries = visible.filter((library) => libraryId === undefined || library.id === libraryId);
  if (libraryId !== undefined && libraries.length === 0) {
    throw new DogearError('library-not-found', `There is no library ${String(libraryId)} that you may see.`);
  }
  const { items, next } =
    wanted.kind === 'digest'
      ? await byDigest(store, libraries, wanted.digest, page)
      : wanted.kind === 'path-or-title'
        ? await byPathOrTitle(store, libraries, { search: wanted.search, state }, page, bounds)
        : await byPath(
            store,
            libraries,
            {
              search: wanted.kind === 'path' ? wanted.search : undefined,
              titled: wanted.kind === 'title' ? wanted.search.words : undefined,
              state,
            },
            page,
            bounds,
          );
  const hashesOn = new Map(libraries.map((library) => [library.id, library.koreaderHashes]));
  const metadata = await metadataOfBooks(
    store,
    items.map(({ id }) => id),
  );
  const summaries = items.map((book) => ({
    book,
    metadata: metadata.get(book.id),
    readiness: syncReadiness(book, hashesOn.get(book.libraryId) ?? false),
  }));
  // Those with a digest are few, and no index finds the ones in a state among them.
  return {
    items: summaries.filter(({ readiness }) => state === undefined || isInSyncState(readiness, state)),
    next,
  };
}

async function byDigest(
  store: Store,
  libraries: readonly Library[],
  digest: Buffer,
  { after, limit }: PageRequest<BookCursor>,
): Promise<Page<CataloguedBook, BookCursor>> {
  const rows = await booksWithDigest(store, digest, {
    libraryIds: libraries.map(({ id }) => id),
    afterId: after?.behind === 'book' ? after.id : undefined,
    limit: limit + 1,
  });
  return pageOf(rows, limit, ({ id }) => ({ behind: 'book', id }));
}

interface PathFilter {
  readonly search: PathSearch | undefined;
  readonly titled: readonly string[] | undefined;
  readonly state: SyncState | undefined;
}

function byPath(
  store: Store,
  libraries: readonly Library[],
  { search, titled, state }: PathFilter,
  page: PageRequest<BookCursor>,
  bounds: SearchBounds,
): Promise<Page<CataloguedBook, BookCursor>> {
  const list: SearchedList<CataloguedBook> = {
    isSelective: search !== undefined || titled !== undefined || state !== undefined,
    isExamined: search !== undefined,
    read: (range) => booksInRange(store, { ...range, holding: search?.asciiRuns ?? [], titled, state }),
    isFound: ({ path }) => search === undefined || matchesPath(search, path),
  };
  return alongPaths(store, libraries, list, page, bounds);
}

async function byPathOrTitle(
  store: Store,
  libraries: readonly Library[],
  { search, state }: { readonly search: PathSearch; readonly state: SyncState | undefined },
  page: PageRequest<BookCursor>,
  bounds: SearchBounds,
): Promise<Page<CataloguedBook, BookCursor>> {
  const { words, asciiRuns } = search;
  const list: SearchedList<SearchedBook> = {
    isSelective: true,
    isExamined: true,
    read: (range) => searchedBooksInRange(store, { ...range, holding: asciiRuns, titled: words, state }),
    isFound: ({ path, isTitled }) => isTitled || matchesPath(search, path),
  };
  const { items, next } = await alongPaths(store, libraries, list, page, bounds);
  const ids = items.map(({ id }) => id);
  const books = new Map((await booksById(store, ids)).map((book) => [book.id, book]));
  return { items: ids.flatMap((id) => books.get(id) ?? []), next };
}

/** How a list along the paths reads its books, and which it shows. */
interface SearchedList<Row> {
  /** Whether statements may examine more books than they return. */
  readonly isSelective: boolean;
  /** Whether `isFound` leaves rows out. */
  readonly isExamined: boolean;
  readonly read: (
    range: Pick<BookRange, 'libraryId' | 'after' | 'upTo' | 'limit'>,
  ) => Promise<readonly Row[]>;
  readonly isFound: (row: Row) => boolean;
}

async function alongPaths<Row extends BookPlace & { readonly libraryId: LibraryId }>(
  store: Store,
  libraries: readonly Library[],
  { isSelective, isExamined, read, isFound }: SearchedList<Row>,
  { after, limit }: PageRequest<BookCursor>,
  { atOnce, rowsAtOnce, aPage }: SearchBounds,
): Promise<Page<Row, BookCursor>> {
  const begin = after === undefined ? undefined : await placeOf(store, libraries, after);
  const found: Row[] = [];
  let examined = 0;
  for (const { id: libraryId } of libraries) {
    if (begin !== undefined && libraryId < begin.libraryId) continue;
    let path = libraryId === begin?.libraryId ? begin.path : Buffer.alloc(0);
    for (;;) {
      const end = isSelective ? await bookAhead(store, libraryId, path, atOnce) : undefined;
      const rowLimit = isExamined ? rowsAtOnce : limit + 1 - found.length;
      const rows = await read({ libraryId, after: path, upTo: end?.path, limit: rowLimit });
      for (const row of rows) {
        if (isFound(row)) found.push(row);
        if (found.length > limit) return pageOf(found, limit, (book) => cursorBehind(book.libraryId, book));
      }
      const last = rows.length === rowLimit ? rows.at(-1) : end;
      if (last === undefined) break;
      path = last.path;
      examined += rows.length === rowLimit ? rowLimit : atOnce;
      if (examined >= aPage) return { items: found, next: cursorBehind(libraryId, last) };
      await setImmediate();
    }
  }
  return { items: found, next: undefined };
}

function cursorBehind(libraryId: LibraryId, { id, path }: BookPlace): BookCursor {
  return path.length <= CURSOR_PATH_BYTES ? { behind: 'path', libraryId, path } : { behind: 'book', id };
}

async function placeOf(
  store: Store,
  libraries: readonly Library[],
  cursor: BookCursor,
): Promise<{ readonly libraryId: LibraryId; readonly path: Buffer }> {
  if (cursor.behind === 'path') return cursor;
  // Callers may write a cursor themselves. It must not tell whether a book exists that they may not see.
  const ids = libraries.map(({ id }) => id);
  const book = await findBookIn(store, ids, cursor.id);
  if (book !== undefined) return book;
  throw new DogearError('book-not-found', 'The book where this page begins has been removed. Start over.');
}
