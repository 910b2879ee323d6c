import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import type { BookId, LibraryId } from '../domain/ids.js';
import { areEqual, type CataloguedBook, type FormerDigest, type FormerDigestOf } from './book.js';
import { readLibraryAccess } from '../library/library-reader-repository.js';
import { isVisibleIn, type LibraryAccess } from '../library/library-visibility.js';
import { deleteMetadata } from './book-metadata-repository.js';
import { deleteListedNames } from './listed-name-repository.js';
import { deleteWholeHashes, isOfState, wholeHashesOf } from './whole-hash-repository.js';
import {
  booksAtPaths,
  booksById,
  deleteBooks,
  isInScope,
  lockBooks,
  lockWholeBooks,
  type RemovalScope,
} from './book-repository.js';
import {
  addFormerDigests,
  allFormerDigestsOf,
  booksOutside,
  deleteFormerDigests,
  formerHoldersOutside,
} from './digest-repository.js';
import type { LinkedFor } from './document-link.js';
import {
  deleteLinksOfBooks,
  insertStoredLinks,
  moveLinks,
  storedLinksOf,
} from './document-link-repository.js';
import {
  deleteKeptDigests,
  hasKeptDigests,
  keepDigests,
  type KeptDigest,
  keptDigestsOf,
} from './kept-digest-repository.js';
import {
  deleteKeptLinks,
  hasKeptLinks,
  keepLinks,
  type KeptLink,
  keptLinksOf,
} from './kept-link-repository.js';

// A reader computes a digest once and may send it for ever. So the digests of a book that is removed go to the books of
// the same content in other libraries. Where there is none, they are kept, and the next book of this content that a scan
// finds takes them over; the same holds for the links of documents. The content is the partial MD5 together with the size:
// readers see no more of a file either. Where several copies have it, hashes of whole files decide, if they are stored.

/** The books that inherit from each book: one for each library that has its content. */
type Heirs = ReadonlyMap<BookId, readonly BookId[]>;

/**
 * Which books outside of the scope inherit the digests of these books. A library is restricted to some users or not, so
 * each library that has the content gets an heir. Of several copies in one library it is one that is the same to the last
 * byte, as far as `verify --full` knows, then the one of the same file name, then one that is present, then the oldest.
 * Where no library has the content now, a book that had it before inherits.
 */
async function findHeirs(
  store: Store,
  scope: RemovalScope,
  books: readonly CataloguedBook[],
): Promise<Heirs> {
  const heirs = new Map<BookId, readonly BookId[]>();
  const outside = await booksOutside(store, scope, partialMd5sOf(books));
  const copies = groupBy(outside, contentKey);
  const wholeHashes = await currentWholeHashes(store, outside.length > 1 ? [...books, ...outside] : []);
  const without: CataloguedBook[] = [];
  for (const book of books) {
    if (book.partialMd5 === undefined) continue;
    const same = groupBy(copies.get(contentKey(book)) ?? [], (copy) => copy.libraryId);
    if (same.size === 0) without.push(book);
    else
      heirs.set(
        book.id,
        [...same.values()].flatMap((list) => chooseHeir(book, list, wholeHashes)?.id ?? []),
      );
  }
  const former = groupBy(await formerHoldersOutside(store, scope, partialMd5sOf(without)), ({ partialMd5 }) =>
    partialMd5.toString('latin1'),
  );
  for (const { id, partialMd5 } of without) {
    const holders = former.get(partialMd5?.toString('latin1') ?? '');
    if (holders !== undefined)
      heirs.set(
        id,
        holders.map(({ bookId }) => bookId),
      );
  }
  return heirs;
}

