import { CompiledQuery } from 'kysely';
import { type Document, documentOfDigest } from '../domain/document.js';
import type { BookId, LibraryId } from '../domain/ids.js';
import type { DigestHolder, CataloguedDocument, OtherDigest } from './known-document.js';
import { idChunks } from '../database/bulk-write.js';
import { byIndex, forceIndex, inOrder } from '../database/by-index.js';
import { toNumber } from '../database/int64.js';
import type { Store } from '../database/store.js';

/** Copies of one content whose other digests are looked at; a library may hold a blank file a thousand times. */
const COPIES = 16;
/** Other digests of one content: each costs a key of the select that answers a pull. */
const OTHERS = 16;

/**
 * What books of all libraries have, or had, these digests, present or missing, by the digest in hexadecimal; digests
 * without any are left out. In four statements, however many digests there are.
 */
export async function cataloguedDocuments(
  store: Store,
  digests: readonly Buffer[],
): Promise<ReadonlyMap<string, CataloguedDocument>> {
  const holders = await digestHolders(store, digests);
  const contents = new Set<Document>();
  for (const list of holders.values())
    for (const { content } of list) if (content !== undefined) contents.add(content);
  const othersOf = await digestsOfContents(store, [...contents]);
  const others = new Set([...othersOf.values()].flatMap((documents) => [...documents]));
  const missing = [...others].filter((document) => !holders.has(document));
  const otherHolders = await digestHolders(store, missing.map(fromHex));
  const known = new Map<string, CataloguedDocument>();
  for (const digest of digests) {
    const document = documentOfDigest(digest);
    const own = holders.get(document);
    if (own === undefined) continue;
    const candidates = new Set(
      own.flatMap(({ content }) => (content === undefined ? [] : [...(othersOf.get(content) ?? [])])),
    );
    candidates.delete(document);
    const found: OtherDigest[] = [...candidates].map((other) => ({
      document: other,
      holders: holders.get(other) ?? otherHolders.get(other) ?? [],
    }));
    known.set(document, { holders: own, others: found });
  }
  return known;
}

/** The libraries whose books have, or had, these digests, by the digest in hexadecimal. In one statement. */
export async function librariesOfDigests(
  store: Store,
  digests: readonly Buffer[],
): Promise<ReadonlyMap<string, ReadonlySet<LibraryId>>> {
  const holders = await digestHolders(store, digests);
  return new Map(
    [...holders].map(([digest, list]) => [digest, new Set(list.map(({ libraryId }) => libraryId))]),
  );
}

interface HolderRow {
  readonly digest: Buffer;
  readonly library_id: LibraryId;
  readonly lowest: Buffer | null;
  readonly highest: Buffer | null;
  readonly books: number | string;
  readonly hashed: number | string;
}

const CONTENTS =
  'min(b.partial_md5) as lowest, max(b.partial_md5) as highest, count(*) as books, count(b.partial_md5) as hashed';

/**
 * A row a digest and library, counted by the database: a name like `cover.cbz` may have thousands of books. The time of
 * former digests is asked for because it is not part of their index: MariaDB may read one that holds all that is asked
 * for from end to end.
 */
async function digestHolders(
  store: Store,
  digests: readonly Buffer[],
): Promise<ReadonlyMap<string, readonly DigestHolder[]>> {
  const rows: HolderRow[] = [];
  const force = (index: string) => forceIndex(store.dialect, index);
  for (const chunk of idChunks(digests)) {
    const list = `(?${', ?'.repeat(chunk.length - 1)})`;
    const text = `
      select b.partial_md5 as digest, b.library_id, ${CONTENTS}
        from book b${force('book_partial_md5')} where b.partial_md5 in ${list} group by b.partial_md5, b.library_id
      union all select b.filename_md5, b.library_id, ${CONTENTS}
        from book b${force('book_filename_md5')} where b.filename_md5 in ${list} group by b.filename_md5, b.library_id
      union all select ${inOrder(store.dialect)}f.digest, b.library_id, ${CONTENTS}
        from former_digest f${force('primary')} join book b${force('primary')} on b.id = f.book_id
        where f.digest in ${list} and f.replaced_s is not null group by f.digest, b.library_id`;
    const result = await store.db.executeQuery<HolderRow>(
      CompiledQuery.raw(text, [...chunk, ...chunk, ...chunk]),
    );
    rows.push(...result.rows);
  }
  const holders = new Map<string, DigestHolder[]>();
  for (const row of rows) {
    const document = documentOfDigest(row.digest);
    const holder = { libraryId: row.library_id, content: oneContent(row) };
    const list = holders.get(document);
    if (list === undefined) holders.set(document, [holder]);
    else list.push(holder);
  }
  return holders;
}

function oneContent({ lowest, highest, books, hashed }: HolderRow): Document | undefined {
  if (lowest === null || highest === null || !lowest.equals(highest)) return undefined;
  return toNumber(books) === toNumber(hashed) ? documentOfDigest(lowest) : undefined;
}

/** Every digest, of either kind, now or formerly, of the books that have one of these contents now. */
async function digestsOfContents(
  store: Store,
  contents: readonly Document[],
): Promise<ReadonlyMap<Document, ReadonlySet<Document>>> {
  const digests = new Map<Document, Set<Document>>();
  const contentOfBook = new Map<BookId, Document>();
  for (const chunk of idChunks(contents.map(fromHex))) {
    const rows = await store.db
      .selectFrom((from) =>
        from
          .selectFrom(byIndex(store, 'book', 'book_partial_md5'))
          .select(['id', 'partial_md5', 'filename_md5'])
          .select(({ fn }) =>
            fn
              .agg<number>('row_number')
              .over((over) => over.partitionBy('partial_md5').orderBy('id'))
              .as('copy'),
          )
          .where('partial_md5', 'in', chunk)
          .as('b'),
      )
      .select(['b.id', 'b.partial_md5', 'b.filename_md5'])
      .where('b.copy', '<=', COPIES)
      .execute();
    for (const row of rows) {
      if (row.partial_md5 === null) continue;
      const content = documentOfDigest(row.partial_md5);
      contentOfBook.set(row.id, content);
      add(digests, content, content);
      if (row.filename_md5 !== null) add(digests, content, documentOfDigest(row.filename_md5));
    }
  }
  for (const chunk of idChunks([...contentOfBook.keys()])) {
    const rows = await store.db
      .selectFrom(byIndex(store, 'former_digest', 'former_digest_book'))
      .select(['book_id', 'digest'])
      .where('book_id', 'in', chunk)
      .orderBy('replaced_s', 'desc')
      .execute();
    for (const row of rows) {
      const content = contentOfBook.get(row.book_id);
      if (content !== undefined) add(digests, content, documentOfDigest(row.digest));
    }
  }
  return digests;
}

function add(digests: Map<Document, Set<Document>>, content: Document, document: Document): void {
  const set = digests.get(content) ?? new Set();
  if (set.size <= OTHERS) set.add(document);
  digests.set(content, set);
}

function fromHex(document: Document): Buffer {
  return Buffer.from(document, 'hex');
}
