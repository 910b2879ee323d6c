import { CompiledQuery, type RawBuilder, sql, type SqlBool } from 'kysely';
import { changeCached } from '../changes/cache-mark-repository.js';
import { bulkUpsert, idChunks } from '../database/bulk-write.js';
import { byIndex, deleteByIds, forceIndex, inOrder, unindexed } from '../database/by-index.js';
import { toNumber } from '../database/int64.js';
import type { Store } from '../database/store.js';
import { digestOfDocument, type Document, documentOfDigest, parseDocument } from '../domain/document.js';
import type { BookId, LibraryId } from '../domain/ids.js';
import type { CataloguedBook, FormerDigest, FormerDigestOf, ReplacedDigest } from './book.js';
import { deleteMetadata } from './book-metadata-repository.js';
import { deleteListedNames } from './listed-name-repository.js';
import { deleteWholeHashes } from './whole-hash-repository.js';
import { deleteBooks, type RemovalScope, toBook } from './book-repository.js';
import { NAME_FORMS } from './name-forms.js';
import type { CataloguedDocument, DigestHolder, OtherDigest } from './catalogued-document.js';
import { deleteLinksOfBooks, linkedForOf } from './document-link-repository.js';

// The table `former_digest`, and all look-ups by digest or by document. A document may be the partial MD5 or the filename MD5 that a
// book has now, a digest that it had before, or linked to it by people, so these statements read `book`, `former_digest` and
// `document_link` together.

/** Stores former digests. One that is stored already stays as it is. */
export async function keepFormerDigests(
  store: Store,
  replaced: readonly ReplacedDigest[],
  replacedS: number,
): Promise<void> {
  await addFormerDigests(
    store,
    replaced.map((digest) => ({ ...digest, replacedSeconds: replacedS })),
  );
}

/** The same, of digests that were replaced at different times. */
export async function addFormerDigests(store: Store, digests: readonly FormerDigestOf[]): Promise<void> {
  if (digests.length === 0) return;
  const shape = {
    table: 'former_digest',
    columns: ['digest', 'book_id', 'kind', 'replaced_s'],
    key: ['digest', 'book_id', 'kind'],
    update: [],
  };
  await changeCached(store, 'catalogue', (transaction) =>
    bulkUpsert(
      transaction,
      shape,
      digests.flatMap(({ digest, bookId, kind, replacedSeconds }) => [digest, bookId, kind, replacedSeconds]),
    ),
  );
}

/** All former digests of these books, in no particular order. */
export async function allFormerDigestsOf(
  store: Store,
  ids: readonly BookId[],
): Promise<readonly FormerDigestOf[]> {
  const digests: FormerDigestOf[] = [];
  for (const chunk of idChunks(ids)) {
    const rows = await store.db
      .selectFrom(byIndex(store, 'former_digest', 'former_digest_book'))
      .selectAll()
      .where('book_id', 'in', chunk)
      .execute();
    for (const { book_id: bookId, digest, kind, replaced_s: replacedS } of rows) {
      digests.push({ bookId, digest, kind, replacedSeconds: toNumber(replacedS) });
    }
  }
  return digests;
}

