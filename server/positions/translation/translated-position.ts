import type { Confidence } from '../confidence.js';
import type { ChapterProblem } from './chapter.js';
import type { NotLocatedReason } from './located.js';
import type { LocatorText } from './locator.js';

/** A position in all its forms. */
export interface TranslatedPosition {
  readonly state: 'translated';
  /**
   * An x-pointer that KOReader may be given: with any confidence, the strict resolver finds it. Where a
   * KOReader wrote the position, its own string is given back instead, byte for byte.
   */
  readonly xpointer: string;
  readonly xpointerConfidence: Confidence;
  /**
   * By the W3C's specification: for foliate-js and others. Undefined for a document of one file, which has no package
   * document. There `locator` has the path in the document as its `partialCfi`.
   */
  readonly cfi: string | undefined;
  /** Of `cfi` and `locator`. */
  readonly cfiConfidence: Confidence;
  /** As epub.js counts texts, with the confidence of `cfi`. Undefined if epub.js cannot name the place. */
  readonly epubJsCfi: string | undefined;
  /** For the Readium toolkits, which do not read CFIs. */
  readonly locator: TranslatedLocator;
  /**
   * Fraction of the book before the place, 0–1, by the sizes of the chapters. KOReader computes its own from pages.
   */
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
  /** Why only the chapter is known. */
  readonly chapterProblem: ChapterProblem | undefined;
}

/** A `Locator` with all that is known of the place. */
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
