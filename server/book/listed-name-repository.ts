import { sql, type SqlBool } from 'kysely';
import { bulkUpsert, idChunks } from '../database/bulk-write.js';
import { byIndex, deleteByIds } from '../database/by-index.js';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import type { BookId, LibraryId } from '../domain/ids.js';
import { lockBooks } from './book-repository.js';
import {
  type BookToList,
  type ListedName,
  listedNamesOf,
  NAME_KINDS,
  type NameKind,
  type NamePlace,
} from './listed-name.js';

// The table `listed_name`: the titles, authors and series of books, in the order in which catalogues list them.

/** Stores the places of books in the lists, in place of those from before. Books whose places have not changed cost a read. */
export async function saveListedNames(store: Store, books: readonly BookToList[]): Promise<void> {
  const wanted = new Map(books.map((book) => [book.id, listedNamesOf(book)]));
  const known = await namesOfBooks(store, [...wanted.keys()]);
  const changed = books.filter(({ id }) => signOf(known.get(id) ?? []) !== signOf(wanted.get(id) ?? []));
  if (changed.length === 0) return;
  await inTransaction(store, async (transaction) => {
    const there = await lockBooks(
      transaction,
      changed.map(({ id }) => id),
    );
    const current = changed.filter(({ id, path }) => there.get(id)?.path.equals(path) === true);
    await deleteListedNames(
      transaction,
      current.map(({ id }) => id),
    );
    const columns = ['library_id', 'kind', 'sort_key', 'place', 'book_id', 'name'];
    await bulkUpsert(
      transaction,
      { table: 'listed_name', columns, key: columns.slice(0, -1), update: ['name'] },
      current
        .flatMap(({ id }) => wanted.get(id) ?? [])
        .flatMap(({ libraryId, kind, sortKey, place, bookId, name }) => [
          libraryId,
          NAME_KINDS.indexOf(kind),
          sortKey,
          place,
          bookId,
          name ?? null,
        ]),
    );
  });
}

async function namesOfBooks(
  store: Store,
  ids: readonly BookId[],
): Promise<ReadonlyMap<BookId, readonly ListedName[]>> {
  const known = new Map<BookId, ListedName[]>();
  for (const chunk of idChunks(ids)) {
    const rows = await store.db
      .selectFrom(byIndex(store, 'listed_name', 'listed_name_book'))
      .selectAll()
      .where('book_id', 'in', chunk)
      .execute();
    for (const row of rows) {
      const { library_id: libraryId, sort_key: sortKey, place, book_id: bookId } = row;
      const name = row.name ?? undefined;
      const listed = { libraryId, kind: kindOf(row.kind), sortKey, place, bookId, name };
      known.set(bookId, [...(known.get(bookId) ?? []), listed]);
    }
  }
  return known;
}

function kindOf(stored: number): NameKind {
  const kind = NAME_KINDS[stored];
  if (kind === undefined) throw new Error(`listed_name has the kind ${String(stored)}`);
  return kind;
}

function signOf(names: readonly ListedName[]): string {
  return names
    .map(({ libraryId, kind, sortKey, place, name }) =>
      JSON.stringify([libraryId, kind, sortKey.toString('latin1'), place, name]),
    )
    .toSorted()
    .join('\n');
}

export async function deleteListedNames(store: Store, ids: readonly BookId[]): Promise<void> {
  await deleteByIds(store, { table: 'listed_name', column: 'book_id', index: 'listed_name_book', ids });
}

/** The places of one book become those of another one of its library, in place of those that it had. */
export async function moveListedNames(store: Store, heirs: ReadonlyMap<BookId, BookId>): Promise<void> {
  await deleteListedNames(store, [...heirs.values()]);
  for (const [id, heir] of heirs) {
    await store.db.updateTable('listed_name').set({ book_id: heir }).where('book_id', '=', id).execute();
  }
}

/** A name of a book in one of the lists, as it is shown. @returns `undefined` when no book has it */
export async function shownName(
  store: Store,
  { libraryId, kind }: { readonly libraryId: LibraryId; readonly kind: NameKind },
  sortKey: Buffer,
): Promise<string | undefined> {
  const row = await store.db
    .selectFrom(byIndex(store, 'listed_name', 'primary'))
    .select('name')
    .where('library_id', '=', libraryId)
    .where('kind', '=', NAME_KINDS.indexOf(kind))
    .where('sort_key', '=', sortKey)
    .limit(1)
    .executeTakeFirst();
  return row?.name ?? undefined;
}

/** The next places in a list of one library, in its order. @param sortKey only those of this name */
export async function nextListedBooks(
  store: Store,
  { libraryId, kind }: { readonly libraryId: LibraryId; readonly kind: NameKind },
  {
    sortKey,
    after,
    limit,
  }: {
    readonly sortKey: Buffer | undefined;
    readonly after: NamePlace | undefined;
    readonly limit: number;
  },
): Promise<readonly NamePlace[]> {
  let query = store.db
    .selectFrom(byIndex(store, 'listed_name', 'primary'))
    .select(['sort_key', 'place', 'book_id'])
    .where('library_id', '=', libraryId)
    .where('kind', '=', NAME_KINDS.indexOf(kind));
  if (sortKey !== undefined) query = query.where('sort_key', '=', sortKey);
  if (after !== undefined) {
    // Not as a comparison of rows: MySQL finds no range by that.
    query = query
      .where('sort_key', '>=', after.sortKey)
      .where(
        sql<SqlBool>`(sort_key > ${after.sortKey} or place > ${after.place} or (place = ${after.place} and book_id > ${after.bookId}))`,
      );
  }
  const rows = await query.orderBy('sort_key').orderBy('place').orderBy('book_id').limit(limit).execute();
  return rows.map((row) => ({ sortKey: row.sort_key, place: row.place, bookId: row.book_id }));
}

/** Rows that one statement examines: less than a millisecond. */
const ROWS_AT_ONCE = 5000;

/**
 * The next names of a list of one library, each once. A name may have half a million books ("anonymous"), which no statement
 * reads: the names up to the one some thousand rows ahead are grouped, and the list goes on behind that one.
 */
export async function nextNames(
  store: Store,
  { libraryId, kind }: { readonly libraryId: LibraryId; readonly kind: NameKind },
  afterKey: Buffer,
  limit: number,
): Promise<readonly { readonly sortKey: Buffer; readonly name: string }[]> {
  const names: { readonly sortKey: Buffer; readonly name: string }[] = [];
  const places = (after: Buffer) =>
    store.db
      .selectFrom(byIndex(store, 'listed_name', 'primary'))
      .where('library_id', '=', libraryId)
      .where('kind', '=', NAME_KINDS.indexOf(kind))
      .where('sort_key', '>', after)
      .orderBy('sort_key');
  for (let after = afterKey; names.length < limit;) {
    const ahead = await places(after)
      .select(['sort_key', 'name'])
      .offset(ROWS_AT_ONCE - 1)
      .limit(1)
      .executeTakeFirst();
    let between = places(after)
      .select('sort_key')
      .select(({ fn }) => fn.min('name').as('name'))
      .groupBy('sort_key');
    if (ahead !== undefined) between = between.where('sort_key', '<', ahead.sort_key);
    const rows = await between.limit(limit - names.length).execute();
    if (ahead !== undefined) rows.push(ahead);
    names.push(...rows.map(({ sort_key: sortKey, name }) => ({ sortKey, name: name ?? '' })));
    if (ahead === undefined) break;
    after = ahead.sort_key;
  }
  return names.slice(0, limit);
}