function chooseHeir(
  book: CataloguedBook,
  copies: readonly CataloguedBook[],
  wholeHashes: ReadonlyMap<BookId, Buffer>,
): CataloguedBook | undefined {
  const own = wholeHashes.get(book.id);
  const isSame = ({ id }: CataloguedBook) => own !== undefined && wholeHashes.get(id)?.equals(own) === true;
  const isUnknown = ({ id }: CataloguedBook) => own === undefined || !wholeHashes.has(id);
  const possible =
    [copies.filter(isSame), copies.filter(isUnknown)].find(({ length }) => length > 0) ?? copies;
  return possible.find(({ filenameMd5 }) => areEqual(filenameMd5, book.filenameMd5)) ?? possible[0];
}

/** Those that were stored of the files as they are. */
async function currentWholeHashes(
  store: Store,
  books: readonly CataloguedBook[],
): Promise<ReadonlyMap<BookId, Buffer>> {
  const stored = await wholeHashesOf(
    store,
    books.map(({ id }) => id),
  );
  return new Map(
    books.flatMap((book) => {
      const hash = stored.get(book.id);
      return hash !== undefined && isOfState(hash, book) ? [[book.id, hash.sha256] as const] : [];
    }),
  );
}

/** Those of these books, all of the scope, whose digests find no book after the removal. */
export async function withoutHeirs(
  store: Store,
  scope: RemovalScope,
  ids: readonly BookId[],
): Promise<readonly BookId[]> {
  const heirs = await findHeirs(store, scope, await booksById(store, ids));
  return ids.filter((id) => !heirs.has(id));
}

export interface Removed {
  /** The books that were deleted. */
  readonly books: readonly BookId[];
  /** The partial MD5s of those whose digests are kept for a book of the same content. */
  readonly kept: readonly Buffer[];
}

/**
 * Deletes books that still are in the scope and hands on their digests and links, in the caller's transaction. The rows
 * of the books and of their heirs are locked first: a transaction that is about to keep a former digest of one of them
 * has locked its row.
 *
 * @param ids some hundred at most
 * @param nowS seconds since 1970, when the current digests count as replaced
 */
export async function removeBooks(
  transaction: Store,
  scope: RemovalScope,
  ids: readonly BookId[],
  nowS: number,
): Promise<Removed> {
  const going = new Set(ids);
  const locked = await lockWithHeirs(transaction, scope, ids);
  const books = locked.books.filter((book) => going.has(book.id) && isInScope(book, scope));
  const byId = new Map(locked.books.map((book) => [book.id, book]));
  const former = await formerByBook(transaction, books);
  const inherited: FormerDigestOf[] = [];
  const kept: KeptDigest[] = [];
  for (const book of books) {
    const digests = handedOn(book, former.get(book.id) ?? [], nowS);
    const { partialMd5, sizeBytes } = book;
    const heirs = (locked.heirs.get(book.id) ?? []).flatMap((id) => byId.get(id) ?? []);
    for (const heir of heirs) {
      const own = digests.filter(({ digest, kind }) => !areEqual(currentDigest(heir, kind), digest));
      inherited.push(...own.map((digest) => ({ ...digest, bookId: heir.id })));
    }
    if (heirs.length === 0 && partialMd5 !== undefined) {
      // The forms of a name are made anew for the next book.
      const others = digests.filter(
        ({ digest, kind }) => kind === 'filename' || (kind === 'partial' && !digest.equals(partialMd5)),
      );
      kept.push(...others.map((digest) => ({ ...digest, partialMd5, sizeBytes })));
    }
  }
  await addFormerDigests(transaction, inherited);
  await keepDigests(transaction, kept);
  const removed = books.map(({ id }) => id);
  const access = await readLibraryAccess(transaction);
  await moveLinks(transaction, removed, (from, linkedFor) => {
    const heirs = (locked.heirs.get(from) ?? []).flatMap((id) => byId.get(id) ?? []);
    return (heirs.find(({ libraryId }) => isVisibleFor(access, linkedFor, libraryId)) ?? heirs[0])?.id;
  });
  const ofRemoved = await keepLinksWithoutHeir(transaction, books);
  await deleteLinksOfBooks(transaction, removed);
  await deleteBooks(transaction, removed);
  await deleteFormerDigests(transaction, removed);
  await deleteMetadata(transaction, removed);
  await deleteListedNames(transaction, removed);
  await deleteWholeHashes(transaction, removed);
  return { books: removed, kept: distinct([...kept, ...ofRemoved].map(({ partialMd5 }) => partialMd5)) };
}