/** Former digests of a book, ordered from the last replaced to the first, or the forms of its name from the last made. */
export async function formerDigestsOf(
  store: Store,
  id: BookId,
  limit: number,
  of: 'digests' | 'name-forms' = 'digests',
): Promise<readonly FormerDigest[]> {
  const rows = await store.db
    .selectFrom('former_digest')
    .selectAll()
    .where('book_id', '=', id)
    .where('kind', of === 'digests' ? 'not in' : 'in', NAME_FORMS)
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

interface DigestFate {
  readonly digest: Buffer;
  readonly stays: number | string;
  readonly first: BookId | null;
}

/**
 * How many digests of these books, current and former, belong to no book outside of the scope. A digest that several
 * books of the scope have is counted with the first of them, so the counts of several pages can be added.
 *
 * @param ids books of the scope, some hundred at most
 */
export async function countLostDigests(
  store: Store,
  { libraryId, missingSinceS }: RemovalScope,
  ids: readonly BookId[],
): Promise<number> {
  const digestsOf = await digestsOfBooks(store, ids);
  const fates = new Map<string, { stays: boolean; first: number }>();
  const goes = `b.library_id = ?${missingSinceS === undefined ? '' : ' and b.missing_since_s <= ?'}`;
  const scope = [libraryId, ...(missingSinceS === undefined ? [] : [missingSinceS])];
  const fate = `max(case when ${goes} then 0 else 1 end) as stays, min(case when ${goes} then b.id end) as first`;
  const force = (index: string) => forceIndex(store.dialect, index);
  const digests = new Map([...digestsOf.values()].flatMap((list) => [...list]));
  for (const chunk of idChunks([...digests.values()])) {
    const list = `(?${', ?'.repeat(chunk.length - 1)})`;
    const parameters = [...scope, ...scope, ...chunk];
    const text = `
      select b.partial_md5 as digest, ${fate}
        from book b${force('book_partial_md5')} where b.partial_md5 in ${list} group by b.partial_md5
      union all select b.filename_md5, ${fate}
        from book b${force('book_filename_md5')} where b.filename_md5 in ${list} group by b.filename_md5
      union all select ${inOrder(store.dialect)}f.digest, ${fate}
        from former_digest f${force('primary')} join book b${force('primary')} on b.id = f.book_id
        where f.digest in ${list} and f.replaced_s is not null group by f.digest`;
    const { rows } = await store.db.executeQuery<DigestFate>(
      CompiledQuery.raw(text, [...parameters, ...parameters, ...parameters]),
    );
    for (const { digest, stays, first } of rows) {
      const key = digest.toString('latin1');
      const known = fates.get(key);
      fates.set(key, {
        stays: known?.stays === true || toNumber(stays) === 1,
        first: Math.min(known?.first ?? Infinity, first === null ? Infinity : toNumber(first)),
      });
    }
  }
  let lost = 0;
  for (const [id, list] of digestsOf) {
    for (const key of list.keys()) {
      const { stays, first } = fates.get(key) ?? { stays: true, first: id };
      if (!stays && first === id) lost++;
    }
  }
  return lost;
}

/** The digests of each book, current and former, by their bytes as latin1, without the forms of names. */
async function digestsOfBooks(
  store: Store,
  ids: readonly BookId[],
): Promise<ReadonlyMap<BookId, ReadonlyMap<string, Buffer>>> {
  const digests = new Map<BookId, Map<string, Buffer>>();
  const note = (id: BookId, digest: Buffer | null): void => {
    if (digest === null) return;
    const list = digests.get(id) ?? new Map<string, Buffer>();
    digests.set(id, list.set(digest.toString('latin1'), digest));
  };
  for (const chunk of idChunks(ids)) {
    const books = await store.db
      .selectFrom(byIndex(store, 'book', 'primary'))
      .select(['id', 'partial_md5', 'filename_md5'])
      .where('id', 'in', chunk)
      .execute();
    for (const book of books)
      for (const digest of [book.partial_md5, book.filename_md5]) note(book.id, digest);
    const former = await store.db
      .selectFrom(byIndex(store, 'former_digest', 'former_digest_book'))
      .select(['book_id', 'digest'])
      .where('book_id', 'in', chunk)
      .where('kind', 'not in', NAME_FORMS)
      .execute();
    for (const { book_id: id, digest } of former) note(id, digest);
  }
  return digests;
}

/** Deletes the former digests of these books. */
export async function deleteFormerDigests(store: Store, ids: readonly BookId[]): Promise<void> {
  if (ids.length === 0) return;
  await changeCached(store, 'catalogue', (transaction) =>
    deleteByIds(transaction, { table: 'former_digest', column: 'book_id', index: 'former_digest_book', ids }),
  );
}

/**
 * Deletes books that a scan has just inserted and that turned out to be moved ones. They have no former digests yet, so
 * the order of the two deletions, the reverse of that in inherit-digests.ts, cannot leave a digest without a book.
 */
export async function deleteNewBooks(store: Store, ids: readonly BookId[]): Promise<void> {
  const sorted = ids.toSorted((left, right) => left - right);
  for (const chunk of idChunks(sorted)) {
    await deleteFormerDigests(store, chunk);
    await deleteMetadata(store, chunk);
    await deleteListedNames(store, chunk);
    await deleteWholeHashes(store, chunk);
    await deleteLinksOfBooks(store, chunk);
    await deleteBooks(store, chunk);
  }
}

/** Copies of one content in one library from which an heir is chosen. */
const HEIRS_EXAMINED = 16;

/**
 * Books outside of the scope of a removal that have one of these partial MD5s now. For each digest, size and library up
 * to 16 books, present ones first, then by id.
 */
export async function booksOutside(
  store: Store,
  scope: RemovalScope,
  partialMd5s: readonly Buffer[],
): Promise<readonly CataloguedBook[]> {
  const books: CataloguedBook[] = [];
  for (const chunk of idChunks(partialMd5s)) {
    const rows = await store.db
      .selectFrom((from) =>
        from
          .selectFrom(byIndex(store, 'book', 'book_partial_md5'))
          .selectAll()
          .select(
            sql<number>`row_number() over (partition by partial_md5, size_bytes, library_id order by missing_since_s is not null, id)`.as(
              'place',
            ),
          )
          .where('partial_md5', 'in', chunk)
          .where(notInScope(scope, 'book'))
          .as('copy'),
      )
      .selectAll()
      .where('place', '<=', HEIRS_EXAMINED)
      .orderBy('library_id')
      .orderBy('place')
      .execute();
    books.push(...rows.map(toBook));
  }
  return books;
}

function notInScope({ libraryId, missingSinceS }: RemovalScope, alias: string): RawBuilder<SqlBool> {
  const library = sql.ref(`${alias}.library_id`);
  if (missingSinceS === undefined) return sql<SqlBool>`${library} <> ${libraryId}`;
  const since = sql.ref(`${alias}.missing_since_s`);
  return sql<SqlBool>`(${library} <> ${libraryId} or ${since} is null or ${since} > ${missingSinceS})`;
}

/** A book that had a partial MD5 before. */
export interface FormerHolder {
  readonly partialMd5: Buffer;
  readonly bookId: BookId;
}

/**
 * For each of these partial MD5s and each library with books outside of the scope that had it before: one of them.
 * Books that have become different files since are left out, because none of them is the one.
 */
export async function formerHoldersOutside(
  store: Store,
  scope: RemovalScope,
  partialMd5s: readonly Buffer[],
): Promise<readonly FormerHolder[]> {
  const holders: FormerHolder[] = [];
  for (const chunk of idChunks(partialMd5s)) {
    const rows = await store.db
      .selectFrom(byIndex(store, 'former_digest', 'primary', 'f'))
      .innerJoin(byIndex(store, 'book', 'primary', 'b'), 'b.id', 'f.book_id')
      .modifyFront(sql.raw(inOrder(store.dialect)))
      .select(['f.digest', firstId])
      .where('f.digest', 'in', chunk)
      .where('f.kind', '=', 'partial')
      // This column is not part of the index; see holdersOfDocuments() for the reason.
      .where('f.replaced_s', 'is not', null)
      .where(notInScope(scope, 'b'))
      .groupBy(['f.digest', 'b.library_id'])
      .having(sql<number>`count(distinct b.partial_md5)`, '=', 1)
      .execute();
    for (const { digest, first_id: bookId } of rows) holders.push({ partialMd5: digest, bookId });
  }
  return holders;
}

/** A book with the same partial MD5 as a file that a scan found. */
export interface DigestTwin {
  readonly id: BookId;
  readonly path: Buffer;
  readonly sizeBytes: number;
  readonly partialMd5: Buffer;
}

/** Twins that are returned for one content. A library may hold thousands of copies of one file. */
const TWINS_OF_A_FILE = 64;

/**
 * Books of the library that have one of these partial MD5s now, from which a new file may have been moved. For each
 * digest and size up to 64 books: missing books first, then the others, each ordered by id.
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
          .select(['id', 'path', 'size_bytes', 'missing_since_s', 'partial_md5'])
          .select(
            sql<number>`row_number() over (partition by partial_md5, size_bytes order by missing_since_s is null, id)`.as(
              'place',
            ),
          )
          .where('partial_md5', 'in', chunk)
          .where(unindexed<LibraryId>(store, 'library_id'), '=', libraryId)
          .as('twin'),
      )
      .select(['id', 'path', 'size_bytes', 'missing_since_s', 'partial_md5'])
      .where('place', '<=', TWINS_OF_A_FILE)
      .orderBy(sql`missing_since_s is null`)
      .orderBy('id')
      .execute();
    for (const row of rows) {
      const { id, path, size_bytes: sizeBytes, partial_md5: partialMd5 } = row;
      if (partialMd5 !== null) twins.push({ id, path, sizeBytes: toNumber(sizeBytes), partialMd5 });
    }
  }
  return twins;
}

/** What books have in common that may be copies of one file. */
export interface RepeatedContent {
  readonly partialMd5: Buffer;
  readonly sizeBytes: number;
}

/**
 * Contents that two or more present books of these libraries have, in the order of their digests, of those digests that
 * begin with this byte: a 256th of all, so that no statement takes long.
 */
export async function repeatedContents(
  store: Store,
  libraryIds: readonly LibraryId[],
  firstByte: number,
): Promise<readonly RepeatedContent[]> {
  if (libraryIds.length === 0) return [];
  const rows = await store.db
    .selectFrom(byIndex(store, 'book', 'book_partial_md5'))
    .select(['partial_md5', 'size_bytes'])
    .where('partial_md5', '>=', Buffer.from([firstByte]))
    .where('partial_md5', '<=', Buffer.alloc(16, 0xff).fill(firstByte, 0, 1))
    .where(unindexed<LibraryId>(store, 'library_id'), 'in', libraryIds)
    .where('missing_since_s', 'is', null)
    .where('size_bytes', '>', 0)
    .groupBy(['partial_md5', 'size_bytes'])
    .having(({ fn }) => fn.countAll(), '>', 1)
    .orderBy('partial_md5')
    .orderBy('size_bytes')
    .execute();
  return rows.flatMap(({ partial_md5: partialMd5, size_bytes: sizeBytes }) =>
    partialMd5 === null ? [] : [{ partialMd5, sizeBytes: toNumber(sizeBytes) }],
  );
}

/** Present books of these libraries with this content, ordered by id. */
export async function booksOfContent(
  store: Store,
  libraryIds: readonly LibraryId[],
  { partialMd5, sizeBytes, limit }: RepeatedContent & { readonly limit: number },
): Promise<readonly CataloguedBook[]> {
  const rows = await store.db
    .selectFrom(byIndex(store, 'book', 'book_partial_md5'))
    .selectAll()
    .where('partial_md5', '=', partialMd5)
    .where(unindexed<LibraryId>(store, 'library_id'), 'in', libraryIds)
    .where('size_bytes', '=', sizeBytes)
    .where('missing_since_s', 'is', null)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(toBook);
}

/** Books of these libraries that have or had the digest, as partial or filename MD5, ordered by id. */
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
    .innerJoin(byIndex(store, 'book', 'primary'), 'book.id', 'holder.id')
    .modifyFront(sql.raw(inOrder(store.dialect)))
    .selectAll('book')
    .where(unindexed<LibraryId>(store, 'book.library_id'), 'in', page.libraryIds);
  if (page.afterId !== undefined) query = query.where('book.id', '>', page.afterId);
  const rows = await query.orderBy('book.id').limit(page.limit).execute();
  return rows.map(toBook);
}

