import type { EpubMetadata } from '../positions/epub/metadata.js';
import type { BookErrorCode } from '../positions/book-error.js';
import type { BookId } from '../domain/ids.js';
import { foldedText } from './path-search.js';

/** What the file of a book says of itself. */
export type BookMetadata = EpubMetadata;

/** What searches by title look at, as foldedText() makes it. */
export function searchTextOf({ title, authors, series }: BookMetadata): string {
  return foldedText([title ?? '', ...authors, series ?? ''].join('\n'));
}

/** Whether both have a title, and it is the same but for upper and lower case. */
export function haveSameTitle(left: BookMetadata, right: BookMetadata): boolean {
  return (
    left.title !== undefined &&
    right.title !== undefined &&
    foldedText(left.title) === foldedText(right.title)
  );
}

export function haveCommonAuthor(left: BookMetadata, right: BookMetadata): boolean {
  const authors = new Set(left.authors.map(foldedText));
  return right.authors.some((author) => authors.has(foldedText(author)));
}

/** Whether two EPUBs say of themselves that they are two books: by another identifier and another title. */
export function isContradicted(before: BookMetadata, now: BookMetadata): boolean {
  return differ(before.identifier, now.identifier) && differ(before.title, now.title);
}

function differ(left: string | undefined, right: string | undefined): boolean {
  return (
    left !== undefined &&
    right !== undefined &&
    left.normalize().toLowerCase() !== right.normalize().toLowerCase()
  );
}

/** A book, with whether what is stored was read from the file as it is now. */
export interface BookToRead {
  readonly id: BookId;
  readonly path: Buffer;
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
  readonly partialMd5: Buffer | undefined;
  /** When it got its digests or its path, by the database's clock, in milliseconds since 1970. `undefined`: it has no digests. */
  readonly hashedMs: number | undefined;
  readonly isMissing: boolean;
  readonly isCurrent: boolean;
}

/** What came of reading one book. */
export interface MetadataRead {
  readonly book: BookToRead;
  readonly outcome:
    | { readonly state: 'read'; readonly metadata: BookMetadata }
    /** Stored, so that the file is not read again as long as it does not change. */
    | { readonly state: 'failed'; readonly failure: BookErrorCode };
}

export interface PassCounts {
  /** Books that were looked at. */
  readonly examined: number;
  /** Files that were read. */
  readonly read: number;
  /** Of those, the ones that are no EPUBs, or broken ones. */
  readonly failed: number;
}

export interface MetadataPass extends PassCounts {
  /** `stopped`: it did not come to its end. The next one goes on where it was. */
  readonly state: 'running' | 'completed' | 'stopped';
  /** By the database's clock. */
  readonly startedMs: number;
  readonly finishedMs: number | undefined;
}
