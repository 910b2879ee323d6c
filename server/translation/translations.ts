import type { UserId } from '../domain/ids.js';
import type { BookErrorCode } from '../positions/book-error.js';
import type { DocumentFormat } from '../positions/document-format.js';
import type { BookFileState } from '../positions/epub/file-reader.js';
import type { Locator } from '../positions/translation/locator.js';
import type { Translation } from '../positions/translation/translated-position.js';

/** A position to translate. */
export type TranslationQuery =
  /** A position as a reader pushed it, in any form, with the fraction of the book that came with it (0–1). */
  | { readonly kind: 'position'; readonly position: string; readonly percentage?: number }
  | { readonly kind: 'cfi'; readonly cfi: string }
  | { readonly kind: 'locator'; readonly locator: Locator };

/** Positions in one book file. It is sent to the translation thread. */
export interface TranslationRequest {
  /** Bytes of an absolute path, or of one relative to the working folder. */
  readonly path: Uint8Array;
  /** The state of the file for which positions are wanted. Undefined: any. */
  readonly state?: BookFileState;
  readonly format: TranslatedFormat;
  readonly queries: readonly TranslationQuery[];
}

/** A book of markup, or one with pages. */
export type TranslatedFormat = DocumentFormat | 'pages';

export type QueryOutcome =
  | Translation
  /** A document with pages, counted from 1. `pageCount` is undefined where the pages are not counted. */
  | { readonly state: 'paged'; readonly page: number; readonly pageCount: number | undefined }
  /** The file is not in the state of the request. */
  | { readonly state: 'book-changed' }
  /** The file as a whole cannot be read. */
  | {
      readonly state: 'book-unreadable';
      readonly failure: Exclude<BookErrorCode, 'changed'>;
      readonly message: string;
    }
  /** In a kind of document whose places or pages are not known: the fraction before the position that came with it, 0–1. */
  | { readonly state: 'fraction'; readonly percentage: number }
  /** The same for a position without a fraction. */
  | { readonly state: 'format-unsupported' }
  /** The queries before this one took all the time. */
  | { readonly state: 'too-slow' };

/**
 * - `answered`: an outcome for each query, in their order
 * - `busy`: more requests wait than can be answered in time
 * - `too-slow`: the answer took longer than the caller waits
 * - `crashed`: the thread ended while it worked on the request, usually because it had too little memory
 */
export type TranslationAnswer =
  | { readonly state: 'answered'; readonly outcomes: readonly QueryOutcome[] }
  | { readonly state: 'busy' | 'too-slow' | 'crashed' };

/**
 * Translates positions, in another thread than the one that answers requests. Never rejects.
 *
 * @param user who asks: the users share the thread evenly. Undefined: the operator
 */
export type Translate = (request: TranslationRequest, user: UserId | undefined) => Promise<TranslationAnswer>;

const EPUB: ReadonlySet<string> = new Set(['epub', 'epub3']);
const HTML: ReadonlySet<string> = new Set(['htm', 'html', 'xhtml', 'htmlz']);
const HTML_ARCHIVE = /\.html\.zip$/i;
const FICTION_BOOK = /\.fb2(?:\.zip)?$/i;
/** Documents whose positions are pages. Only the pages of archives are counted. */
const PAGED: ReadonlySet<string> = new Set('pdf djvu djv cbz cbt cbr cb7'.split(' '));

/**
 * The format of a book by the extension of its name, as KOReader chooses its engine. Undefined: of positions in such a
 * book only the fraction is known (RULES.md R5).
 */
export function formatOf(path: Buffer): TranslatedFormat | undefined {
  const name = path.toString('latin1');
  const extension = /\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  if (FICTION_BOOK.test(name)) return 'fiction-book';
  if (HTML.has(extension) || HTML_ARCHIVE.test(name)) return 'html';
  if (EPUB.has(extension)) return 'epub';
  return PAGED.has(extension) ? 'pages' : undefined;
}
