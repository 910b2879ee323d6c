import { LRUCache } from 'lru-cache';
import type { CfiDialect } from '../dom/cfi-resolution.js';
import type { DocumentFormat } from '../document-format.js';
import { readBook, type Book } from '../epub/book.js';
import { withFile, type FileIdentity, type FileReader, type BookFileState } from '../epub/file-reader.js';
import { readSingleDocument } from '../single/single-document.js';
import { parsePosition, type Position } from '../position.js';
import { BookError } from '../book-error.js';
import { Work, WorkLimitError } from '../work.js';
import type { StyleSheet } from '../crengine/style-sheet.js';
import { readStyleSheet } from './chapter-style.js';
import { readChapter, type Chapter, type UnreadableChapter } from './chapter.js';
import { describePlace } from './describe-place.js';
import { locateCfi } from './locate-cfi.js';
import { locateFraction } from './locate-fraction.js';
import { locateLocator } from './locate-locator.js';
import { locateLink, locateXpointer } from './locate-xpointer.js';
import type { Located, NotLocated, OpenBook } from './located.js';
import type { Locator } from './locator.js';
import type { Translation } from './translated-position.js';

/** A book in the file system. A path that is not UTF-8 is given as bytes. */
export interface BookFile {
  readonly path: string | Buffer;
  /** `epub` if it is not given. */
  readonly format?: DocumentFormat | undefined;
  /** The state of the file for which positions are wanted. Undefined: any. */
  readonly state?: BookFileState | undefined;
}

export interface TranslationOptions {
  /** The fraction of the book that came with the position, 0–1. It is used if the position itself means nothing. */
  readonly percentage?: number | undefined;
}

export interface CfiOptions extends TranslationOptions {
  /** How the reader that wrote the CFI counts texts. `auto` if that is not known. */
  readonly dialect?: CfiDialect | undefined;
}

export interface TranslatorOptions {
  /** The most memory of parsed books and chapters that are kept. */
  readonly cacheBytes: number;
  /** For tests, which read how many steps were taken. */
  readonly work?: Work | undefined;
}

/**
 * Translates positions in EPUBs, FictionBooks and HTML files between KOReader, web readers that use CFIs, and the
 * Readium toolkits. Files are read synchronously: use it in a worker thread. Parsed books and chapters are kept, by
 * path, size, time of modification, inode and time of last change.
 *
 * Every method rejects with `BookError` if the book as a whole cannot be read, and with no other error for any
 * input. An inexact position has a lower confidence, and a position without a place is `untranslatable`.
 */
export interface Translator {
  /** A position as KOReader sends it: an x-pointer or the target of a link. A CFI is translated too. */
  translateXpointer(book: BookFile, position: string, options?: TranslationOptions): Promise<Translation>;
  translateCfi(book: BookFile, cfi: string, options?: CfiOptions): Promise<Translation>;
  translateLocator(book: BookFile, locator: Locator): Promise<Translation>;
  /** The place at a fraction of the book, 0–1. */
  translatePercentage(book: BookFile, percentage: number): Promise<Translation>;
  /** True if KOReader finds the x-pointer. With any other pointer it goes to page 1 (RULES.md R3). */
  isResolvable(book: BookFile, position: string): Promise<boolean>;
  /** An estimate of the memory of the books and chapters that are kept. */
  readonly cachedBytes: number;
}

type Cached =
  | { readonly kind: 'book'; readonly book: Book }
  | { readonly kind: 'refused'; readonly error: BookError }
  | { readonly kind: 'chapter'; readonly chapter: Chapter | UnreadableChapter }
  | { readonly kind: 'sheet'; readonly sheet: StyleSheet | undefined; readonly steps: number };

/** The memory of one parsed rule with its selector and its entries in maps. */
const BYTES_PER_RULE = 1000;
/** One more compound of its selector, with the lists of its classes and attributes. */
const BYTES_PER_COMPOUND = 200;
/** An error with its stack and its cause. */
const BYTES_PER_REFUSAL = 4000;

function sizeOf(cached: Cached): number {
  switch (cached.kind) {
    case 'book':
      return cached.book.sizeBytes;
    case 'refused':
      return BYTES_PER_REFUSAL;
    case 'chapter':
      return cached.chapter.sizeBytes;
    case 'sheet':
      return sizeOfSheet(cached.sheet);
    default:
      return cached satisfies never;
  }
}

function sizeOfSheet(sheet: StyleSheet | undefined): number {
  const rules = sheet?.rules ?? [];
  const compounds = rules.reduce((sum, { selector }) => sum + selector.context.length, 0);
  return BYTES_PER_RULE * (1 + rules.length) + BYTES_PER_COMPOUND * compounds;
}

function tooComplex(cause: WorkLimitError): BookError {
  return new BookError('too-complex', 'the book takes too much work', { cause });
}

