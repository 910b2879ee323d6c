import { parseCfi } from '../cfi.js';
import type { Confidence } from '../confidence.js';
import { resolveCfi } from '../dom/cfi-resolution.js';
import { selectElement } from '../dom/css-selector.js';
import { elementById } from '../dom/dom-children.js';
import { resolveReference } from '../epub/archive-path.js';
import type { Book } from '../epub/book.js';
import type { Place } from '../place.js';
import { NO_NODE, startOf } from '../source/source-tree.js';
import type { Work } from '../work.js';
import type { Chapter } from './chapter.js';
import { locateInChapter } from './locate-fraction.js';
import { chapterOfPlace, chapterStart, type Located, type NotLocated, type OpenBook } from './located.js';
import type { Locator } from './locator.js';
import { findQuote } from './text-quote.js';

interface PlaceFound {
  readonly place: Place;
  readonly confidence: Confidence;
}

/** Finds the place of a locator by its CFI, else its text, else its element, else its fraction of the chapter. */
export function locateLocator(open: OpenBook, locator: Locator): Located | NotLocated {
  const spineIndex = spineIndexOfHref(open.book, locator.href, open.work);
  if (spineIndex < 0) return { state: 'not-located', reason: 'outside-the-book' };
  const chapter = open.chapter(spineIndex);
  if (chapter.state === 'unreadable') return chapterStart(open, spineIndex, 'fragment');
  const found = byCfi(chapter, locator) ?? byText(chapter, locator) ?? byElement(chapter, locator);
  if (found !== undefined) {
    const inBody = chapterOfPlace(open, spineIndex, chapter, found.place);
    return { state: 'located', spineIndex, chapter: inBody, ...found };
  }
  const progression = locator.locations?.progression;
  if (progression === undefined) return chapterStart(open, spineIndex, 'fragment');
  return locateInChapter(open, spineIndex, progression);
}

/** The href is a path in the archive. Older toolkits write it relative to the package document. */
function spineIndexOfHref(book: Book, href: string, work: Work): number {
  const { spine } = book.package;
  // Readers name a document of one file as they like.
  if (book.format !== 'epub') return 0;
  const candidates = [
    resolveReference('', href.replace(/^\/+/, ''), work)?.path,
    resolveReference(book.packagePath, href, work)?.path,
  ];
  for (const path of candidates) {
    const index = path === undefined ? -1 : spine.findIndex((item) => item.path === path);
    if (index >= 0) return index;
  }
  return -1;
}

function byCfi(chapter: Chapter, locator: Locator): PlaceFound | undefined {
  const partial = locator.locations?.partialCfi;
  const cfi = partial === undefined ? undefined : parseCfi(`epubcfi(/6/2!${partial})`);
  if (cfi === undefined || cfi.contentSteps.length === 0) return undefined;
  const resolved = resolveCfi(chapter.dom, cfi, 'spec');
  return resolved.confidence === 'exact' || resolved.confidence === 'clamped' ? resolved : undefined;
}

/** A single match is the place. Of several matches the one nearest to the fraction is a guess. */
function byText(chapter: Chapter, locator: Locator): PlaceFound | undefined {
  if (locator.text === undefined) return undefined;
  const { offsets } = findQuote(chapter.crengine, locator.text);
  const [first] = offsets;
  if (first === undefined) return undefined;
  if (offsets.length === 1) return { place: { kind: 'character', offset: first }, confidence: 'exact' };
  const progression = locator.locations?.progression;
  if (progression === undefined) return undefined;
  const distance = (offset: number): number => Math.abs(chapter.measure.fractionAt(offset) - progression);
  const nearest = offsets.reduce((best, offset) => (distance(offset) < distance(best) ? offset : best));
  return { place: { kind: 'character', offset: nearest }, confidence: 'clamped' };
}

function byElement(chapter: Chapter, locator: Locator): PlaceFound | undefined {
  const { dom } = chapter;
  const selector = locator.locations?.cssSelector;
  let element = selector === undefined ? NO_NODE : selectElement(dom, selector);
  for (const id of locator.locations?.fragments ?? []) {
    if (element === NO_NODE) element = elementById(dom.order.tree, id);
  }
  const offset = element === NO_NODE ? NO_NODE : startOf(dom.order.tree, element);
  if (offset < 0 || element === dom.root) return undefined;
  return { place: { kind: 'element', offset }, confidence: 'element' };
}
