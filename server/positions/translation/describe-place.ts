import { formatSteps } from '../cfi.js';
import { worse, type Confidence } from '../confidence.js';
import { xpointerTo } from '../crengine/xpointer-path.js';
import { contentPathOf, elementOfPlace } from '../dom/cfi-path.js';
import { cssSelectorOf } from '../dom/css-selector.js';
import type { Book } from '../epub/book.js';
import type { Place } from '../place.js';
import { elementAt, textAt } from '../source/source-order.js';
import { NO_NODE, innerEndOf, startOf } from '../source/source-tree.js';
import { formatXpointer, parseXpointer } from '../xpointer.js';
import type { Chapter } from './chapter.js';
import { chapterTitleAt } from './chapter-titles.js';
import { bookFraction } from './locate-fraction.js';
import { ROOTS, type Located, type OpenBook } from './located.js';
import { firstCodePoints, lastCodePoints, textContextAt } from './text-context.js';
import type { TranslatedLocator, TranslatedPosition } from './translated-position.js';

/** Characters of text on each side of a place. */
const CONTEXT_CODE_POINTS = 32;

const XHTML = 'application/xhtml+xml';
/** By RFC 6838: 127 characters on each side of the slash. */
const MAX_MEDIA_TYPE_LENGTH = 255;

/** A located position in all its forms. */
export function describePlace(open: OpenBook, located: Located): TranslatedPosition {
  const { book } = open;
  const { spineIndex, chapter } = located;
  const cfiOf = cfiWriter(book, spineIndex);
  if (chapter.state === 'unreadable') {
    const confidence = worse(located.confidence, 'fragment');
    const title = chapterTitleAt(book, spineIndex, undefined, 0);
    const fraction = bookFraction(book, spineIndex, 0);
    return {
      state: 'translated',
      xpointer: chapterXpointer(book, spineIndex),
      xpointerConfidence: confidence,
      cfi: cfiOf('/4'),
      cfiConfidence: confidence,
      epubJsCfi: cfiOf('/4'),
      locator: {
        ...locatorBase(book, spineIndex, title),
        locations: { progression: 0, totalProgression: fraction },
        text: {},
      },
      percentage: fraction,
      chapterPercentage: 0,
      chapterTitle: title,
      spineIndex,
      textBefore: '',
      textAfter: '',
      chapterProblem: chapter.problem,
    };
  }
  return describeInChapter(book, spineIndex, chapter, located, cfiOf);
}

function describeInChapter(
  book: Book,
  spineIndex: number,
  chapter: Chapter,
  located: Located,
  cfiOf: CfiWriter,
): TranslatedPosition {
  const { crengine, dom, measure } = chapter;
  const place: Place = located.place ?? {
    kind: 'element',
    offset: startOf(crengine.order.tree, crengine.body),
  };
  const content = contentPathOf(dom, place);
  // Where crengine inserts a character, the browser may have another one: a tag in a textarea is text to it.
  const isWritten = place.kind !== 'character' || textAt(crengine.order, place.offset) !== NO_NODE;
  const contentConfidence = isWritten ? content.confidence : worse(content.confidence, 'clamped');
  const pointer = xpointerOf(book, spineIndex, chapter, place);
  const offset = textOffsetOf(chapter, place);
  const fraction = measure.fractionAt(offset);
  const total = bookFraction(book, spineIndex, fraction);
  const title = chapterTitleAt(book, spineIndex, chapter.titles, offset);
  // The text of the locator is the word at the place, with the text around it.
  const around = textContextAt(crengine, offset, CONTEXT_CODE_POINTS * 2);
  const textBefore = lastCodePoints(around.before, CONTEXT_CODE_POINTS);
  const highlight = firstCodePoints(/^\S*/.exec(around.after)?.[0] ?? '', CONTEXT_CODE_POINTS);
  return {
    state: 'translated',
    xpointer: pointer.text,
    xpointerConfidence: worse(located.confidence, pointer.confidence),
    cfi: cfiOf(content.spec),
    cfiConfidence: worse(located.confidence, contentConfidence),
    epubJsCfi: content.epubJs === undefined ? undefined : cfiOf(content.epubJs),
    locator: {
      ...locatorBase(book, spineIndex, title),
      locations: {
        progression: fraction,
        totalProgression: total,
        cssSelector: cssSelectorOf(dom, elementOfPlace(dom, place)),
        partialCfi: content.spec,
      },
      text: {
        before: textBefore,
        highlight,
        after: firstCodePoints(around.after.slice(highlight.length), CONTEXT_CODE_POINTS),
      },
    },
    percentage: total,
    chapterPercentage: fraction,
    chapterTitle: title,
    spineIndex,
    textBefore,
    textAfter: firstCodePoints(around.after, CONTEXT_CODE_POINTS),
    chapterProblem: chapter.problem,
  };
}

/** The source offset between the text before a place and the text after it. */
function textOffsetOf({ crengine: { order } }: Chapter, place: Place): number {
  if (place.kind !== 'element-end') return place.offset;
  const element = elementAt(order, place.offset);
  return element === NO_NODE ? place.offset : innerEndOf(order.tree, element);
}

function xpointerOf(
  book: Book,
  spineIndex: number,
  chapter: Chapter,
  place: Place,
): { readonly text: string; readonly confidence: Confidence } {
  const fragment = book.package.spine[spineIndex]?.fragment;
  if (fragment === undefined) return { text: chapterXpointer(book, spineIndex), confidence: 'fragment' };
  const { pointer, confidence } = xpointerTo(chapter.crengine, fragment + chapter.bodyIndex, place);
  const text = formatXpointer(pointer, book.package.fragmentCount === 1);
  // crengine makes elements of names with a full stop, and finds none of them again.
  if (parseXpointer(text) === undefined) {
    return { text: chapterXpointer(book, spineIndex), confidence: worse(confidence, 'fragment') };
  }
  return { text, confidence };
}

/** The start of a chapter. For an item without a DocFragment (RULES.md R10) it is the next one that has one. */
function chapterXpointer(book: Book, spineIndex: number): string {
  const { spine, fragmentCount } = book.package;
  const next = spine.slice(spineIndex).find((item) => item.fragment !== undefined)?.fragment;
  const fragment = next ?? Math.max(1, fragmentCount);
  const root = ROOTS[book.format];
  return formatXpointer({ root, fragment, hasBody: false, steps: [], point: 0 }, fragmentCount === 1);
}

/** Makes a CFI of a path in a chapter. Undefined for a document of one file, which has no package document. */
type CfiWriter = (path: string) => string | undefined;

function cfiWriter({ format, package: { spine, spineStep, spineId } }: Book, spineIndex: number): CfiWriter {
  if (format !== 'epub') return () => undefined;
  const item = spine[spineIndex];
  const prefix = formatSteps([
    { index: spineStep, id: spineId },
    { index: (item?.position ?? 1) * 2, id: item?.id },
  ]);
  return (path) => `epubcfi(${prefix}!${path})`;
}

function locatorBase(
  book: Book,
  spineIndex: number,
  title: string | undefined,
): Pick<TranslatedLocator, 'href' | 'type' | 'title'> {
  const item = book.package.spine[spineIndex];
  const mediaType = item?.mediaType ?? XHTML;
  return {
    href: (item?.path ?? '').split('/').map(encodeURIComponent).join('/'),
    type: mediaType.length > MAX_MEDIA_TYPE_LENGTH ? XHTML : mediaType,
    ...(title === undefined ? {} : { title }),
  };
}
