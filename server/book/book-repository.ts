import { sql } from 'kysely';
import type { BookRecord, Digests } from './book.js';
import type { BookId, LibraryId } from '../domain/ids.js';
import { bulkUpsert, idChunks } from '../database/bulk-write.js';
import {
  BOOKS_BY_ID,
  byIndex,
  deleteByIndex,
  FORMER_DIGESTS_OF_BOOKS,
  LIBRARY_AND_PATH,
} from '../database/by-index.js';
import { toNumber } from '../database/int64.js';
import type { Store } from '../database/store.js';

const RECORD_COLUMNS = [
  'library_id',
  'path',
  'size_bytes',
  'modified_ns',
  'partial_md5',
  'filename_md5',
  'hashed_ms',
  'failure',
];

const UPDATED_COLUMNS = ['size_bytes', 'modified_ns', 'partial_md5', 'filename_md5', 'hashed_ms', 'failure'];

/** Adds the books, or puts the record in place of the one at the same path; either is present afterwards. */
export async function saveBooks(store: Store, records: readonly BookRecord[], nowMs: number): Promise<void> {
  const values: unknown[] = [];
  for (const record of records) pushRecord(values, record, nowMs);
  await bulkUpsert(
    store,
    {
      table: 'book',
      columns: RECORD_COLUMNS,
      key: ['library_id', 'path'],
      update: UPDATED_COLUMNS,
      also: ['missing_since_s = null'],
    },
    values,
  );
}

export interface MovedBook {
  readonly id: BookId;
  readonly record: BookRecord;
}

/** Gives books their new paths (and what else the record says); none of the paths may be taken. */
export async function moveBooks(store: Store, moves: readonly MovedBook[], nowMs: number): Promise<void> {
  const values: unknown[] = [];
  for (const { id, record } of moves) {
    values.push(id);
    pushRecord(values, record, nowMs);
  }
  await bulkUpsert(
    store,
    {
      table: 'book',
      columns: ['id', ...RECORD_COLUMNS],
      key: ['id'],
      update: ['path', ...UPDATED_COLUMNS],
      also: ['missing_since_s = null'],
    },
    values,
  );
}

export interface RenamedBook {
  readonly id: BookId;
  readonly libraryId: LibraryId;
  readonly path: Buffer;
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
}

/**
 * Gives books new paths where the library makes no digests. Digests from a time when it did are kept and
 * marked as not current (no `hashed_ms`), so that they are made anew once it does again.
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
    digests?.partialMd5 ?? null,
    digests?.filenameMd5 ?? null,
    digests === undefined ? null : nowMs,
    record.failure ?? null,
  );
}

export interface LockedBook {
  readonly path: Buffer;
  /** Absent when it has not both. */
  readonly digests: Digests | undefined;
}

/** The books as they are now, and until the transaction ends; those that were removed are left out. */
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

export interface DigestTwin {
  readonly id: BookId;
  readonly path: Buffer;
  readonly sizeBytes: number;
  readonly digests: Digests;
}

/** Of each file: where a library holds thousands of copies of one, they must not crowd out those of the others. */
const TWINS_OF_A_FILE = 64;

/**
 * Books of the library that have one of these partial MD5s now: where a moved file may have come from; of each digest
 * and size the missing ones first, then the oldest, and no more than 64.
 */
export async function booksWithPartialMd5(
  store: Store,
  libraryId: LibraryId,
  partialMd5s: readonly Buffer[],
): Promise<readonly DigestTwin[]> {
  const twins: DigestTwin[] = [];
  for (const chunk of idChunks(partialMd5s)) {
    const rows = await store.db
      .selectFrom((from) =>
        from
          .selectFrom(byIndex(store, 'book', 'book_partial_md5'))
          .select(['id', 'path', 'size_bytes', 'missing_since_s', 'partial_md5', 'filename_md5'])
          .select(
            sql<number>`row_number() over (partition by partial_md5, size_bytes order by missing_since_s is null, id)`.as(
              'place',
            ),
          )
          .where('partial_md5', 'in', chunk)
          .where('library_id', '=', libraryId)
          .as('twin'),
      )
      .select(['id', 'path', 'size_bytes', 'missing_since_s', 'partial_md5', 'filename_md5'])
      .where('place', '<=', TWINS_OF_A_FILE)
      .orderBy(sql`missing_since_s is null`)
      .orderBy('id')
      .execute();
    for (const row of rows) {
      if (row.partial_md5 === null || row.filename_md5 === null) continue;
      twins.push({
        id: row.id,
        path: row.path,
        sizeBytes: toNumber(row.size_bytes),
        digests: { partialMd5: row.partial_md5, filenameMd5: row.filename_md5 },
      });
    }
  }
  return twins;
}

/** Notes that the file at this book's path could not be hashed as it is now; its digests stay what they were. */
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
): Promise<readonly BookId[]> {
  const ids: BookId[] = [];
  for (const chunk of idChunks(paths)) {
    const rows = await store.db
      .selectFrom(byIndex(store, 'book', LIBRARY_AND_PATH))
      // The size only because it is not part of the index: one that holds all that is asked for is read from end to end.
      .select(['id', 'size_bytes'])
      .where('library_id', '=', libraryId)
      .where('path', 'in', chunk)
      .execute();
    ids.push(...rows.map((row) => row.id));
  }
  return ids;
}

/** Removes rows that turned out to be other books under a new path. Their former digests must be empty. */
export async function removeBooks(store: Store, ids: readonly BookId[]): Promise<void> {
  const sorted = ids.toSorted((left, right) => left - right);
  for (const chunk of idChunks(sorted)) {
    await deleteByIndex(store, { ...FORMER_DIGESTS_OF_BOOKS, keys: chunk });
    await deleteByIndex(store, { ...BOOKS_BY_ID, keys: chunk });
  }
}

export interface BookTotals {
  readonly present: number;
  readonly missing: number;
  readonly withDigests: number;
}

export async function countBooks(store: Store, libraryId: LibraryId): Promise<BookTotals> {
  const row = await store.db
    .selectFrom('book')
    .select(({ fn }) => [
      fn.countAll().as('total'),
      fn.count('missing_since_s').as('missing'),
      fn.count('partial_md5').as('hashed'),
    ])
    .where('library_id', '=', libraryId)
    .executeTakeFirstOrThrow();
  const missing = toNumber(row.missing);
  return { present: toNumber(row.total) - missing, missing, withDigests: toNumber(row.hashed) };
}
