import type { ReaderError } from './reader-error.js';

/** What the reader knows of an EPUB, whichever library shows it. */

export interface BookPlace {
  /** Of the first text that is shown; `undefined` where the book has no text that a reader could find again. */
  readonly cfi: string | undefined;
  /** The part of the book before it, 0 to 1, by the sizes of its chapters. */
  readonly bookFraction: number;
  readonly chapterFraction: number;
  /** From the table of contents. */
  readonly chapter: string | undefined;
}

export interface ContentsEntry {
  readonly label: string;
  readonly href: string;
  /** 0 for chapters, 1 for their sections. */
  readonly depth: number;
}

export interface Appearance {
  readonly theme: 'auto' | 'light' | 'sepia' | 'dark';
  /** 100 is the size that the browser uses. */
  readonly fontPercent: number;
  readonly flow: 'pages' | 'scroll';
  /** Whether the book's own style sheets count. */
  readonly hasOwnStyles: boolean;
}

export interface BookEvents {
  /** @param isMove whether somebody turned a page, and not only the window changed its size */
  readonly onPlace: (place: BookPlace, isMove: boolean) => void;
  /** A chapter cannot be shown, and says so in its place; or something of it is left out. `undefined`: another one comes. */
  readonly onProblem: (problem: ReaderError | undefined) => void;
  /** A chapter has text, but its style sheets hide all of it. */
  readonly onHidden: () => void;
  /** A link that leads out of the book. */
  readonly onLink: (address: string) => void;
  readonly onKey: (event: KeyboardEvent) => void;
  /** Somebody pressed on the page, at a part of the window's width from 0 to 1. */
  readonly onPress: (fraction: number) => void;
}

export interface BookView {
  readonly element: HTMLElement;
  readonly contents: readonly ContentsEntry[];
  /** Whether its pages are as the book has laid them out, and have no other appearance. */
  readonly isFixed: boolean;
  /** Whether pages follow from right to left: as the book says, or else as its chapter is written. */
  readonly isRightToLeft: boolean;
  /** A page then begins there. @returns whether the book has that place */
  goToCfi(cfi: string): Promise<boolean>;
  goToFraction(fraction: number): Promise<void>;
  /** @param href of the contents, or of a link of the book */
  goToHref(href: string): Promise<void>;
  turn(direction: 1 | -1): Promise<void>;
  setAppearance(appearance: Appearance): void;
  close(): void;
}
