import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import type { BookId, LibraryId } from '../domain/ids.js';
import { type Page, pageOf, type PageRequest } from '../domain/page.js';
import type { Library } from '../library/library.js';
import { visibleLibraries } from '../library/library-repository.js';
import { libraryVisibilityOf } from '../library/library-visibility.js';
import type { CataloguedBook } from './book.js';
import type { BookMetadata } from './book-metadata.js';
import { metadataOfBooks } from './book-metadata-repository.js';
import { booksById, newestBookRows } from './book-repository.js';
import { listBooks, type BookCursor } from './list-books.js';
import type { NameKind, NamePlace } from './listed-name.js';
import { parsePathSearch } from './path-search.js';
import { nextListedBooks, nextNames, shownName } from './listed-name-repository.js';

// The lists of a catalogue from which people choose what to read: present books alone.

export interface CatalogueBook {
  readonly book: CataloguedBook;
  /** `undefined`: not read yet, not readable, or no EPUB. */
  readonly metadata: BookMetadata | undefined;
}

/** A name under which books are listed. */
export interface CatalogueName {
  readonly sortKey: Buffer;
  readonly name: string;
}

/** Books that one statement examines: some milliseconds, in which pushes wait where the database is SQLite. */
const ROWS_AT_ONCE = 2000;
/** Books that the list of the newest examines for a page, where the newest are in libraries that the actor may not see. */
const ROWS_A_PAGE = 40_000;

/** The libraries that the actor may see, in the order of their names. */
export async function catalogueLibraries(store: Store, actor: Actor): Promise<readonly Library[]> {
  const visible = await visibleLibraries(store, libraryVisibilityOf(actor));
  return visible.toSorted((left, right) => left.name.localeCompare(right.name));
}

/**
 * The books that were added last, first. A page may hold fewer books than `limit`, or none, and still have a next one,
 * because it examines a limited number of books.
 */
export async function listNewest(
  store: Store,
  libraries: readonly Library[],
  { after, limit }: PageRequest<BookId>,
): Promise<Page<CatalogueBook, BookId>> {
  const wanted = new Set(libraries.map(({ id }) => id));
  const found: BookId[] = [];
  let before = after;
  for (let examined = 0; examined < ROWS_A_PAGE;) {
    // Nearly always the first ones are wanted.
    const atOnce = examined === 0 ? 2 * limit : ROWS_AT_ONCE;
    const rows = await newestBookRows(store, before, atOnce);
    examined += atOnce;
    for (const { id, libraryId, isMissing } of rows) {
      if (!isMissing && wanted.has(libraryId)) found.push(id);
      if (found.length > limit) {
        const { items, next } = pageOf(found, limit, (last) => last);
        return { items: await presentBooks(store, items, wanted), next };
      }
      before = id;
    }
    if (rows.length < atOnce) return { items: await presentBooks(store, found, wanted), next: undefined };
  }
  return { items: await presentBooks(store, found, wanted), next: before };
}

/**
 * Books in the order of their titles, or those of one author or series. Books that went missing are left out of their page.
 *
 * @param sortKey only the books of this name; `undefined`: all
 */
export async function listByName(
  store: Store,
  libraries: readonly Library[],
  { kind, sortKey }: { readonly kind: NameKind; readonly sortKey: Buffer | undefined },
  { after, limit }: PageRequest<NamePlace>,
): Promise<Page<CatalogueBook, NamePlace>> {
  const places: NamePlace[] = [];
  for (const { id: libraryId } of libraries) {
    places.push(...(await nextListedBooks(store, { libraryId, kind }, { sortKey, after, limit: limit + 1 })));
  }
  places.sort(byPlace);
  const { items, next } = pageOf(places, limit, (last) => last);
  const wanted = new Set(libraries.map(({ id }) => id));
  return {
    items: await presentBooks(
      store,
      items.map(({ bookId }) => bookId),
      wanted,
    ),
    next,
  };
}

/** The authors or the series, each once. */
export async function listNames(
  store: Store,
  libraries: readonly Library[],
  kind: NameKind,
  { after, limit }: PageRequest<Buffer>,
): Promise<Page<CatalogueName, Buffer>> {
  const names = new Map<string, CatalogueName>();
  for (const { id: libraryId } of libraries) {
    for (const each of await nextNames(store, { libraryId, kind }, after ?? Buffer.alloc(0), limit + 1)) {
      const key = each.sortKey.toString('latin1');
      if (!names.has(key)) names.set(key, each);
    }
  }
  const sorted = [...names.values()].toSorted((left, right) => left.sortKey.compare(right.sortKey));
  return pageOf(sorted, limit, ({ sortKey }) => sortKey);
}

/** The name of a key, as it is shown. @returns `undefined` when no book has it */
export async function nameOfKey(
  store: Store,
  libraries: readonly Library[],
  kind: NameKind,
  sortKey: Buffer,
): Promise<string | undefined> {
  for (const { id: libraryId } of libraries) {
    const name = await shownName(store, { libraryId, kind }, sortKey);
    if (name !== undefined) return name;
  }
  return undefined;
}

/**
 * Books whose path, or title, authors or series, contain each word of the text. As in `listBooks`, a page may hold few books,
 * or none, and still have a next one.
 *
 * @throws DogearError as `listBooks`
 */
export async function searchCatalogue(
  store: Store,
  actor: Actor,
  { text, libraryId }: { readonly text: string; readonly libraryId: LibraryId | undefined },
  page: PageRequest<BookCursor>,
): Promise<Page<CatalogueBook, BookCursor>> {
  const search = parsePathSearch(text);
  if (search === undefined) return { items: [], next: undefined };
  const wanted = { kind: 'path-or-title', search } as const;
  const { items, next } = await listBooks(store, actor, { libraryId, wanted }, page);
  return { items: items.filter(({ book }) => book.missingSinceSeconds === undefined), next };
}

function byPlace(left: NamePlace, right: NamePlace): number {
  return left.sortKey.compare(right.sortKey) || left.place - right.place || left.bookId - right.bookId;
}

/** Present books, in the order of the ids. The lists may be behind: a book may have moved to a library that is not shown. */
async function presentBooks(
  store: Store,
  ids: readonly BookId[],
  libraries: ReadonlySet<LibraryId>,
): Promise<readonly CatalogueBook[]> {
  const books = new Map((await booksById(store, ids)).map((book) => [book.id, book]));
  const metadata = await metadataOfBooks(store, ids);
  return ids.flatMap((id) => {
    const book = books.get(id);
    if (book === undefined || book.missingSinceSeconds !== undefined || !libraries.has(book.libraryId))
      return [];
    return { book, metadata: metadata.get(id) };
  });
}
