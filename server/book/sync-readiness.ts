import type { CataloguedBook } from './book.js';

/** Whether a reader that opens the file today finds its book, and what is in the way. */
export type SyncReadiness =
  | { readonly ready: true }
  | {
      readonly ready: false;
      /**
       * `missing`: the last complete scan did not see the file. `hash-failed`: the file as it is now could not be
       * read. `hashes-off`: its library makes no digests. `not-hashed`: no scan has hashed it yet.
       */
      readonly reason: 'missing' | 'hash-failed' | 'hashes-off' | 'not-hashed';
    };

/**
 * Digests that the book had before are no question here: whatever its state, readers that send one of those find it.
 *
 * @param koreaderHashes whether the book's library makes digests; a book that has digests of before it was switched
 *   off is ready all the same as long as its file is the one that was hashed
 */
export function syncReadiness(
  book: Pick<CataloguedBook, 'partialMd5' | 'filenameMd5' | 'hashedMs' | 'missingSinceSeconds' | 'failure'>,
  koreaderHashes: boolean,
): SyncReadiness {
  if (book.missingSinceSeconds !== undefined) return { ready: false, reason: 'missing' };
  if (book.failure !== undefined) return { ready: false, reason: 'hash-failed' };
  const isHashed =
    book.partialMd5 !== undefined && book.filenameMd5 !== undefined && book.hashedMs !== undefined;
  if (isHashed) return { ready: true };
  return { ready: false, reason: koreaderHashes ? 'not-hashed' : 'hashes-off' };
}
