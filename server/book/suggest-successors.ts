import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import type { BookId } from '../domain/ids.js';
import type { Library } from '../library/library.js';
import type { CataloguedBook } from './book.js';
import { type BookMetadata, haveCommonAuthor, haveSameTitle, isContradicted } from './book-metadata.js';
import { booksOfStructure, metadataOfBooks } from './book-metadata-repository.js';
import { bookAhead, booksById, booksInRange } from './book-repository.js';
import { calibreNumberOfPath, likenessOfNames, type NameLikeness } from './certain-renames.js';
import { booksWithDigest } from './digest-repository.js';
import { getVisibleBook } from './get-book.js';
import { listBooks } from './list-books.js';
import { foldedText } from './path-search.js';
import { type SyncReadiness, syncReadiness } from './sync-readiness.js';

/** In the order of their weight. */
export const SUCCESSOR_REASONS = [
  'same-structure',
  'same-title-and-author',
  'same-file-name',
  'same-title',
  'similar-file-name',
  'same-folder',
] as const;
export type SuccessorReason = (typeof SUCCESSOR_REASONS)[number];

/** A present book that a missing one may have become. */
export interface Successor {
  readonly book: CataloguedBook;
  readonly readiness: SyncReadiness;
  readonly metadata: BookMetadata | undefined;
  /** The strongest reason. */
  readonly reason: SuccessorReason;
}

/** More of them help nobody to choose. */
const SUGGESTED = 5;
/** Books of one folder that one statement examines, in some 10 ms. In a larger folder the rest is not looked at. */
const FOLDER_EXAMINED = 20_000;
/** Newer books of the folder, and books of one file name or title, that are compared. */
const COMPARED = 200;
/** A book of a similar name appears with the scan that misses the other one, or later. Scans may take hours. */
const DAY_MS = 86_400_000;

/**
 * Books of the same library that a missing book may have become, where a scan could not be certain: they were added later,
 * and have the same structure or title, or a similar name or size. The strongest reason first.
 *
 * @returns none for a book that is not missing or has no digests by which a device could find it
 * @throws DogearError `book-not-found`, also for a book that the actor may not see
 */
export async function suggestSuccessors(
  store: Store,
  actor: Actor,
  id: BookId,
): Promise<readonly Successor[]> {
  const { book: missing, library } = await getVisibleBook(store, actor, id);
  if (missing.missingSinceSeconds === undefined || missing.partialMd5 === undefined) return [];
  const before = (await metadataOfBooks(store, [id])).get(id);
  const likely = await likelyBooks(store, actor, library, missing, before);
  const candidates = [...likely.books.values()].filter((book) => isLaterAndReady(missing, book));
  const metadata = await metadataOfBooks(
    store,
    candidates.map((book) => book.id),
  );
  const successors = candidates.flatMap((book) => {
    const now = metadata.get(book.id);
    const reason = likely.ofStructure.has(book.id) ? 'same-structure' : reasonOf(missing, before, book, now);
    const readiness = syncReadiness(book, library.koreaderHashes);
    return reason === undefined ? [] : [{ book, readiness, metadata: now, reason }];
  });
  return successors.toSorted(byWeight(missing)).slice(0, SUGGESTED);
}

interface LikelyBooks {
  readonly books: ReadonlyMap<BookId, CataloguedBook>;
  readonly ofStructure: ReadonlySet<BookId>;
}

async function likelyBooks(
  store: Store,
  actor: Actor,
  library: Library,
  missing: CataloguedBook,
  before: BookMetadata | undefined,
): Promise<LikelyBooks> {
  const structure =
    before?.structureMd5 === undefined
      ? []
      : await booksOfStructure(store, before.structureMd5, [library.id]);
  const ofStructure = new Set(structure.map(({ id }) => id));
  const books = [
    ...(await booksById(store, [...ofStructure])),
    ...(await laterBooksOfFolder(store, missing)),
    ...(await booksOfName(store, library, missing)),
    ...(await booksOfTitle(store, actor, library, before)),
  ];
  return { books: new Map(books.map((book) => [book.id, book])), ofStructure };
}

