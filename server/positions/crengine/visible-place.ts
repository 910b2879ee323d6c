import type { Confidence } from '../confidence.js';
import type { Place } from '../place.js';
import { elementAt, positionBefore, textAt } from '../source/source-order.js';
import { ELEMENT, NO_NODE, endOf, isText, nameOf, parentOf, startOf } from '../source/source-tree.js';
import { isWhiteSpaceOnly, visitCharacters } from './crengine-text.js';
import type { CrengineView } from './crengine-view.js';
import { DROPPED, HIDDEN, IN_MATH, IN_SVG, formOf, hasBit, type NodeStates } from './node-bits.js';

/** A place that KOReader can show, and the node that names it. */
export interface VisiblePlace {
  readonly place: Place;
  /** The text that the place is in, or the element that it is. */
  readonly node: number;
  /** Index of the character in the text, or the length of the text for its end. Undefined for an element. */
  readonly index: number | undefined;
  /**
   * `exact` if only white space lies between the place that was asked for and this one, `element` if this is the
   * drawing around it, else `clamped`.
   */
  readonly confidence: Confidence;
}

/** Elements that are shown without any text in them. */
const IMAGES: ReadonlySet<string> = new Set(['img', 'image', 'svg', 'math']);

/**
 * The place itself if crengine keeps and shows it; else the next place that it shows, or the last one if there is
 * none (RULES.md R12). Anything in a drawing or a formula becomes the `svg` or `math` element. Undefined if the
 * document shows nothing.
 */
export function visiblePlaceOf(
  view: CrengineView,
  states: NodeStates,
  place: Place,
): VisiblePlace | undefined {
  const { order } = view;
  const tree = order.tree;
  if (place.kind === 'element' || place.kind === 'element-end') {
    const element = elementAt(order, place.offset);
    if (element === NO_NODE) return placeFrom(view, states, place.offset);
    if (place.kind === 'element-end') {
      const found = placeFrom(view, states, endOf(tree, element));
      return found === undefined ? undefined : { ...found, confidence: 'clamped' };
    }
    const drawing = drawingAround(view, states, element);
    if (drawing !== NO_NODE) return visibleElement(view, drawing, drawing === element ? 'exact' : 'element');
    const isShown = element >= view.body && !hasBit(states, element, HIDDEN);
    return isShown ? visibleElement(view, element, 'exact') : placeFrom(view, states, place.offset);
  }
  if (place.kind === 'text-end') {
    const text = textAt(order, place.offset - 1);
    if (text !== NO_NODE && isShownText(states, text) && drawingAround(view, states, text) === NO_NODE) {
      return atTextEnd(view, states, text, place.offset);
    }
  }
  return placeFrom(view, states, place.offset);
}

function isShownText(states: NodeStates, text: number): boolean {
  return !hasBit(states, text, DROPPED | HIDDEN);
}

function visibleElement(view: CrengineView, element: number, confidence: Confidence): VisiblePlace {
  const place: Place = { kind: 'element', offset: startOf(view.order.tree, element) };
  return { place, node: element, index: undefined, confidence };
}

function atTextEnd(view: CrengineView, states: NodeStates, text: number, offset: number): VisiblePlace {
  const { tree } = view.order;
  let index = 0;
  let next = NO_NODE;
  visitCharacters(tree, startOf(tree, text), endOf(tree, text), formOf(tree, states, text), (at) => {
    if (at >= offset) {
      next = at;
      return true;
    }
    index += 1;
    return false;
  });
  const place: Place =
    next === NO_NODE ? { kind: 'text-end', offset: endOf(tree, text) } : { kind: 'character', offset: next };
  return { place, node: text, index, confidence: 'exact' };
}

/** The outermost `svg` or `math` around a node, which may be the node itself. */
function drawingAround(view: CrengineView, states: NodeStates, node: number): number {
  let drawing = NO_NODE;
  for (
    let at = node;
    at > view.body && hasBit(states, at, IN_SVG | IN_MATH);
    at = parentOf(view.order.tree, at)
  ) {
    view.order.tree.work.spend(1);
    drawing = at;
  }
  return drawing;
}

/** The first shown character or image at or after the offset, else the end of the last shown text before it. */
function placeFrom(view: CrengineView, states: NodeStates, offset: number): VisiblePlace | undefined {
  const { tree } = view.order;
  const bodyEnd = endOf(tree, view.body);
  const first = Math.max(view.body + 1, positionBefore(view.order, offset));
  let confidence: Confidence = offset >= startOf(tree, view.body) ? 'exact' : 'clamped';
  for (let node = first; node < tree.nodeCount && startOf(tree, node) < bodyEnd; node += 1) {
    tree.work.spend(1);
    const drawing = drawingAround(view, states, node);
    if (drawing !== NO_NODE) {
      if (!hasBit(states, drawing, HIDDEN) && endOf(tree, drawing) > offset)
        return visibleElement(view, drawing, startOf(tree, drawing) >= offset ? confidence : 'element');
      // Each node in the drawing would look for the drawing again.
      node = Math.max(node, positionBefore(view.order, endOf(tree, drawing) - 1));
      continue;
    }
    if (tree.kind[node] === ELEMENT) {
      const isImage = IMAGES.has(nameOf(tree, node)) && !hasBit(states, node, HIDDEN);
      if (isImage && startOf(tree, node) >= offset) return visibleElement(view, node, confidence);
    } else if (endOf(tree, node) > offset) {
      if (isShownText(states, node)) {
        const found = characterFrom(view, states, node, offset);
        if (found !== undefined) return { ...found, confidence };
      } else if (!isBlank(view, states, node, offset)) confidence = 'clamped';
    }
  }
  return lastPlaceBefore(view, states, first);
}

function characterFrom(
  view: CrengineView,
  states: NodeStates,
  text: number,
  offset: number,
): Omit<VisiblePlace, 'confidence'> | undefined {
  const { tree } = view.order;
  let index = 0;
  let found = NO_NODE;
  visitCharacters(tree, startOf(tree, text), endOf(tree, text), formOf(tree, states, text), (at) => {
    if (at >= offset) {
      found = at;
      return true;
    }
    index += 1;
    return false;
  });
  if (found === NO_NODE) return undefined;
  return { place: { kind: 'character', offset: found }, node: text, index };
}

function isBlank(view: CrengineView, states: NodeStates, text: number, offset: number): boolean {
  const { tree } = view.order;
  const from = Math.max(offset, startOf(tree, text));
  return isWhiteSpaceOnly(tree, from, endOf(tree, text), formOf(tree, states, text));
}

function lastPlaceBefore(view: CrengineView, states: NodeStates, node: number): VisiblePlace | undefined {
  const { tree } = view.order;
  for (let at = Math.min(node, tree.nodeCount - 1); at > view.body; at -= 1) {
    tree.work.spend(1);
    const drawing = drawingAround(view, states, at);
    if (drawing !== NO_NODE) {
      if (!hasBit(states, drawing, HIDDEN)) return visibleElement(view, drawing, 'clamped');
      at = drawing;
    } else if (isText(tree, at)) {
      const isShown = isShownText(states, at) && !isBlank(view, states, at, startOf(tree, at));
      if (isShown) return { ...atTextEnd(view, states, at, endOf(tree, at)), confidence: 'clamped' };
    } else if (IMAGES.has(nameOf(tree, at)) && !hasBit(states, at, HIDDEN))
      return visibleElement(view, at, 'clamped');
  }
  return undefined;
}
