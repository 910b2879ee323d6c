import type { CataloguedBook } from './book.js';

/** Whether a reader that opens the file as it is now would be recognised, and why not. */
export type SyncReadiness =
  | { readonly ready: true }
  | {
      readonly ready: false;
      /**
       * `missing`: the last complete scan did not find the file. `hash-failed`: the file as it is now could not be
       * read. `hashes-off`: its library makes no digests. `not-hashed`: no scan has hashed the file yet.
       */
      readonly reason: 'missing' | 'hash-failed' | 'hashes-off' | 'not-hashed';
    };

/** The states in which a list shows books: ready, or why not. */
export type SyncState = 'ready' | 'missing' | 'failed' | 'not-hashed';

/**
 * The same states in memory; book-repository.ts has them in SQL. Books that have no hashes because they are switched off
 * count as `not-hashed`.
 */
export function isInSyncState(readiness: SyncReadiness, state: SyncState): boolean {
  if (readiness.ready) return state === 'ready';
  switch (readiness.reason) {
    case 'missing':
      return state === 'missing';
    case 'hash-failed':
      return state === 'failed';
    case 'hashes-off':
    case 'not-hashed':
      return state === 'not-hashed';
    default:
      return readiness.reason satisfies never;
  }
}

/**
 * Judges the book's current digests only. A former digest finds the book whatever its state is.
 *
 * @param koreaderHashes whether the book's library makes digests. A book that was hashed before they were switched off
 *   is still ready, as long as its file has not changed since
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
