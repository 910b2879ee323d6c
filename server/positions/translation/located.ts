import type { Confidence } from '../confidence.js';
import type { DocumentFormat } from '../document-format.js';
import type { Book } from '../epub/book.js';
import type { Place } from '../place.js';
import type { Work } from '../work.js';
import type { XpointerRoot } from '../xpointer.js';
import type { Chapter, UnreadableChapter } from './chapter.js';

/** How x-pointers into books of each format begin (RULES.md R5). */
export const ROOTS: Readonly<Record<DocumentFormat, XpointerRoot>> = {
  epub: 'DocFragment',
  'fiction-book': 'FictionBook',
  html: 'html',
};

/** A position that was found in the book. */
export interface Located {
  readonly state: 'located';
  readonly spineIndex: number;
  readonly chapter: Chapter | UnreadableChapter;
  /** Undefined: the start of the chapter. */
  readonly place: Place | undefined;
  /** How sure it is that the position means this place. */
  readonly confidence: Confidence;
}

export type NotLocatedReason =
  /** The form of the position is unknown. */
  | 'unknown-form'
  /** A position in another kind of book, such as a page. */
  | 'other-format'
  /** A chapter that the book does not have. */
  | 'outside-the-book';

export interface NotLocated {
  readonly state: 'not-located';
  readonly reason: NotLocatedReason;
}

/** A book that is open for one call. A chapter is parsed when it is asked for. */
export interface OpenBook {
  readonly book: Book;
  readonly work: Work;
  /** @param bodyIndex of the body, where its file has several (RULES.md R34). */
  chapter(spineIndex: number, bodyIndex?: number): Chapter | UnreadableChapter;
}

/** The chapter with the body that a place is in. */
export function chapterOfPlace(
  open: OpenBook,
  spineIndex: number,
  chapter: Chapter,
  place: Place | undefined,
): Chapter {
  const { bodyOffsets } = chapter.crengine;
  if (place === undefined || bodyOffsets.length === 1) return chapter;
  const bodyIndex = bodyOffsets.findLastIndex((offset) => offset <= place.offset);
  const other = open.chapter(spineIndex, Math.max(0, bodyIndex));
  return other.state === 'readable' ? other : chapter;
}

/** The start of a chapter. */
export function chapterStart(
  open: OpenBook,
  spineIndex: number,
  confidence: Confidence,
  bodyIndex = 0,
): Located {
  return {
    state: 'located',
    spineIndex,
    chapter: open.chapter(spineIndex, bodyIndex),
    place: undefined,
    confidence,
  };
}