export function createTranslator(options: TranslatorOptions): Translator {
  const cache = new LRUCache<string, Cached>({
    maxSize: Math.max(1, options.cacheBytes),
    sizeCalculation: (cached) => Math.max(1, sizeOf(cached)),
  });
  const work = options.work ?? new Work();

  /** Parses a book once, also one that is refused for its content: each request would take as long again. */
  const bookAt = async (file: FileReader, format: DocumentFormat, key: string): Promise<Book> => {
    const known = cache.get(key);
    if (known?.kind === 'book') return known.book;
    if (known?.kind === 'refused') throw known.error;
    try {
      const book = format === 'epub' ? await readBook(file, work) : await readSingleDocument(file, format);
      cache.set(key, { kind: 'book', book });
      return book;
    } catch (caught) {
      const error = caught instanceof WorkLimitError ? tooComplex(caught) : caught;
      // What the file system refuses may go well the next time.
      if (error instanceof BookError && error.code !== 'unreadable')
        cache.set(key, { kind: 'refused', error });
      throw error;
    }
  };

  const translate = async (
    { path, state, format = 'epub' }: BookFile,
    percentage: number | undefined,
    locate: (open: OpenBook) => Located | NotLocated,
  ): Promise<Translation> =>
    await withFile(path, state, async (file) => {
      work.begin();
      const key = `${format}:${fileKeyOf(file.identity)}`;
      const book = await bookAt(file, format, `book:${key}`);
      work.begin();
      const sheetAt = (sheetPath: string): StyleSheet | undefined => {
        const cached = cache.get(`sheet:${sheetPath}:${key}`);
        if (cached?.kind === 'sheet') {
          work.spend(cached.steps);
          return cached.sheet;
        }
        const before = work.steps;
        const sheet = readStyleSheet(file, book, sheetPath, work);
        cache.set(`sheet:${sheetPath}:${key}`, { kind: 'sheet', sheet, steps: work.steps - before });
        return sheet;
      };
      const open: OpenBook = {
        book,
        work,
        chapter: (spineIndex, bodyIndex = 0) => {
          const chapterKey = `chapter:${spineIndex}:${bodyIndex}:${key}`;
          const cached = cache.get(chapterKey);
          if (cached?.kind === 'chapter') return cached.chapter;
          const before = work.steps;
          work.begin();
          const chapter = readChapter(file, book, spineIndex, bodyIndex, sheetAt, work);
          // The translation goes on, and costs the same where the chapter was cached.
          work.begin();
          work.spend(before);
          cache.set(chapterKey, { kind: 'chapter', chapter });
          return chapter;
        },
      };
      try {
        const located = locate(open);
        if (located.state === 'located') return describePlace(open, located);
        if (percentage === undefined) return { state: 'untranslatable', reason: located.reason };
        return describePlace(open, locateFraction(open, percentage));
      } catch (error) {
        throw error instanceof WorkLimitError ? tooComplex(error) : error;
      }
    });

  return {
    translateXpointer: async (book, position, { percentage } = {}) =>
      await translate(book, percentage, (open) => locatePosition(open, parsePosition(position), 'auto')),
    translateCfi: async (book, cfi, { percentage, dialect = 'auto' } = {}) =>
      await translate(book, percentage, (open) => locatePosition(open, parsePosition(cfi), dialect)),
    translateLocator: async (book, locator) =>
      await translate(book, locator.locations?.totalProgression, (open) => locateLocator(open, locator)),
    translatePercentage: async (book, percentage) =>
      await translate(book, undefined, (open) => locateFraction(open, percentage)),
    isResolvable: async (book, position) => {
      const parsed = parsePosition(position);
      if (parsed.kind !== 'xpointer') return false;
      let isResolved = false;
      await translate(book, undefined, (open) => {
        const located = locateXpointer(open, parsed.xpointer);
        isResolved = located.state === 'located' && located.confidence === 'exact';
        return located;
      });
      return isResolved;
    },
    get cachedBytes() {
      return cache.calculatedSize;
    },
  };
}

/** Any form of position, because callers often do not know the form. */
function locatePosition(open: OpenBook, position: Position, dialect: CfiDialect): Located | NotLocated {
  switch (position.kind) {
    case 'xpointer':
      return locateXpointer(open, position.xpointer);
    case 'link':
      return locateLink(open, position.fragmentIndex, position.id);
    case 'cfi':
      return locateCfi(open, position.cfi, dialect);
    case 'id':
      if (open.book.format === 'epub') return { state: 'not-located', reason: 'unknown-form' };
      return locateLink(open, 0, position.id);
    case 'page':
      return { state: 'not-located', reason: 'other-format' };
    case 'opaque':
      return { state: 'not-located', reason: 'unknown-form' };
    default:
      return position satisfies never;
  }
}

function fileKeyOf({ path, sizeBytes, modifiedNs, stateMark }: FileIdentity): string {
  return `${sizeBytes}:${modifiedNs}:${stateMark}:${path.toString('latin1')}`;
}
