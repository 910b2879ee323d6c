import type { Document } from '../domain/document.js';
import type { BookId, UserId } from '../domain/ids.js';

/** For whom a link holds. */
export type LinkedFor = UserId | 'everybody';

/** A document that somebody has linked to a book: pushes and pulls of it are those of the book. */
export interface DocumentLink {
  readonly document: Document;
  readonly bookId: BookId;
  readonly linkedFor: LinkedFor;
  /** Who made it; `undefined`: the operator. */
  readonly linkedBy: UserId | undefined;
  readonly linkedSeconds: number;
}

/**
 * How many links there may be. What is cached of a document holds all links of its book, and a pull compares each of them
 * (catalogued-document.ts).
 */
export const MOST_LINKS = {
  /** Of single users to one document. Where more users have the same file, it is linked for everybody. */
  ofDocument: 64,
  /** Of single users to one book. */
  ofBook: 200,
  /** Of one user to one book: eight users must work together to take all links of a book. */
  ofBookOfUser: 25,
  /** For everybody, to one book: each is looked up by every pull of the book. */
  ofBookForEverybody: 16,
  ofUser: 1000,
} as const;
