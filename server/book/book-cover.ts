import type { Actor } from '../domain/actor.js';
import type { LibraryId } from '../domain/ids.js';
import type { BookFileState } from '../positions/epub/file-reader.js';
import {
  type BookFileContext,
  type DownloadableFile,
  type BookFileFailure,
  throwFailure,
} from './book-file.js';

export interface CoverRequest {
  readonly libraryId: LibraryId;
  readonly path: Buffer;
  readonly state: BookFileState;
  readonly source: 'epub' | 'comic';
}

export type CoverOutcome =
  | { readonly state: 'read'; readonly bytes: Uint8Array; readonly mediaType: string }
  /** The book has no cover, or none that is an image of a safe kind. */
  | { readonly state: 'none' }
  | BookFileFailure;

/** Reads in another thread: storage may hang, and a hostile book takes time. Never rejects. */
export type ReadCover = (request: CoverRequest) => Promise<CoverOutcome>;

export interface Cover {
  readonly bytes: Uint8Array;
  /** One of images without scripts. */
  readonly mediaType: string;
}

/**
 * The cover that an EPUB names, or the first page of a comic in a ZIP archive, as it is in the file. It is not resized: that
 * takes a decoder of images, which is a large native package, and hostile images are made for decoders. It is not kept
 * either: finding it takes some milliseconds, and browsers keep it.
 *
 * @returns `undefined` when the book has none
 * @throws DogearError as `readBookFile`
 */
export async function readBookCover(
  { readCover, changedBooks }: Pick<BookFileContext, 'changedBooks'> & { readonly readCover: ReadCover },
  actor: Actor,
  { bookId, libraryId, path, state, name }: DownloadableFile,
): Promise<Cover | undefined> {
  const source = coverSourceOf(name);
  if (source === undefined) return undefined;
  const outcome = await readCover({ libraryId, path, state, source });
  switch (outcome.state) {
    case 'read':
      return outcome;
    case 'none':
      return undefined;
    case 'changed':
    case 'gone':
    case 'unreadable':
    case 'slow':
      return throwFailure(outcome, () => changedBooks.rehash(actor, bookId));
    default:
      return outcome satisfies never;
  }
}

/** Where a file of this name has its cover. `undefined`: nowhere that is read. */
export function coverSourceOf(name: string): CoverRequest['source'] | undefined {
  if (/\.(?:k?epub|epub3)$/i.test(name)) return 'epub';
  return /\.cbz$/i.test(name) ? 'comic' : undefined;
}
