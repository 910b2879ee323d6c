import type { Actor } from '../domain/actor.js';
import type { LibraryId } from '../domain/ids.js';
import type { BookFileState } from '../positions/epub/file-reader.js';
import type { BookFileContext, BookFileFailure, DownloadableFile } from './book-file.js';

/** Covers have some hundred kilobytes, scanned pages of comics up to some megabytes. */
export const MOST_COVER_BYTES = 4 * 1024 * 1024;

export interface CoverRequest {
  readonly libraryId: LibraryId;
  readonly path: Buffer;
  readonly state: BookFileState;
  readonly source: 'epub' | 'comic';
  /** A larger picture counts as none. */
  readonly limitBytes: number;
}

export type CoverOutcome =
  | { readonly state: 'read'; readonly bytes: Uint8Array; readonly mediaType: string }
  /** The book has no cover, or none that is an image of a safe kind. */
  | { readonly state: 'none' }
  | BookFileFailure;

/** Reads in another thread: storage may hang, and a hostile book takes time. Never rejects. */
export type ReadCover = (request: CoverRequest) => Promise<CoverOutcome>;

export type Cover =
  /** The media type is one of images without scripts. */
  | { readonly state: 'read'; readonly bytes: Uint8Array; readonly mediaType: string }
  /** There is none as long as the file is what it is. */
  | { readonly state: 'none' }
  /** The file could not be read as the catalogue has it: this may change at any time. */
  | { readonly state: 'away' };

/**
 * The cover that an EPUB names, or the first page of a comic in a ZIP archive, as it is in the file. It is not resized: that
 * takes a decoder of images, which is a large native package, and hostile images are made for decoders. It is not kept
 * either: finding it takes some milliseconds, and browsers keep it.
 *
 * Why a file cannot be read is no error here: a cover is an ornament of lists, and browsers report an error for each picture.
 * A file that has changed is hashed again.
 *
 * @param limitBytes a larger picture counts as none
 */
export async function readBookCover(
  { readCover, changedBooks }: Pick<BookFileContext, 'changedBooks'> & { readonly readCover: ReadCover },
  actor: Actor,
  { bookId, libraryId, path, state, name }: DownloadableFile,
  limitBytes = MOST_COVER_BYTES,
): Promise<Cover> {
  const source = coverSourceOf(name);
  if (source === undefined) return { state: 'none' };
  const outcome = await readCover({ libraryId, path, state, source, limitBytes });
  switch (outcome.state) {
    case 'read':
    case 'none':
      return outcome;
    case 'changed':
      changedBooks.rehash(actor, bookId);
      return { state: 'away' };
    case 'gone':
    case 'unreadable':
    case 'slow':
      return { state: 'away' };
    default:
      return outcome satisfies never;
  }
}

/** Where a file of this name has its cover. `undefined`: nowhere that is read. */
export function coverSourceOf(name: string): CoverRequest['source'] | undefined {
  if (/\.(?:k?epub|epub3)$/i.test(name)) return 'epub';
  return /\.cbz$/i.test(name) ? 'comic' : undefined;
}
