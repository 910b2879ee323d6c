import { type Engine, EntryBatch, EntryBatchBuilder } from '../../engine/index.js';
import type { Store } from '../database/store.js';
import { DogearError } from '../domain/dogear-error.js';
import type { Library } from '../library/library.js';
import type { CataloguedBook } from './book.js';
import { booksInRange } from './book-repository.js';

/** Files that one thread hashes together, and rows of one page of the catalogue. */
const BOOKS_AT_ONCE = 500;

export type VerifyFinding =
  /** The file has the size and time of the catalogue, but not the digest that is stored. */
  | { readonly state: 'differs'; readonly path: Buffer; readonly stored: Buffer; readonly found: Buffer }
  | { readonly state: 'failed'; readonly path: Buffer; readonly code: string; readonly message: string };

export interface VerifyCounts {
  /** Files that have the digest of the catalogue. */
  readonly verified: number;
  readonly differing: number;
  /** Files whose size or time is another: the next scan hashes them. */
  readonly changed: number;
  readonly failed: number;
  /** Books without a digest of their present file, and missing ones. */
  readonly skipped: number;
}

/** Books of one page and their files, which travel through the engine together. */
class BooksToVerify extends EntryBatch {
  /** In a private field, which is not copied when the engine posts the batch to a thread. */
  readonly #books: readonly CataloguedBook[];

  constructor(entries: EntryBatch, books: readonly CataloguedBook[]) {
    super(entries);
    this.#books = books;
  }

  bookAt(index: number): CataloguedBook | undefined {
    return this.#books[index];
  }
}

/**
 * Hashes the files of a library again and compares them with the catalogue, which stays as it is. The partial MD5 covers
 * at most 12 kilobytes of a file, so most damage elsewhere is not seen.
 *
 * @param onFinding called for each file that differs or cannot be read, as they come
 * @throws DogearError `hashes-off`: the library makes no digests; EngineError `aborted`
 */
export async function verifyLibrary(
  { store, engine }: { readonly store: Store; readonly engine: Engine },
  library: Library,
  {
    signal,
    onFinding,
  }: { readonly signal: AbortSignal; onFinding(this: void, finding: VerifyFinding): void },
): Promise<VerifyCounts> {
  if (!library.koreaderHashes) {
    throw new DogearError('hashes-off', `The library "${library.name}" makes no KOReader hashes.`);
  }
  const counts = { verified: 0, differing: 0, changed: 0, failed: 0, skipped: 0 };
  async function* pages(): AsyncGenerator<BooksToVerify> {
    const builder = new EntryBatchBuilder();
    for await (const page of pagesOfBooks(store, library)) {
      const books = page.filter((book) => isHashed(book));
      counts.skipped += page.length - books.length;
      for (const book of books)
        builder.addFile(book.path.toString('latin1'), book.sizeBytes, book.modifiedNs);
      yield new BooksToVerify(builder.take(), books);
    }
  }
  const { followLinks } = library.fileRules;
  for await (const hashed of engine.hash(library.root, pages(), { followLinks, signal })) {
    for (let index = 0; index < hashed.entries.length; index++) {
      const book = hashed.entries.bookAt(index);
      if (book?.partialMd5 === undefined) continue;
      const { path, partialMd5: stored } = book;
      const failure = hashed.failureAt(index);
      const found = Buffer.from(hashed.partialMd5.subarray(index * 16, (index + 1) * 16));
      if (failure !== undefined) {
        counts.failed++;
        onFinding({ state: 'failed', path, code: failure.code, message: failure.message });
      } else if (hashed.sizeBytes[index] !== book.sizeBytes || hashed.modifiedNs[index] !== book.modifiedNs) {
        counts.changed++;
      } else if (found.equals(stored)) counts.verified++;
      else {
        counts.differing++;
        onFinding({ state: 'differs', path, stored, found });
      }
    }
  }
  return counts;
}

export async function* pagesOfBooks(
  store: Store,
  { id }: Library,
): AsyncGenerator<readonly CataloguedBook[]> {
  for (let after: Buffer | undefined = Buffer.alloc(0); after !== undefined;) {
    const page: readonly CataloguedBook[] = await booksInRange(store, {
      libraryId: id,
      after,
      upTo: undefined,
      holding: [],
      limit: BOOKS_AT_ONCE,
    });
    if (page.length > 0) yield page;
    after = page.at(-1)?.path;
  }
}

function isHashed({ partialMd5, hashedMs, missingSinceSeconds, failure }: CataloguedBook): boolean {
  return (
    partialMd5 !== undefined &&
    hashedMs !== undefined &&
    missingSinceSeconds === undefined &&
    failure === undefined
  );
}