/** Of the folder of the author, where Calibre has put the book: it renames the folder of a book with its title. */
async function laterBooksOfFolder(store: Store, missing: CataloguedBook): Promise<readonly CataloguedBook[]> {
  const parts = missing.path.toString('latin1').split('/');
  const folders = parts.slice(0, calibreNumberOfPath(missing.path) === undefined ? -1 : -2);
  const folder = Buffer.from(folders.map((name) => `${name}/`).join(''), 'latin1');
  const { libraryId } = missing;
  // All paths in the folder stand behind `folder/` and before `folder0`, because 0 follows the slash.
  const end = Buffer.concat([folder.subarray(0, -1), Buffer.from('0')]);
  const ahead = await bookAhead(store, libraryId, folder, FOLDER_EXAMINED);
  const isWithin = ahead !== undefined && (folder.length === 0 || Buffer.compare(ahead.path, end) < 0);
  return booksInRange(store, {
    libraryId,
    after: folder,
    upTo: isWithin ? ahead.path : folder.length === 0 ? undefined : end,
    holding: [],
    state: 'ready',
    addedAfter: missing.id,
    limit: COMPARED,
  });
}

async function booksOfName(
  store: Store,
  { id }: Library,
  { filenameMd5 }: CataloguedBook,
): Promise<readonly CataloguedBook[]> {
  if (filenameMd5 === undefined) return [];
  return booksWithDigest(store, filenameMd5, { libraryIds: [id], afterId: undefined, limit: COMPARED });
}

async function booksOfTitle(
  store: Store,
  actor: Actor,
  { id }: Library,
  before: BookMetadata | undefined,
): Promise<readonly CataloguedBook[]> {
  if (before?.title === undefined) return [];
  const search = { words: [foldedText(before.title)], asciiRuns: [] };
  const filter = { libraryId: id, wanted: { kind: 'title', search }, state: 'ready' } as const;
  const { items } = await listBooks(store, actor, filter, { after: undefined, limit: COMPARED });
  return items.map(({ book }) => book);
}

function isLaterAndReady(missing: CataloguedBook, book: CataloguedBook): boolean {
  return (
    book.id > missing.id &&
    book.missingSinceSeconds === undefined &&
    book.partialMd5 !== undefined &&
    book.filenameMd5 !== undefined
  );
}

const REASON_OF_NAMES: Readonly<Record<NameLikeness, SuccessorReason>> = {
  'same-name': 'same-file-name',
  'similar-name': 'similar-file-name',
  'same-folder': 'same-folder',
};

function reasonOf(
  missing: CataloguedBook,
  before: BookMetadata | undefined,
  book: CataloguedBook,
  now: BookMetadata | undefined,
): SuccessorReason | undefined {
  const isOther = before !== undefined && now !== undefined && isContradicted(before, now);
  const isSameTitle = before !== undefined && now !== undefined && haveSameTitle(before, now);
  if (isSameTitle && haveCommonAuthor(before, now)) return 'same-title-and-author';
  const names = likenessOfNames(missing, book);
  if (names === 'same-name') return REASON_OF_NAMES[names];
  if (isSameTitle) return 'same-title';
  if (names === undefined || !appearedThen(missing, book)) return undefined;
  return names === 'same-folder' && isOther ? undefined : REASON_OF_NAMES[names];
}

/** Whether its digests were made when the missing book was missed, or later. */
function appearedThen({ missingSinceSeconds }: CataloguedBook, { hashedMs }: CataloguedBook): boolean {
  if (missingSinceSeconds === undefined || hashedMs === undefined) return false;
  return hashedMs >= missingSinceSeconds * 1000 - DAY_MS;
}

function byWeight(missing: CataloguedBook): (left: Successor, right: Successor) => number {
  const weight = ({ reason }: Successor) => SUCCESSOR_REASONS.indexOf(reason);
  const difference = ({ book }: Successor) => Math.abs(book.sizeBytes - missing.sizeBytes);
  return (left, right) =>
    weight(left) - weight(right) || difference(left) - difference(right) || left.book.id - right.book.id;
}