/** Links that have moved to an heir are none of these books any more. */
async function keepLinksWithoutHeir(
  transaction: Store,
  books: readonly CataloguedBook[],
): Promise<readonly KeptLink[]> {
  const byId = new Map(books.map((book) => [book.id, book]));
  const links = await storedLinksOf(transaction, [...byId.keys()]);
  const kept = links.flatMap(({ book_id: bookId, ...link }) => {
    const { partialMd5, sizeBytes = 0 } = byId.get(bookId) ?? {};
    return partialMd5 === undefined ? [] : [{ ...link, partialMd5, sizeBytes }];
  });
  await keepLinks(transaction, kept);
  return kept;
}

/**
 * To be called after the commit of a removal. In MySQL a scan may have written a book of the same content in that moment:
 * neither saw the other. The scan looks once more after its own commit too, so one of the two finds the digests.
 *
 * @param kept as `removeBooks` returned it
 */
export async function claimAfterRemoval(
  store: Store,
  scope: RemovalScope,
  { kept }: Pick<Removed, 'kept'>,
): Promise<void> {
  if (store.dialect !== 'mysql' || kept.length === 0) return;
  const books = await booksOutside(store, scope, kept);
  for (const [libraryId, some] of groupBy(books, (book) => book.libraryId)) {
    const files = some.flatMap(({ partialMd5, filenameMd5, ...book }) =>
      partialMd5 === undefined || filenameMd5 === undefined ? [] : [{ ...book, partialMd5, filenameMd5 }],
    );
    await inTransaction(store, (transaction) => claimKept(transaction, libraryId, files));
  }
}

/** A link leads to one book only: it must be one that those may see for whom it holds. */
function isVisibleFor(access: LibraryAccess, linkedFor: LinkedFor, library: LibraryId): boolean {
  return linkedFor === 'everybody'
    ? access.get(library) === 'everybody'
    : isVisibleIn(access, linkedFor)(library);
}

interface LockedWithHeirs {
  /** The books to remove and their heirs, as they are now. */
  readonly books: readonly CataloguedBook[];
  readonly heirs: Heirs;
}

/**
 * All rows in one order, because transactions that lock the same rows in different orders may deadlock. Who the heirs are
 * is read before their rows are locked. An heir that was deleted or hashed anew in between still is a book that had the
 * content a moment ago, or none.
 */
async function lockWithHeirs(
  transaction: Store,
  scope: RemovalScope,
  ids: readonly BookId[],
): Promise<LockedWithHeirs> {
  const before = await booksById(transaction, ids);
  const heirs = await findHeirs(transaction, scope, before);
  const books = await lockWholeBooks(transaction, [...new Set([...ids, ...[...heirs.values()].flat()])]);
  const there = new Set(books.map(({ id }) => id));
  const alive = [...heirs].flatMap(([id, list]) => {
    const left = list.filter((heir) => there.has(heir));
    return left.length === 0 ? [] : [[id, left] as const];
  });
  return { books, heirs: new Map(alive) };
}

/** A file that a scan wrote into the catalogue, with the digests that it has now. */
export interface CataloguedFile {
  readonly path: Buffer;
  readonly sizeBytes: number;
  readonly partialMd5: Buffer;
  readonly filenameMd5: Buffer;
}

/**
 * Gives new books the digests and links of removed books of the same content, in the transaction that wrote them. Of
 * several files of one content it is the one of the same name, or else the first. Asked anew in each transaction: a
 * library may be removed while another one, into which its files were moved, is being scanned.
 */
