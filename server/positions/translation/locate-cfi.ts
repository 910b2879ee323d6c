import type { Cfi } from '../cfi.js';
import { worse } from '../confidence.js';
import { resolveCfi, type CfiDialect } from '../dom/cfi-resolution.js';
import type { Book } from '../epub/book.js';
import { chapterOfPlace, chapterStart, type Located, type NotLocated, type OpenBook } from './located.js';

/** Finds the place of a CFI. */
export function locateCfi(open: OpenBook, cfi: Cfi, dialect: CfiDialect): Located | NotLocated {
  // A CFI begins with a path in the package document.
  if (open.book.format !== 'epub') return { state: 'not-located', reason: 'other-format' };
  const item = spineItemOfCfi(open.book, cfi);
  if (item === undefined) return { state: 'not-located', reason: 'outside-the-book' };
  const { spineIndex, isAsserted } = item;
  const chapter = open.chapter(spineIndex);
  const repaired = isAsserted ? 'exact' : 'clamped';
  if (cfi.contentSteps.length === 0) return chapterStart(open, spineIndex, repaired);
  if (chapter.state === 'unreadable') return chapterStart(open, spineIndex, 'fragment');
  const { place, confidence } = resolveCfi(chapter.dom, cfi, dialect);
  return {
    state: 'located',
    spineIndex,
    chapter: chapterOfPlace(open, spineIndex, chapter, place),
    place,
    confidence: worse(confidence, repaired),
  };
}

/**
 * The spine item that the first two steps of a CFI name: the one at the position, or the one with the asserted id
 * if there is none at the position. `isAsserted` is false if the id does not fit the item.
 */
function spineItemOfCfi(
  book: Book,
  cfi: Cfi,
): { readonly spineIndex: number; readonly isAsserted: boolean } | undefined {
  const { spine, spineStep } = book.package;
  const [toSpine, toItem] = cfi.packageSteps;
  if (toSpine === undefined || toItem === undefined) return undefined;
  const isNamed = (index: number): boolean =>
    // Readers assert the id of the itemref or that of the item.
    toItem.id !== undefined && (spine[index]?.id === toItem.id || spine[index]?.idref === toItem.id);
  const byPosition =
    toSpine.index === spineStep ? spine.findIndex(({ position }) => position * 2 === toItem.index) : -1;
  if (byPosition >= 0) {
    return { spineIndex: byPosition, isAsserted: toItem.id === undefined || isNamed(byPosition) };
  }
  const byId = spine.findIndex((_, index) => isNamed(index));
  return byId < 0 ? undefined : { spineIndex: byId, isAsserted: false };
}
