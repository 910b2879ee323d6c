import type { Library } from '../../server/library/library.js';
import type { Store } from '../../server/database/store.js';

/** A book and its former digests, as a test compares them; digests in hexadecimal. */
export interface CatalogueRow {
  readonly id: number;
  readonly path: string;
  readonly size: number;
  readonly missing: boolean;
  readonly partialMd5: string | undefined;
  readonly filenameMd5: string | undefined;
  readonly failure: string | undefined;
  /** `partial 0123…` or `filename 0123…`, sorted. */
  readonly former: readonly string[];
}

/** All that the database stores about a library's books, ordered by path. */
export async function catalogueOf(store: Store, library: Library): Promise<readonly CatalogueRow[]> {
  const books = await store.db
    .selectFrom('book')
    .selectAll()
    .where('library_id', '=', library.id)
    .orderBy('path')
    .execute();
  const former = await store.db.selectFrom('former_digest').selectAll().orderBy('digest').execute();
  return books.map((book) => ({
    id: book.id,
    path: book.path.toString('latin1'),
    size: Number(book.size_bytes),
    missing: book.missing_since_s !== null,
    partialMd5: book.partial_md5?.toString('hex'),
    filenameMd5: book.filename_md5?.toString('hex'),
    failure: book.failure ?? undefined,
    former: former
      .filter((digest) => digest.book_id === book.id)
      .map((digest) => `${digest.kind} ${digest.digest.toString('hex')}`)
      .toSorted(),
  }));
}
