import type { Book } from '../epub/book.js';
import { visiblePlaceOf } from '../crengine/visible-place.js';
import { chapterStart, type Located, type OpenBook } from './located.js';

/** The fraction of the book that lies before a fraction of one of its chapters. */
export function bookFraction(book: Book, spineIndex: number, chapterFraction: number): number {
  const total = sum(book.weights);
  if (total === 0) return (spineIndex + chapterFraction) / book.weights.length;
  const before = sum(book.weights.slice(0, spineIndex));
  return Math.min(1, (before + (book.weights[spineIndex] ?? 0) * chapterFraction) / total);
}

/** The place at a fraction of the book, 0–1: the chapter by its share of the book, in it by the text. */
export function locateFraction(open: OpenBook, fraction: number): Located {
  const { weights } = open.book;
  const wanted = Math.min(1, Math.max(0, fraction)) * sum(weights);
  let before = 0;
  let spineIndex = 0;
  for (const [index, weight] of weights.entries()) {
    if (weight === 0) continue;
    spineIndex = index;
    if (before + weight > wanted) break;
    before += weight;
  }
  const weight = weights[spineIndex] ?? 0;
  const inChapter = weight === 0 ? 0 : Math.min(1, (wanted - before) / weight);
  return locateInChapter(open, spineIndex, fraction >= 1 ? 1 : inChapter);
}

/** The place at a fraction of a chapter. */
export function locateInChapter(open: OpenBook, spineIndex: number, fraction: number): Located {
  const chapter = open.chapter(spineIndex);
  if (chapter.state === 'unreadable') return chapterStart(open, spineIndex, 'percentage');
  const { crengine, measure } = chapter;
  const visible = visiblePlaceOf(crengine, crengine.styled, measure.placeAt(fraction));
  return { state: 'located', spineIndex, chapter, place: visible?.place, confidence: 'percentage' };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
