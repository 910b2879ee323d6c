import { worse, type Confidence } from '../confidence.js';
import { crengineIdOffset } from '../crengine/crengine-ids.js';
import { countCharacters } from '../crengine/crengine-text.js';
import { keptChildren } from '../crengine/crengine-children.js';
import { formOf } from '../crengine/node-bits.js';
import { resolveXpointer } from '../crengine/xpointer-resolution.js';
import type { Place } from '../place.js';
import { NO_NODE, endOf, isText, startOf } from '../source/source-tree.js';
import { BOXING_NAMES, type Xpointer } from '../xpointer.js';
import type { Chapter } from './chapter.js';
import {
  ROOTS,
  chapterOfPlace,
  chapterStart,
  type Located,
  type NotLocated,
  type OpenBook,
} from './located.js';

interface PlaceFound {
  readonly place: Place | undefined;
  readonly confidence: Confidence;
}

/**
 * Finds the place of an x-pointer. These are tried in turn: strict resolution; the numbers of fragments in books
 * that were opened before 2024 (RULES.md R10); the pointer without the boxes of old versions (RULES.md R9); the
 * steps that resolve.
 */
export function locateXpointer(open: OpenBook, pointer: Xpointer): Located | NotLocated {
  const { format } = open.book;
  if (pointer.root !== ROOTS[format]) return { state: 'not-located', reason: 'other-format' };
  const { spine } = open.book.package;
  const current = spine.findIndex((item) => isWithin(pointer.fragment, item.fragment, item.fragmentCount));
  const former = spine.findIndex((item) =>
    isWithin(pointer.fragment, item.formerFragment, item.fragmentCount),
  );
  const bodyIndex = pointer.fragment - (spine[current]?.fragment ?? pointer.fragment);
  const strict = current < 0 ? undefined : locateStrictly(open, current, bodyIndex, pointer);
  if (strict !== undefined) return strict;
  const isRenumbered = former >= 0 && former !== current;
  const asFormer = isRenumbered ? locateStrictly(open, former, 0, pointer) : undefined;
  if (asFormer !== undefined) return { ...asFormer, confidence: worse(asFormer.confidence, 'element') };
  const spineIndex = current < 0 ? former : current;
  if (spineIndex < 0) return { state: 'not-located', reason: 'outside-the-book' };
  const chapter = open.chapter(spineIndex, bodyIndex);
  if (chapter.state === 'unreadable') return chapterStart(open, spineIndex, 'fragment');
  const unboxed = pointer.steps.filter((step) => step.kind !== 'element' || !BOXING_NAMES.has(step.name));
  if (unboxed.length < pointer.steps.length) {
    const found = strictPlaceOf(chapter, { ...pointer, steps: unboxed });
    if (found !== undefined) {
      return {
        state: 'located',
        spineIndex,
        chapter,
        ...found,
        confidence: worse(found.confidence, 'element'),
      };
    }
  }
  return { state: 'located', spineIndex, chapter, ...nearestPlace(chapter, { ...pointer, steps: unboxed }) };
}

/** Finds the target of a link: the element with that id, else the start of its file (RULES.md R11). */
export function locateLink(
  open: OpenBook,
  fragmentIndex: number,
  id: string | undefined,
): Located | NotLocated {
  const spineIndex = open.book.package.spine.findIndex(({ number }) => number === fragmentIndex + 1);
  if (spineIndex < 0) return { state: 'not-located', reason: 'outside-the-book' };
  const chapter = open.chapter(spineIndex);
  if (chapter.state === 'unreadable') return chapterStart(open, spineIndex, 'fragment');
  if (id === undefined) return chapterStart(open, spineIndex, 'exact');
  const offset = crengineIdOffset(chapter.crengine, id);
  if (offset < 0) return chapterStart(open, spineIndex, 'fragment');
  const place: Place = { kind: 'element', offset };
  return {
    state: 'located',
    spineIndex,
    chapter: chapterOfPlace(open, spineIndex, chapter, place),
    place,
    confidence: 'exact',
  };
}

/** Whether a number is among `count` numbers from the first one on. */
function isWithin(number: number, first: number | undefined, count: number): boolean {
  return first !== undefined && number >= first && number < first + count;
}

function locateStrictly(
  open: OpenBook,
  spineIndex: number,
  bodyIndex: number,
  pointer: Xpointer,
): Located | undefined {
  if (!pointer.hasBody) {
    const confidence = (pointer.point ?? 0) === 0 ? 'exact' : 'clamped';
    return chapterStart(open, spineIndex, confidence, bodyIndex);
  }
  const chapter = open.chapter(spineIndex, bodyIndex);
  if (chapter.state === 'unreadable') return undefined;
  const found = strictPlaceOf(chapter, pointer);
  return found === undefined ? undefined : { state: 'located', spineIndex, chapter, ...found };
}

/** Strict resolution with the style sheets of the book, and without them if that fails (RULES.md R29). */
function strictPlaceOf(chapter: Chapter, pointer: Xpointer): PlaceFound | undefined {
  const { crengine } = chapter;
  const styled = resolveXpointer(crengine, crengine.styled, pointer);
  if (styled.state === 'resolved') {
    return { place: styled.place, confidence: styled.isCertain ? 'exact' : 'element' };
  }
  const plain = resolveXpointer(crengine, crengine.plain, pointer);
  if (plain.state !== 'resolved') return undefined;
  return { place: plain.place, confidence: plain.isCertain ? 'clamped' : 'element' };
}

/** The nearest text in the same element, else the last element that the steps lead to. */
function nearestPlace(chapter: Chapter, pointer: Xpointer): PlaceFound {
  const { crengine } = chapter;
  const { tree } = crengine.order;
  const resolution = resolveXpointer(crengine, crengine.styled, pointer);
  if (resolution.state === 'resolved') return { place: resolution.place, confidence: 'element' };
  const { element, followedSteps } = resolution;
  const lastStep = pointer.steps.at(-1);
  const isAtText = followedSteps >= pointer.steps.length - 1 && lastStep?.kind === 'text';
  const text = isAtText ? nearestText(chapter, resolution.text, element) : NO_NODE;
  if (text !== NO_NODE) {
    const form = formOf(tree, crengine.styled, text);
    const length = countCharacters(tree, startOf(tree, text), endOf(tree, text), form);
    if (length > 0) return { place: { kind: 'text-end', offset: endOf(tree, text) }, confidence: 'clamped' };
  }
  if (followedSteps === pointer.steps.length && element !== crengine.body) {
    return { place: { kind: 'element-end', offset: startOf(tree, element) }, confidence: 'clamped' };
  }
  if (element === crengine.body) return { place: undefined, confidence: 'fragment' };
  return { place: { kind: 'element', offset: startOf(tree, element) }, confidence: 'element' };
}

/** The text that is shorter than the point, else the last text of the element. */
function nearestText(chapter: Chapter, passed: number, element: number): number {
  if (passed !== NO_NODE) return passed;
  const { crengine } = chapter;
  let last = NO_NODE;
  for (const child of keptChildren(crengine.order.tree, crengine.styled, element)) {
    if (isText(crengine.order.tree, child)) last = child;
  }
  return last;
}