export interface BookOfDigest {
  readonly digest: Buffer;
  readonly book: CataloguedBook;
  /** It is a form of the book's name (name-forms.ts), which is a guess: links of the digest come first. */
  readonly isNameForm: boolean;
}

/**
 * For each digest one book of these libraries that has or had it, or else one of which it is a form of the name. A book
 * that is present is preferred to a missing one, then a book that has the digest now to one that had it before, then
 * the smaller id. Digests without a book are left out. Takes two statements for any number of digests, and returns one
 * row a digest: a file name such as `cover.cbz` may belong to thousands of books.
 *
 * @param digests 16 bytes each, a page of documents: some hundred at most
 */
export async function booksOfDigests(
  store: Store,
  digests: readonly Buffer[],
  libraryIds: readonly LibraryId[],
): Promise<readonly BookOfDigest[]> {
  if (digests.length === 0 || libraryIds.length === 0) return [];
  const holders = await store.db
    .selectFrom(byIndex(store, 'book', 'book_partial_md5', 'b'))
    .select(['b.partial_md5 as digest', firstId, firstPresentId, sql<number>`0`.as('demerit')])
    .where('b.partial_md5', 'in', digests)
    .where(unindexed<LibraryId>(store, 'b.library_id'), 'in', libraryIds)
    .groupBy('b.partial_md5')
    .unionAll(
      store.db
        .selectFrom(byIndex(store, 'book', 'book_filename_md5', 'b'))
        .select(['b.filename_md5 as digest', firstId, firstPresentId, sql<number>`0`.as('demerit')])
        .where('b.filename_md5', 'in', digests)
        .where(unindexed<LibraryId>(store, 'b.library_id'), 'in', libraryIds)
        .groupBy('b.filename_md5'),
    )
    .unionAll(
      store.db
        .selectFrom(byIndex(store, 'former_digest', 'primary', 'f'))
        .innerJoin(byIndex(store, 'book', 'primary', 'b'), 'b.id', 'f.book_id')
        .modifyFront(sql.raw(inOrder(store.dialect)))
        .select([
          'f.digest',
          firstId,
          firstPresentId,
          sql<number>`${sql.lit(FORM_DEMERIT)} * ${IS_FORM} + 1`.as('demerit'),
        ])
        .where('f.digest', 'in', digests)
        // This column is not part of the index; see holdersOfDocuments() for the reason.
        .where('f.replaced_s', 'is not', null)
        .where(unindexed<LibraryId>(store, 'b.library_id'), 'in', libraryIds)
        .groupBy(['f.digest', 'demerit']),
    )
    .execute();
  const chosen = new Map<string, Holder>();
  for (const { digest, first_id: firstOfAll, first_present_id: firstPresent, demerit } of holders) {
    if (digest === null) continue;
    const rank = (firstPresent === null ? 2 : 0) + toNumber(demerit);
    const holder = { digest, bookId: firstPresent ?? firstOfAll, rank };
    const key = digest.toString('latin1');
    if (isBefore(holder, chosen.get(key))) chosen.set(key, holder);
  }
  const ids = [...new Set([...chosen.values()].map(({ bookId }) => bookId))];
  if (ids.length === 0) return [];
  const rows = await store.db
    .selectFrom(byIndex(store, 'book', 'primary'))
    .selectAll()
    .where('id', 'in', ids)
    .execute();
  const books = new Map(rows.map((row) => [row.id, toBook(row)]));
  return [...chosen.values()].flatMap(({ digest, bookId, rank }) => {
    const book = books.get(bookId);
    return book === undefined ? [] : [{ digest, book, isNameForm: rank >= FORM_DEMERIT }];
  });
}

