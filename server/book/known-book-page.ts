import { CompiledQuery } from 'kysely';
import type { BookRow } from './book.js';
import type { BookId, LibraryId } from '../domain/ids.js';
import { forceIndex, LIBRARY_AND_PATH } from '../database/by-index.js';
import { toBigInt, toNumber, toNumberOrUndefined } from '../database/int64.js';
import type { Store } from '../database/store.js';

interface CatalogueRow {
  readonly id: BookId;
  readonly path: Buffer;
  readonly size_bytes: number | string;
  readonly modified_ns: number | bigint | string;
  readonly hashed_ms: number | string | null;
  readonly missing: number;
  readonly failed: number;
}

const KNOWN_BOOK_COLUMNS =
  'id, path, size_bytes, modified_ns, hashed_ms, missing_since_s is not null as missing, failure is not null as failed';

/** The next books of a library in byte order of their paths, those behind `afterPath`. */
export async function nextBookRows(
  store: Store,
  libraryId: LibraryId,
  afterPath: Buffer,
  limit: number,
): Promise<readonly BookRow[]> {
  const book = `book${forceIndex(store.dialect, LIBRARY_AND_PATH)}`;
  const text = `select ${KNOWN_BOOK_COLUMNS} from ${book} where library_id = ? and path > ? order by path limit ?`;
  const { rows } = await store.db.executeQuery<CatalogueRow>(
    CompiledQuery.raw(text, [libraryId, afterPath, limit]),
  );
  return rows.map((row) => ({
    id: row.id,
    path: row.path,
    sizeBytes: toNumber(row.size_bytes),
    modifiedNs: toBigInt(row.modified_ns),
    missing: row.missing === 1,
    hashedMs: toNumberOrUndefined(row.hashed_ms),
    failed: row.failed === 1,
  }));
}
