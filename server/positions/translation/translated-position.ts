import type { Confidence } from '../confidence.js';
import type { ChapterProblem } from './chapter.js';
import type { NotLocatedReason } from './located.js';
import type { LocatorText } from './locator.js';

/** A position in all its forms. */
export interface TranslatedPosition {
  readonly state: 'translated';
  /**
   * What KOReader may be given: it passes the strict resolver whatever its confidence is. Not the string to give
   * back where a KOReader wrote the position: that one is kept byte for byte.
   */
  readonly xpointer: string;
  readonly xpointerConfidence: Confidence;
  /** By the W3C's specification: for foliate-js and others. */
  readonly cfi: string;
  readonly cfiConfidence: Confidence;
  /** As epub.js counts texts; undefined where it cannot name the place. The same confidence as `cfi`. */
  readonly epubJsCfi: string | undefined;
  /** For the Readium toolkits, which read no CFIs. */
  readonly locator: TranslatedLocator;
  /** Fraction of the book before the place, 0–1, by the sizes of the chapters. Not KOReader's, which counts pages. */
  readonly percentage: number;
  /** Fraction of the chapter before the place, 0–1, by its text. */
  readonly chapterPercentage: number;
  /** From the table of contents. */
  readonly chapterTitle: string | undefined;
  /** Index of the chapter in the spine, counted from 0. */
  readonly spineIndex: number;
  /** Up to 32 characters (code points) of text before the place, white space collapsed. */
  readonly textBefore: string;
  readonly textAfter: string;
  /** Why nothing inside of the chapter can be told. */
  readonly chapterProblem: ChapterProblem | undefined;
}

/** A `Locator` with everything that is known. */
export interface TranslatedLocator {
  readonly href: string;
  readonly type: string;
  readonly title?: string;
  readonly locations: {
    readonly progression: number;
    readonly totalProgression: number;
    readonly cssSelector?: string;
    readonly partialCfi?: string;
  };
  readonly text: LocatorText;
}

export interface Untranslatable {
  readonly state: 'untranslatable';
  readonly reason: NotLocatedReason;
}

export type Translation = TranslatedPosition | Untranslatable;