export async function claimKept(
  transaction: Store,
  libraryId: LibraryId,
  files: readonly CataloguedFile[],
): Promise<void> {
  // A book that leaves links leaves a digest too, of its name.
  if (files.length === 0 || !(await hasKeptDigests(transaction))) return;
  const hasLinks = await hasKeptLinks(transaction);
  const contents = distinct(files.map(({ partialMd5 }) => partialMd5));
  const digests = groupBy(await keptDigestsOf(transaction, contents), contentKey);
  const links = groupBy(hasLinks ? await keptLinksOf(transaction, contents) : [], contentKey);
  const filesOf = groupBy(files, contentKey);
  const claims = [...new Set([...digests.keys(), ...links.keys()])].flatMap((content) => {
    const candidates = filesOf.get(content) ?? [];
    const claim = { digests: digests.get(content) ?? [], links: links.get(content) ?? [] };
    const isNamed = ({ filenameMd5 }: CataloguedFile) =>
      claim.digests.some(({ kind, digest }) => kind === 'filename' && digest.equals(filenameMd5));
    const file = candidates.find(isNamed) ?? candidates[0];
    return file === undefined ? [] : [{ ...claim, file }];
  });
  const places = await booksAtPaths(
    transaction,
    libraryId,
    claims.map(({ file }) => file.path),
  );
  // A removal of these books must wait, or it would not hand on what they get here.
  const locked = await lockBooks(
    transaction,
    places.map(({ id }) => id).toSorted((a, b) => a - b),
  );
  const idOf = new Map([...locked].map(([id, { path }]) => [path.toString('latin1'), id]));
  const claimed = claims.flatMap((claim) => {
    const id = idOf.get(claim.file.path.toString('latin1'));
    return id === undefined ? [] : [{ ...claim, bookId: id }];
  });
  await addFormerDigests(
    transaction,
    claimed.flatMap(({ bookId, file, digests: own }) =>
      own.flatMap((digest) =>
        areEqual(currentDigest(file, digest.kind), digest.digest) ? [] : [{ ...digest, bookId }],
      ),
    ),
  );
  for (const { bookId, links: own } of claimed) await insertStoredLinks(transaction, bookId, own);
  await deleteKeptDigests(
    transaction,
    claimed.flatMap(({ digests: own }) => own.map(({ id }) => id)),
  );
  await deleteKeptLinks(
    transaction,
    claimed.flatMap(({ links: own }) => own.map(({ id }) => id)),
  );
}

/** All digests of the book: those of now, and those that it had before. */
function handedOn(
  { partialMd5, filenameMd5 }: CataloguedBook,
  former: readonly FormerDigest[],
  nowS: number,
): readonly FormerDigest[] {
  const digests: FormerDigest[] = [...former];
  if (partialMd5 !== undefined) digests.push({ kind: 'partial', digest: partialMd5, replacedSeconds: nowS });
  if (filenameMd5 !== undefined)
    digests.push({ kind: 'filename', digest: filenameMd5, replacedSeconds: nowS });
  return digests;
}

async function formerByBook(
  store: Store,
  books: readonly CataloguedBook[],
): Promise<ReadonlyMap<BookId, readonly FormerDigest[]>> {
  const former = await allFormerDigestsOf(
    store,
    books.map(({ id }) => id),
  );
  return groupBy(former, ({ bookId }) => bookId);
}

function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

type Content = Pick<CataloguedBook, 'partialMd5' | 'sizeBytes'>;

function contentKey({ partialMd5, sizeBytes }: Content): string {
  return `${partialMd5?.toString('latin1') ?? ''} ${String(sizeBytes)}`;
}

function partialMd5sOf(books: readonly Content[]): readonly Buffer[] {
  return distinct(books.flatMap(({ partialMd5 }) => partialMd5 ?? []));
}

function distinct(digests: readonly Buffer[]): readonly Buffer[] {
  return [...new Map(digests.map((digest) => [digest.toString('latin1'), digest])).values()];
}

function currentDigest(
  { partialMd5, filenameMd5 }: Pick<CataloguedBook, 'partialMd5' | 'filenameMd5'>,
  kind: FormerDigest['kind'],
): Buffer | undefined {
  return kind === 'partial' ? partialMd5 : filenameMd5;
}
