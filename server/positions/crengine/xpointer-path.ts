import { worse, type Confidence } from '../confidence.js';
import type { Place } from '../place.js';
import { elementAt } from '../source/source-order.js';
import { NO_NODE, childrenOf, isElement, isText, nameOf, parentOf, startOf } from '../source/source-tree.js';
import type { Xpointer, XpointerStep } from '../xpointer.js';
import { keptChildren, pointTargets } from './crengine-children.js';
import type { CrengineView } from './crengine-view.js';
import type { NodeStates } from './node-bits.js';
import { visiblePlaceOf, type VisiblePlace } from './visible-place.js';
import { resolveXpointer } from './xpointer-resolution.js';

/** An x-pointer that crengine resolves, and how well it names the wanted place. */
export interface XpointerPath {
  readonly pointer: Xpointer;
  readonly confidence: Confidence;
}

/**
 * The x-pointer to a place of the document, with the style sheets of the book. Before it is returned, it is resolved
 * strictly, without the style sheets too (RULES.md R29), because KOReader goes to page 1 if a pointer does not resolve
 * (RULES.md R3). If it may not resolve, the result is the element around the place, or the start of the chapter, which
 * always resolves (RULES.md R10), or that of the document.
 *
 * @param fragment number of the DocFragment, counted from 1.
 */
export function xpointerTo(view: CrengineView, fragment: number, place: Place): XpointerPath {
  const chapter: XpointerPath = {
    pointer: { root: view.root, fragment, hasBody: false, steps: [], point: 0 },
    confidence: 'fragment',
  };
  if (view.body === NO_NODE) return chapter;
  if (place.kind === 'element' && elementAt(view.order, place.offset) === view.body) {
    return { ...chapter, confidence: 'exact' };
  }
  const end = endPointer(view, fragment, place);
  if (end !== undefined) return end;
  const visible = visiblePlaceOf(view, view.styled, place);
  if (visible === undefined) return chapter;
  const { confidence } = visible;
  const pointer = pointerTo(view, view.styled, fragment, visible.node, visible.index);
  if (leadsTo(view, pointer, visible.place)) return { pointer, confidence };
  const element = elementAround(view, visible);
  const elementPointer = pointerTo(view, view.styled, fragment, element, undefined);
  const elementPlace: Place = { kind: 'element', offset: startOf(view.order.tree, element) };
  if (element === view.body || !leadsTo(view, elementPointer, elementPlace)) return chapter;
  return { pointer: { ...elementPointer, point: undefined }, confidence: worse(confidence, 'element') };
}

/** The end of an element as `.N` with N the number of its children (RULES.md R7), if these are certain. */
function endPointer(view: CrengineView, fragment: number, place: Place): XpointerPath | undefined {
  if (place.kind !== 'element-end') return undefined;
  const element = elementAt(view.order, place.offset);
  if (element === NO_NODE || element < view.body) return undefined;
  const { firstNodes, isCertain } = pointTargets(view.order.tree, view.styled, element);
  if (!isCertain || firstNodes.length === 0) return undefined;
  const pointer = { ...pointerTo(view, view.styled, fragment, element, undefined), point: firstNodes.length };
  return leadsTo(view, pointer, place) ? { pointer, confidence: 'exact' } : undefined;
}

/** True if the pointer certainly resolves to that place, and to some place without the style sheets of the book. */
function leadsTo(view: CrengineView, pointer: Xpointer, place: Place): boolean {
  const styled = resolveXpointer(view, view.styled, pointer);
  if (styled.state !== 'resolved' || !styled.isCertain) return false;
  if (styled.place.kind !== place.kind || styled.place.offset !== place.offset) return false;
  return view.plain === view.styled || resolveXpointer(view, view.plain, pointer).state === 'resolved';
}

/** The element that names a text which cannot be named itself: its parent, or in the body the element before it. */
function elementAround(view: CrengineView, visible: VisiblePlace): number {
  const { tree } = view.order;
  if (isElement(tree, visible.node)) return visible.node;
  const parent = parentOf(tree, visible.node);
  if (parent !== view.body) return parent;
  let before = parent;
  for (const child of childrenOf(tree, parent)) {
    if (child === visible.node) break;
    if (isElement(tree, child)) before = child;
  }
  return before;
}

function pointerTo(
  view: CrengineView,
  states: NodeStates,
  fragment: number,
  node: number,
  index: number | undefined,
): Xpointer {
  const { tree } = view.order;
  const steps: XpointerStep[] = [];
  for (let at = node; at !== view.body && at > view.body; at = parentOf(tree, at)) {
    steps.push(stepTo(view, states, at));
  }
  const { root } = view;
  return {
    root,
    fragment,
    hasBody: true,
    steps: steps.toReversed(),
    point: isText(tree, node) ? (index ?? 0) : 0,
  };
}

/** The index is left out for the only child of its kind (RULES.md R8). */
function stepTo(view: CrengineView, states: NodeStates, node: number): XpointerStep {
  const { tree } = view.order;
  const isTextStep = isText(tree, node);
  let count = 0;
  let position = 0;
  for (const sibling of keptChildren(tree, states, parentOf(tree, node))) {
    const isAlike = isTextStep
      ? isText(tree, sibling)
      : isElement(tree, sibling) && tree.name[sibling] === tree.name[node];
    if (isAlike) count += 1;
    if (sibling === node) position = count;
  }
  const index = count > 1 ? position : undefined;
  return isTextStep ? { kind: 'text', index } : { kind: 'element', name: nameOf(tree, node), index };
}
