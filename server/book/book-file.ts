import { basename } from 'node:path';
import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { BookId, LibraryId } from '../domain/ids.js';
import type { BookFileState } from '../positions/epub/file-reader.js';
import type { ChangedBooks } from './changed-books.js';
import { getVisibleBook } from './get-book.js';
import { fileOfBook } from './sha256-of-file.js';

/** The file of a book, in the state in which the catalogue has it. */
export interface DownloadableFile {
  readonly bookId: BookId;
  readonly libraryId: LibraryId;
  /** Absolute. */
  readonly path: Buffer;
  /** Of the file, with U+FFFD for bytes that are not UTF-8. */
  readonly name: string;
  readonly state: BookFileState;
  /** Another one whenever the bytes are others. Without quotation marks. */
  readonly version: string;
}

/** A part of a file. */
export interface FilePiece {
  readonly offset: number;
  /** 0: only whether the file is there, in this state, and can be opened. */
  readonly bytes: number;
  /**
   * Where they are read into. It is moved to the thread that reads, and comes back with them, so that a download needs no
   * other memory however long it is: what is thrown away, a garbage collector leaves until it is many megabytes.
   */
  readonly memory: ArrayBuffer;
}

/** A part of a file in a certain state. */
export interface PieceRequest extends FilePiece {
  readonly libraryId: LibraryId;
  readonly path: Buffer;
  readonly state: BookFileState;
}

export type PieceOutcome =
  /** The bytes are at the start of the memory. */
  { readonly state: 'read'; readonly bytes: Uint8Array<ArrayBuffer> } | BookFileFailure;

/** Why nothing of a file was read. */
export type BookFileFailure =
  /** The file is in another state than that of the request. */
  | { readonly state: 'changed' }
  /** No file is at the path. */
  | { readonly state: 'gone' }
  | { readonly state: 'unreadable'; readonly message: string }
  /** Its storage did not answer in time. */
  | { readonly state: 'slow' };

/** Reads in another thread, because storage may hang. Never rejects. */
export type ReadPiece = (request: PieceRequest) => Promise<PieceOutcome>;

export interface BookFileContext {
  readonly store: Store;
  readonly readPiece: ReadPiece;
  /** Hashes a book again whose file has changed since the last scan. */
  readonly changedBooks: Pick<ChangedBooks, 'rehash'>;
  /** Whether a file that has another inode or time of last change than the scan saw counts as changed. */
  readonly comparesMarks: boolean;
}

/**
 * The file of a book as the catalogue has it. The storage is not asked.
 *
 * @throws DogearError `book-not-found`, also for a book of a library that the actor may not see; `book-missing`
 */
export async function getBookFile(
  context: Pick<BookFileContext, 'store' | 'comparesMarks'>,
  actor: Actor,
  id: BookId,
): Promise<DownloadableFile> {
  const file = await findBookFile(context, actor, id);
  if (file === undefined) throw missing();
  return file;
}

/**
 * As `getBookFile`.
 *
 * @returns `undefined` when the last scan did not see the file
 * @throws DogearError `book-not-found`
 */
export async function findBookFile(
  { store, comparesMarks }: Pick<BookFileContext, 'store' | 'comparesMarks'>,
  actor: Actor,
  id: BookId,
): Promise<DownloadableFile | undefined> {
  const { book, library } = await getVisibleBook(store, actor, id);
  if (book.missingSinceSeconds !== undefined) return undefined;
  const { sizeBytes, modifiedNs } = book;
  const stateMark = comparesMarks ? book.stateMark : undefined;
  // The partial MD5 is that of twelve samples, so size and times tell files apart that differ between them.
  const digest = book.hashedMs === undefined ? '' : (book.partialMd5?.toString('hex') ?? '');
  return {
    bookId: id,
    libraryId: book.libraryId,
    path: fileOfBook({ library, path: book.path }),
    name: basename(book.path.toString('utf8')),
    state: { sizeBytes, modifiedNs, stateMark },
    version: [digest, sizeBytes, modifiedNs, stateMark ?? 0].map((part) => part.toString(36)).join('-'),
  };
}

/**
 * A part of the file, at the start of `memory`, which is moved: what is left of it is the buffer of the result, and nothing
 * if this throws. Every part is checked to be of the state that the catalogue has, so that a download never mixes two
 * states of a file. A file that has changed is hashed again, and then it can be read.
 *
 * @throws DogearError `book-changed`, `book-missing`, `book-unreadable`, `storage-slow`
 */
export async function readBookFile(
  { readPiece, changedBooks }: Pick<BookFileContext, 'readPiece' | 'changedBooks'>,
  actor: Actor,
  { bookId, libraryId, path, state }: DownloadableFile,
  piece: FilePiece,
): Promise<Uint8Array<ArrayBuffer>> {
  const outcome = await readPiece({ libraryId, path, state, ...piece });
  switch (outcome.state) {
    case 'read':
      return outcome.bytes;
    case 'changed':
      changedBooks.rehash(actor, bookId);
      throw new DogearError(
        'book-changed',
        'The file has changed since it was hashed. It is being hashed again: try again in a moment.',
      );
    case 'gone':
      throw missing();
    case 'unreadable':
      throw new DogearError('book-unreadable', `The book cannot be read: ${outcome.message}.`);
    case 'slow':
      throw new DogearError('storage-slow', 'The file was not read in time. Is its storage busy or away?');
    default:
      return outcome satisfies never;
  }
}

function missing(): DogearError {
  return new DogearError('book-missing', 'The file of the book is not there. The next scan looks for it.');
}
