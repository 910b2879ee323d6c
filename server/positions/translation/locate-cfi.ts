import type { Cfi } from '../cfi.js';
import { worse } from '../confidence.js';
import { resolveCfi, type CfiDialect } from '../dom/cfi-resolution.js';
import type { Book } from '../epub/book.js';
import { chapterStart, type Located, type NotLocated, type OpenBook } from './located.js';

/** Finds the place of a CFI. */
export function locateCfi(open: OpenBook, cfi: Cfi, dialect: CfiDialect): Located | NotLocated {
  const item = spineItemOf(open.book, cfi);
  if (item === undefined) return { state: 'not-located', reason: 'outside-the-book' };
  const { spineIndex, isAsserted } = item;
  const chapter = open.chapter(spineIndex);
  const repaired = isAsserted ? 'exact' : 'clamped';
  if (cfi.contentSteps.length === 0) return chapterStart(open, spineIndex, repaired);
  if (chapter.state === 'unreadable') return chapterStart(open, spineIndex, 'fragment');
  const { place, confidence } = resolveCfi(chapter.dom, cfi, dialect);
  return { state: 'located', spineIndex, chapter, place, confidence: worse(confidence, repaired) };
}

/**
 * The spine item that a CFI's first two steps name: by position; by the asserted id only where the position has
 * none. An id that does not fit the position makes it a repaired place.
 */
function spineItemOf(
  book: Book,
  cfi: Cfi,
): { readonly spineIndex: number; readonly isAsserted: boolean } | undefined {
  const { spine, spineStep } = book.package;
  const [toSpine, toItem] = cfi.packageSteps;
  if (toSpine === undefined || toItem === undefined) return undefined;
  const isNamed = (index: number): boolean =>
    // Readers assert the id of the itemref, or of the item that it refers to.
    toItem.id !== undefined && (spine[index]?.id === toItem.id || spine[index]?.idref === toItem.id);
  const byPosition =
    toSpine.index === spineStep ? spine.findIndex(({ position }) => position * 2 === toItem.index) : -1;
  if (byPosition >= 0) {
    return { spineIndex: byPosition, isAsserted: toItem.id === undefined || isNamed(byPosition) };
  }
  const byId = spine.findIndex((_, index) => isNamed(index));
  return byId < 0 ? undefined : { spineIndex: byId, isAsserted: false };
}
