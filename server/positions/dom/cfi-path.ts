import { formatSteps, type CfiStep } from '../cfi.js';
import type { Confidence } from '../confidence.js';
import type { Place } from '../place.js';
import { attributeOf } from '../source/attributes.js';
import { elementAt, nodeAt, orderLength, positionBefore, textAt } from '../source/source-order.js';
import {
  CDATA,
  NO_NODE,
  TEXT_CONTINUED,
  childrenOf,
  endOf,
  isElement,
  isText,
  parentOf,
  startOf,
  type SourceTree,
} from '../source/source-tree.js';
import { hasUnitAt, unitCount, unitsBefore } from './dom-text.js';
import type { DomView } from './dom-view.js';

/** The part of a CFI after the `!`, in both ways of counting texts. */
export interface ContentPath {
  readonly spec: string;
  /** As epub.js counts. Undefined if epub.js cannot name the place. */
  readonly epubJs: string | undefined;
  readonly confidence: Confidence;
}

/**
 * The path to a place of the document. A place that is not in the browser's tree (text that crengine reads in broken
 * markup) becomes the next place that is. The path never leads to an empty text: foliate-js fails on those.
 */
export function contentPathOf(view: DomView, place: Place): ContentPath {
  const { order } = view;
  const tree = order.tree;
  switch (place.kind) {
    case 'character': {
      const text = textAt(order, place.offset);
      if (text === NO_NODE) return nextPath(view, place.offset);
      // crengine may have a character there that is a part of a reference in the browser.
      const isExact = hasUnitAt(tree, text, view.syntax, place.offset);
      return textPath(view, text, place.offset, isExact ? 'exact' : 'clamped');
    }
    case 'text-end': {
      const text = textAt(order, place.offset - 1);
      return text === NO_NODE ? nextPath(view, place.offset) : textPath(view, text, place.offset, 'exact');
    }
    case 'element': {
      const element = elementAt(order, place.offset);
      return element === NO_NODE ? nextPath(view, place.offset) : elementPath(view, element, 'exact');
    }
    case 'element-end': {
      const element = elementAt(order, place.offset);
      if (element === NO_NODE) return nextPath(view, place.offset);
      let last = NO_NODE;
      for (const child of childrenOf(tree, element)) last = child;
      if (last !== NO_NODE && isText(tree, last)) return textPath(view, last, endOf(tree, last), 'exact');
      return elementPath(view, last === NO_NODE ? element : last, last === NO_NODE ? 'exact' : 'element');
    }
    default:
      return place.kind satisfies never;
  }
}

/** The element of a place, or the parent of its text. The body if the place is not in the browser's tree. */
export function elementOfPlace(view: DomView, place: Place): number {
  const { order } = view;
  const isInText = place.kind === 'character' || place.kind === 'text-end';
  const text = isInText
    ? textAt(order, place.kind === 'character' ? place.offset : place.offset - 1)
    : NO_NODE;
  const element = isInText
    ? text === NO_NODE
      ? NO_NODE
      : parentOf(order.tree, text)
    : elementAt(order, place.offset);
  return element === NO_NODE ? view.body : element;
}

/** The first text or element of the body at or after the offset, else the body. */
function nextPath(view: DomView, offset: number): ContentPath {
  const { order } = view;
  const start = Math.max(
    positionBefore(order, offset) + 1,
    positionBefore(order, startOf(order.tree, view.body)) + 1,
  );
  for (let position = start; position < orderLength(order); position += 1) {
    const node = nodeAt(order, position);
    if (isText(order.tree, node)) return textPath(view, node, startOf(order.tree, node), 'clamped');
    if (isElement(order.tree, node)) return elementPath(view, node, 'clamped');
  }
  return elementPath(view, view.body, 'fragment');
}

function elementPath(view: DomView, element: number, confidence: Confidence): ContentPath {
  const steps = stepsTo(view, element);
  return { spec: formatSteps(steps), epubJs: formatSteps(epubJsSteps(steps)), confidence };
}

function textPath(view: DomView, text: number, offset: number, confidence: Confidence): ContentPath {
  const tree = view.order.tree;
  const parent = parentOf(tree, text);
  const steps = stepsTo(view, parent);
  const inside = unitsBefore(tree, text, view.syntax, offset);
  let elements = 0;
  let chunkUnits = 0;
  let textNodes = -1;
  let nodeUnits = 0;
  for (const child of childrenOf(tree, parent)) {
    if (isElement(tree, child)) {
      elements += 1;
      chunkUnits = 0;
      continue;
    }
    const kind = tree.kind[child];
    if (kind !== CDATA && kind !== TEXT_CONTINUED) {
      textNodes += 1;
      nodeUnits = 0;
    }
    if (child === text) break;
    const units = unitCount(tree, child, view.syntax);
    chunkUnits += units;
    if (kind !== CDATA) nodeUnits += units;
  }
  const spec = `${formatSteps(steps)}/${elements * 2 + 1}:${chunkUnits + inside}`;
  const isCdata = tree.kind[text] === CDATA;
  const epubJs = `${formatSteps(epubJsSteps(steps))}/${textNodes * 2 + 1}:${nodeUnits + inside}`;
  return { spec, epubJs: isCdata ? undefined : epubJs, confidence };
}

/** Steps from the root element (which has none) down to an element. */
function stepsTo(view: DomView, element: number): CfiStep[] {
  const tree = view.order.tree;
  const steps: CfiStep[] = [];
  for (let node = element; node !== view.root && node > 0; node = parentOf(tree, node)) {
    steps.push({ index: 2 * elementPosition(tree, node), id: attributeOf(tree, node, 'id') });
  }
  return steps.toReversed();
}

/** Position among the element children of the parent, counted from 1. */
export function elementPosition(tree: SourceTree, element: number): number {
  let position = 0;
  for (const child of childrenOf(tree, parentOf(tree, element))) {
    if (isElement(tree, child)) position += 1;
    if (child === element) break;
  }
  return position;
}

/** epub.js does not know escapes and splits at these characters wherever they are. */
const UNSAFE_IN_EPUB_JS = /[[\]^,():;=!/]/;

function epubJsSteps(steps: readonly CfiStep[]): CfiStep[] {
  return steps.map(({ index, id }) => ({
    index,
    id: id !== undefined && UNSAFE_IN_EPUB_JS.test(id) ? undefined : id,
  }));
}