const firstId = sql<BookId>`min(b.id)`.as('first_id');
const firstPresentId = sql<BookId | null>`min(case when b.missing_since_s is null then b.id end)`.as(
  'first_present_id',
);

interface Holder {
  readonly digest: Buffer;
  readonly bookId: BookId;
  /** A holder with a lower rank is preferred. */
  readonly rank: number;
}

function isBefore(holder: Holder, other: Holder | undefined): boolean {
  if (other === undefined) return true;
  return holder.rank === other.rank ? holder.bookId < other.bookId : holder.rank < other.rank;
}

/** Copies of one content whose digests are collected. A library may hold one file a thousand times. */
const COPIES = 16;
/** Equivalent digests of one content. Each adds a key to the statement that answers a pull. */
const OTHERS = 16;

/**
 * The books of all libraries, present and missing, that have or had these documents as digests, or are linked to them.
 * Documents without a book are left out. Takes four statements for any number of documents.
 */
export async function cataloguedDocuments(
  store: Store,
  documents: readonly Document[],
): Promise<ReadonlyMap<string, CataloguedDocument>> {
  const holders = await holdersOfDocuments(store, documents);
  const contents = new Set<Document>();
  for (const list of holders.values())
    for (const { content } of list) if (content !== undefined) contents.add(content);
  const othersOf = await documentsOfContents(store, [...contents]);
  const others = new Set([...othersOf.values()].flatMap((list) => [...list]));
  const missing = [...others].filter((document) => !holders.has(document));
  const otherHolders = await holdersOfDocuments(store, missing);
  const known = new Map<string, CataloguedDocument>();
  for (const document of documents) {
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

/** Added to what speaks against a book whose name has the digest in another form only. More than everything else together. */
const FORM_DEMERIT = 4;
const FORM_KINDS = NAME_FORMS.map((form) => `'${form}'`).join(', ');
/** 1 for a row of `former_digest as f` that is a form of the name. */
const IS_FORM_TEXT = `case when f.kind in (${FORM_KINDS}) then 1 else 0 end`;
const IS_FORM = sql<number>`${sql.raw(`(${IS_FORM_TEXT})`)}`;

interface HolderRow {
  /** A digest of 16 bytes; with `user_id`, a document as text. */
  readonly document: Buffer;
  /** For whom a link holds; NULL: the document is a digest. */
  readonly user_id: number | null;
  /** 1: the digest is that of another form of the name. */
  readonly is_form: number | string;
  readonly library_id: LibraryId;
  readonly lowest: Buffer | null;
  readonly highest: Buffer | null;
  readonly books: number | string;
  readonly hashed: number | string;
}

const CONTENTS =
  'min(b.partial_md5) as lowest, max(b.partial_md5) as highest, count(*) as books, count(b.partial_md5) as hashed';

/**
 * The books of each document: one row for each digest and library; the database groups the books, because a file name such
 * as `cover.cbz` may belong to thousands of them. One row more for each link. One statement for 500 documents. Documents
 * without a book are left out.
 *
 * The conditions on `replaced_s` and `linked_s` look useless but are needed: these columns are not part of the index, and
 * without them MariaDB may scan the whole index, which would then hold every column that is asked for.
 */
export async function holdersOfDocuments(
  store: Store,
  documents: readonly Document[],
): Promise<ReadonlyMap<string, readonly DigestHolder[]>> {
  const holders = new Map<string, DigestHolder[]>();
  for (const chunk of idChunks(documents)) {
    const { rows } = await store.db.executeQuery<HolderRow>(holdersQuery(store, chunk));
    for (const row of rows) {
      const document = documentOfRow(row);
      if (document === undefined) continue;
      const holder = {
        libraryId: row.library_id,
        content: oneContent(row),
        ...(row.user_id === null ? {} : { linkedFor: linkedForOf(row.user_id) }),
        ...(toNumber(row.is_form) === 0 ? {} : { isNameForm: true as const }),
      };
      const list = holders.get(document);
      if (list === undefined) holders.set(document, [holder]);
      else list.push(holder);
    }
  }
  return holders;
}

function holdersQuery({ dialect }: Store, documents: readonly Document[]): CompiledQuery {
  const digests = documents.flatMap((document) => digestOfDocument(document) ?? []);
  const force = (index: string) => forceIndex(dialect, index);
  const marks = (count: number) => `(?${', ?'.repeat(count - 1)})`;
  const linked = `
    select ${inOrder(dialect)}l.document as document, l.user_id as user_id, 0 as is_form, b.library_id, ${CONTENTS}
      from document_link l${force('primary')} join book b${force('primary')} on b.id = l.book_id
      where l.document in ${marks(documents.length)} and l.linked_s is not null
      group by l.document, l.user_id, b.library_id`;
  const names = documents.map((document) => Buffer.from(document));
  if (digests.length === 0) return CompiledQuery.raw(linked, names);
  const list = marks(digests.length);
  const text = `
    select b.partial_md5 as document, null as user_id, 0 as is_form, b.library_id, ${CONTENTS}
      from book b${force('book_partial_md5')} where b.partial_md5 in ${list} group by b.partial_md5, b.library_id
    union all select b.filename_md5, null, 0, b.library_id, ${CONTENTS}
      from book b${force('book_filename_md5')} where b.filename_md5 in ${list} group by b.filename_md5, b.library_id
    union all select ${inOrder(dialect)}f.digest, null, ${IS_FORM_TEXT} as is_form, b.library_id, ${CONTENTS}
      from former_digest f${force('primary')} join book b${force('primary')} on b.id = f.book_id
      where f.digest in ${list} and f.replaced_s is not null group by f.digest, is_form, b.library_id
    union all ${linked}`;
  return CompiledQuery.raw(text, [...digests, ...digests, ...digests, ...names]);
}

function documentOfRow({ document, user_id: user }: HolderRow): Document | undefined {
  return user === null ? documentOfDigest(document) : parseDocument(document.toString('utf8'));
}

function oneContent({ lowest, highest, books, hashed }: HolderRow): Document | undefined {
  if (lowest === null || highest === null || !lowest.equals(highest)) return undefined;
  return toNumber(books) === toNumber(hashed) ? documentOfDigest(lowest) : undefined;
}

/** All current and former digests of the books that have one of these contents now, and what is linked to these books. */
async function documentsOfContents(
  store: Store,
  contents: readonly Document[],
): Promise<ReadonlyMap<Document, ReadonlySet<Document>>> {
  const digests = new Map<Document, Set<Document>>();
  const linked = new Map<Document, Document[]>();
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
    for (const { book_id: id, document, is_link: isLink } of await otherDocuments(store, chunk)) {
      const content = contentOfBook.get(id);
      if (content === undefined) continue;
      if (isLink === 0) add(digests, content, documentOfDigest(document));
      else linked.set(content, [...(linked.get(content) ?? []), ...documentsOfText(document)]);
    }
  }
  // Links have bounds of their own (document-link.ts).
  return new Map(
    [...digests].map(([content, documents]) => [
      content,
      new Set([...documents, ...(linked.get(content) ?? [])]),
    ]),
  );
}

interface OtherDocumentRow {
  readonly book_id: BookId;
  readonly document: Buffer;
  readonly is_link: number;
}

/** The former digests of books, the last replaced first, then the forms of their names, and what is linked to the books. */
async function otherDocuments(
  { db, dialect }: Store,
  ids: readonly BookId[],
): Promise<readonly OtherDocumentRow[]> {
  const list = `(?${', ?'.repeat(ids.length - 1)})`;
  const text = `
    select book_id, digest as document, 0 as is_link, ${IS_FORM_TEXT} as is_form, replaced_s as since_s
      from former_digest f${forceIndex(dialect, 'former_digest_book')} where book_id in ${list}
    union all select book_id, document, 1, 0, linked_s
      from document_link${forceIndex(dialect, 'document_link_book')} where book_id in ${list}
    order by is_form, since_s desc`;
  const { rows } = await db.executeQuery<OtherDocumentRow>(CompiledQuery.raw(text, [...ids, ...ids]));
  return rows;
}

function documentsOfText(bytes: Buffer): readonly Document[] {
  const document = parseDocument(bytes.toString('utf8'));
  return document === undefined ? [] : [document];
}

function add(digests: Map<Document, Set<Document>>, content: Document, document: Document): void {
  const set = digests.get(content) ?? new Set();
  if (set.size <= OTHERS) set.add(document);
  digests.set(content, set);
}

function fromHex(document: Document): Buffer {
  return Buffer.from(document, 'hex');
}

/** Deletes single rows of a book: forms of its name past their bound. */
export async function deleteNameForms(store: Store, forms: readonly FormerDigestOf[]): Promise<void> {
  if (forms.length === 0) return;
  await changeCached(store, 'catalogue', async ({ db }) => {
    for (const { bookId, digest, kind } of forms) {
      await db
        .deleteFrom('former_digest')
        .where('digest', '=', digest)
        .where('book_id', '=', bookId)
        .where('kind', '=', kind)
        .execute();
    }
  });
}
