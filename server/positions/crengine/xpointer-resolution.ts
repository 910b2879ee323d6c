import type { Place } from '../place.js';
import {
  NO_NODE,
  endOf,
  innerStartOf,
  isElement,
  isText,
  parentOf,
  startOf,
  type SourceTree,
} from '../source/source-tree.js';
import type { Xpointer } from '../xpointer.js';
import { anyChild, childOfName, pointTargets, textChild } from './crengine-children.js';
import { visitCharacters } from './crengine-text.js';
import type { CrengineView } from './crengine-view.js';
import {
  DOUBTFUL,
  IN_MATH,
  MAY_BE_HIDDEN,
  UNKNOWN_FORM,
  formOf,
  hasBit,
  type NodeStates,
} from './node-bits.js';

const BEYOND_ASCII = /[\u0080-\uFFFF]/;
const REPLACED = /\uFFFD/;

export type XpointerResolution =
  | {
      readonly state: 'resolved';
      readonly place: Place;
      /** The node that holds the place, or that is the place. */
      readonly node: number;
      /** False if the rules do not fully cover this part of the document. */
      readonly isCertain: boolean;
    }
  /** crengine finds nothing, and KOReader goes to page 1 (RULES.md R3). */
  | {
      readonly state: 'unresolvable';
      /** The last element that the steps lead to. */
      readonly element: number;
      /** The text that is shorter than the point. `NO_NODE` if a step failed. */
      readonly text: number;
      /** Number of steps that lead somewhere. */
      readonly followedSteps: number;
    };

/**
 * Follows the steps of an x-pointer as strictly as crengine (RULES.md R3): a step that is not there, or a point
 * past the end, resolves nowhere. Without a point, and with `.0`, the place is the element itself (RULES.md R7).
 */
export function resolveXpointer(
  view: CrengineView,
  states: NodeStates,
  pointer: Xpointer,
): XpointerResolution {
  const resolution = followSteps(view, states, pointer);
  if (view.isCertain || resolution.state === 'unresolvable') return resolution;
  return { ...resolution, isCertain: false };
}

function followSteps(view: CrengineView, states: NodeStates, pointer: Xpointer): XpointerResolution {
  const { tree } = view.order;
  let node = view.body;
  for (const [followedSteps, step] of pointer.steps.entries()) {
    const next =
      step.kind === 'element'
        ? childOfName(tree, node, step.name, step.index ?? 1)
        : step.kind === 'text'
          ? textChild(tree, states, node, step.index ?? 1)
          : anyChild(tree, states, node, step.index);
    if (next === NO_NODE) return { state: 'unresolvable', element: node, text: NO_NODE, followedSteps };
    if (isText(tree, next)) {
      if (followedSteps === pointer.steps.length - 1) return resolvePoint(view, states, next, node, pointer);
      return { state: 'unresolvable', element: node, text: next, followedSteps };
    }
    node = next;
  }
  return resolveElementPoint(view, states, node, pointer);
}

function resolvePoint(
  view: CrengineView,
  states: NodeStates,
  text: number,
  parent: number,
  pointer: Xpointer,
): XpointerResolution {
  const { tree } = view.order;
  const wanted = pointer.point ?? 0;
  const end = endOf(tree, text);
  let index = 0;
  let found = -1;
  let isKnown = !hasBit(states, text, UNKNOWN_FORM | MAY_BE_HIDDEN) && isDecoded(tree, text);
  visitCharacters(tree, startOf(tree, text), end, formOf(tree, states, text), (offset, _, isCertain) => {
    isKnown &&= isCertain;
    if (index === wanted) {
      found = offset;
      return true;
    }
    index += 1;
    return false;
  });
  if (found < 0 && index !== wanted) {
    return { state: 'unresolvable', element: parent, text, followedSteps: pointer.steps.length };
  }
  // A place cannot say that it is after a character that is not in the source.
  const isAfterInserted = found < 0 && end === startOf(tree, text) && wanted > 0;
  const isCertain = isKnown && !isAfterInserted && !hasBit(states, parent, DOUBTFUL | IN_MATH);
  const place: Place = found < 0 ? { kind: 'text-end', offset: end } : { kind: 'character', offset: found };
  return { state: 'resolved', place, node: text, isCertain };
}

/** False for a text in which bytes may mean other characters to crengine (RULES.md R35). */
function isDecoded(tree: SourceTree, text: number): boolean {
  if (tree.encoding === 'broken') return true;
  const source = tree.source.slice(startOf(tree, text), endOf(tree, text));
  tree.work.scan(source.length);
  return !(tree.encoding === 'guessed' ? BEYOND_ASCII : REPLACED).test(source);
}

function resolveElementPoint(
  view: CrengineView,
  states: NodeStates,
  element: number,
  pointer: Xpointer,
): XpointerResolution {
  const { tree } = view.order;
  const offset = startOf(tree, element);
  // An element without a start tag has the offset of the first one in it.
  const hasTag = innerStartOf(tree, element) > offset;
  const isOrdinary = hasTag && !hasBit(states, parentOf(tree, element), IN_MATH);
  const point = pointer.point ?? 0;
  if (point === 0) {
    return { state: 'resolved', place: { kind: 'element', offset }, node: element, isCertain: isOrdinary };
  }
  const { firstNodes, isCertain } = pointTargets(tree, states, element);
  if (point > firstNodes.length) {
    return { state: 'unresolvable', element, text: NO_NODE, followedSteps: pointer.steps.length };
  }
  // A place in generated content is that of the next node.
  const target = firstNodes.slice(point).find((node) => node !== NO_NODE);
  if (target === undefined) {
    const place: Place = { kind: 'element-end', offset };
    return { state: 'resolved', place, node: element, isCertain: isCertain && isOrdinary };
  }
  const place: Place = isElement(tree, target)
    ? { kind: 'element', offset: startOf(tree, target) }
    : { kind: 'character', offset: startOf(tree, target) };
  return { state: 'resolved', place, node: target, isCertain: isCertain && isOrdinary };
}
