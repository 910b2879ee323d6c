import { sql } from 'kysely';
import { bulkUpsert, idChunks } from '../database/bulk-write.js';
import { byIndex, deleteByIds, inOrder, unindexed } from '../database/by-index.js';
import { toBigInt, toNumber, toNumberOrUndefined } from '../database/int64.js';
import type { Store } from '../database/store.js';
import { type Document, documentOfDigest } from '../domain/document.js';
import type { BookId, LibraryId } from '../domain/ids.js';
import { areEqual } from './book.js';
import { type BookMetadata, type BookToRead, type MetadataRead, searchTextOf } from './book-metadata.js';

// The table `book_metadata`: what the files of books say of themselves, as they were when they were read.

/** The width of the column. Lower case may be longer than what it is made of. */
const SEARCH_CHARACTERS = 3000;

const COLUMNS = [
  'size_bytes',
  'modified_ns',
  'partial_md5',
  'read_s',
  'failure',
  'identifier',
  'title',
  'authors',
  'series',
  'series_index',
  'language',
  'structure_md5',
  'search_text',
];

/** Stores what was read of books, in place of what was read before. The books must exist: lock them first. */
export async function saveMetadata(
  store: Store,
  reads: readonly MetadataRead[],
  nowS: number,
): Promise<void> {
  await bulkUpsert(
    store,
    { table: 'book_metadata', columns: ['book_id', ...COLUMNS], key: ['book_id'], update: COLUMNS },
    reads.flatMap(({ book, outcome }) => {
      const { id, sizeBytes, modifiedNs, partialMd5 } = book;
      const metadata = outcome.state === 'read' ? outcome.metadata : undefined;
      return [
        id,
        sizeBytes,
        modifiedNs,
        partialMd5 ?? null,
        nowS,
        outcome.state === 'failed' ? outcome.failure : null,
        metadata?.identifier ?? null,
        metadata?.title ?? null,
        metadata === undefined ? null : JSON.stringify(metadata.authors),
        metadata?.series ?? null,
        metadata?.seriesIndex ?? null,
        metadata?.language ?? null,
        metadata?.structureMd5 ?? null,
        metadata === undefined ? null : searchText(metadata),
      ];
    }),
  );
}

function searchText(metadata: BookMetadata): string {
  const text = searchTextOf(metadata);
  // Half of a surrogate pair becomes a replacement character.
  return Buffer.from(text.slice(0, SEARCH_CHARACTERS)).toString();
}

/** What is known of these books. Books that were not read yet, or could not be, are left out. */
export async function metadataOfBooks(
  store: Store,
  ids: readonly BookId[],
): Promise<ReadonlyMap<BookId, BookMetadata>> {
  const known = new Map<BookId, BookMetadata>();
  for (const chunk of idChunks(ids)) {
    const rows = await store.db
      .selectFrom(byIndex(store, 'book_metadata', 'primary'))
      .selectAll()
      .where('book_id', 'in', chunk)
      .where('failure', 'is', null)
      .execute();
    for (const row of rows) {
      known.set(row.book_id, {
        identifier: row.identifier ?? undefined,
        title: row.title ?? undefined,
        authors: parseAuthors(row.authors),
        series: row.series ?? undefined,
        seriesIndex: row.series_index ?? undefined,
        language: row.language ?? undefined,
        structureMd5: row.structure_md5 ?? undefined,
      });
    }
  }
  return known;
}

function parseAuthors(json: string | null): readonly string[] {
  const value: unknown = json === null ? [] : JSON.parse(json);
  return Array.isArray(value) ? value.filter((author) => typeof author === 'string') : [];
}

/** The books of a library behind `afterPath`, in byte order of their paths. */
export async function nextBooksToRead(
  store: Store,
  libraryId: LibraryId,
  afterPath: Buffer,
  limit: number,
): Promise<readonly BookToRead[]> {
  const rows = await store.db
    .selectFrom(byIndex(store, 'book', 'library_id', 'b'))
    .leftJoin(byIndex(store, 'book_metadata', 'primary', 'm'), 'm.book_id', 'b.id')
    .select([
      'b.id',
      'b.path',
      'b.size_bytes',
      'b.modified_ns',
      'b.partial_md5',
      'b.hashed_ms',
      'b.missing_since_s',
    ])
    .select(['m.book_id as read_id', 'm.size_bytes as read_bytes', 'm.modified_ns as read_modified_ns'])
    .select('m.partial_md5 as read_md5')
    .where('b.library_id', '=', libraryId)
    .where('b.path', '>', afterPath)
    .orderBy('b.path')
    .limit(limit)
    .execute();
  return rows.map((row) => {
    const sizeBytes = toNumber(row.size_bytes);
    const modifiedNs = toBigInt(row.modified_ns);
    return {
      id: row.id,
      path: row.path,
      sizeBytes,
      modifiedNs,
      partialMd5: row.partial_md5 ?? undefined,
      hashedMs: toNumberOrUndefined(row.hashed_ms),
      isMissing: row.missing_since_s !== null,
      isCurrent:
        row.read_bytes !== null &&
        row.read_modified_ns !== null &&
        toNumber(row.read_bytes) === sizeBytes &&
        toBigInt(row.read_modified_ns) === modifiedNs &&
        areEqual(row.read_md5 ?? undefined, row.partial_md5 ?? undefined),
    };
  });
}

/** Books of one structure that are looked at: more of them stand for nothing. */
const BOOKS_OF_STRUCTURE = 20;

/** Books of these libraries with this digest of identifier and spine, present ones first, then by id; with their contents. */
export async function booksOfStructure(
  store: Store,
  structureMd5: Buffer,
  libraryIds: readonly LibraryId[],
): Promise<readonly { readonly id: BookId; readonly content: Document }[]> {
  if (libraryIds.length === 0) return [];
  const rows = await store.db
    .selectFrom(byIndex(store, 'book_metadata', 'book_metadata_structure', 'm'))
    .innerJoin(byIndex(store, 'book', 'primary', 'b'), 'b.id', 'm.book_id')
    .modifyFront(sql.raw(inOrder(store.dialect)))
    .select(['b.id', 'b.partial_md5'])
    .where('m.structure_md5', '=', structureMd5)
    .where(unindexed<LibraryId>(store, 'b.library_id'), 'in', libraryIds)
    .orderBy(sql`b.missing_since_s is not null`)
    .orderBy('b.id')
    .limit(BOOKS_OF_STRUCTURE)
    .execute();
  return rows.flatMap(({ id, partial_md5: content }) =>
    content === null ? [] : [{ id, content: documentOfDigest(content) }],
  );
}

/** What is known of the file of a book becomes that of another one, in place of what was known of it. */
export async function moveMetadata(store: Store, heirs: ReadonlyMap<BookId, BookId>): Promise<void> {
  const known: BookId[] = [];
  for (const chunk of idChunks([...heirs.keys()].toSorted((left, right) => left - right))) {
    const rows = await store.db
      .selectFrom(byIndex(store, 'book_metadata', 'primary'))
      .select('book_id')
      .where('book_id', 'in', chunk)
      .execute();
    known.push(...rows.map(({ book_id: id }) => id));
  }
  for (const id of known) {
    const heir = heirs.get(id);
    if (heir === undefined) continue;
    await deleteMetadata(store, [heir]);
    await store.db.updateTable('book_metadata').set({ book_id: heir }).where('book_id', '=', id).execute();
  }
}

export async function deleteMetadata(store: Store, ids: readonly BookId[]): Promise<void> {
  await deleteByIds(store, { table: 'book_metadata', column: 'book_id', index: 'primary', ids });
}
