import { errorMessage } from '../domain/error-text.js';
import type { Store } from '../database/store.js';
import type { Library } from '../library/library.js';
import { booksOfContent, repeatedContents } from './digest-repository.js';
import { fileOfBook, sha256OfFile } from './sha256-of-file.js';

/** Copies of one content that are read. More than this are no mistake, and each is read as a whole. */
const COPIES_READ = 1000;
/** The first bytes of digests: one statement covers the digests that begin with one of them. */
const FIRST_BYTES = 256;

export interface DuplicateBook {
  readonly library: Library;
  readonly path: Buffer;
}

/** Books whose files are the same to the last byte. */
export interface Duplicates {
  readonly sizeBytes: number;
  /** Of each file, as a whole. */
  readonly sha256: Buffer;
  /** Two or more, in the order in which they were catalogued. */
  readonly books: readonly DuplicateBook[];
}

/**
 * Finds present books of these libraries that have the same content. Books of one partial MD5 and size are candidates;
 * their files are then read as a whole, because the digest covers a part of a file only. Empty files do not count.
 *
 * @param onFailure called for each file that cannot be read; it counts as no duplicate
 * @throws the signal's reason once it is aborted
 */
export async function* findDuplicates(
  store: Store,
  libraries: readonly Library[],
  {
    signal,
    onFailure,
  }: { readonly signal: AbortSignal; onFailure(this: void, book: DuplicateBook, message: string): void },
): AsyncGenerator<Duplicates> {
  const byId = new Map(libraries.map((library) => [library.id, library]));
  const libraryIds = [...byId.keys()];
  for (let first = 0; first < FIRST_BYTES; first++) {
    for (const content of await repeatedContents(store, libraryIds, first)) {
      const books = await booksOfContent(store, libraryIds, { ...content, limit: COPIES_READ });
      const groups = new Map<string, { readonly sha256: Buffer; readonly books: DuplicateBook[] }>();
      for (const { libraryId, path } of books) {
        signal.throwIfAborted();
        const library = byId.get(libraryId);
        if (library === undefined) continue;
        const book = { library, path };
        try {
          const sha256 = await sha256OfFile(fileOfBook(book), { signal });
          const key = sha256.toString('latin1');
          const group = groups.get(key) ?? { sha256, books: [] };
          group.books.push(book);
          groups.set(key, group);
        } catch (error) {
          signal.throwIfAborted();
          onFailure(book, errorMessage(error));
        }
      }
      for (const { sha256, books: same } of groups.values()) {
        if (same.length > 1) yield { sizeBytes: content.sizeBytes, sha256, books: same };
      }
    }
  }
}
