import { ELEMENT, NO_NODE, childrenOf, isElement } from '../source/source-tree.js';
import { closeBlock, type BoxChild } from './boxes.js';
import {
  boxChildren,
  closeByDisplay,
  closeElements,
  droppedSpaces,
  hideDescendants,
  isDoubtful,
  roleOf,
  setBit,
  type BoxSource,
  type ClosedChildren,
} from './closed-elements.js';
import { BLOCK, INLINE, INLINE_TABLE, RUBY, TABLE, isTablePart } from './display.js';
import {
  AS_BLOCK,
  AS_FLOAT,
  AS_INLINE,
  AS_NOTHING,
  AS_UNKNOWN,
  DOUBTFUL,
  DROPPED,
  HAS_FIRST_PART,
  HIDDEN,
  IN_MATH,
  IN_SVG,
  PREFORMATTED_TEXT,
  hasBit,
  type NodeStates,
} from './node-bits.js';

/** What crengine has made of the elements before it computes their styles again (RULES.md R40). */
interface FirstClosing {
  readonly states: NodeStates;
  /** 1 for the elements that were displayed, and so closed. */
  readonly wasClosed: Uint8Array;
  /** 1 for the elements that stand in a box of their parent. */
  readonly isBoxed: Uint8Array;
  /** Of the elements that have boxes, or of which something was hidden. */
  readonly closed: ReadonlyMap<number, ClosedChildren>;
}

/** Closes the elements as they are when crengine reads them, and keeps the boxes. */
export function closeForTheFirstTime(source: BoxSource, body: number, end: number): FirstClosing {
  const { tree, states } = source;
  const wasClosed = new Uint8Array(tree.nodeCount);
  const isBoxed = new Uint8Array(tree.nodeCount);
  const kept = new Map<number, ClosedChildren>();
  closeElements(source, body, end, (element, closed) => {
    wasClosed[element] = 1;
    const boxes = closed.children.filter(({ items }) => items.length > 0);
    for (const { node } of boxes.flatMap(({ items }) => items)) if (node !== NO_NODE) isBoxed[node] = 1;
    if (boxes.length > 0 || closed.hidden.length > 0) kept.set(element, closed);
  });
  return { states, wasClosed, isBoxed, closed: kept };
}

/**
 * Does what crengine does with the elements of the whole document, when it has computed their styles again: what has
 * changed is closed once more, with the boxes that are there (RULES.md R40).
 */
export function closeAgain(source: BoxSource, first: FirstClosing, body: number, end: number): void {
  const { tree, states } = source;
  const isChanged = new Uint8Array(tree.nodeCount);
  for (let node = end - 1; node >= body; node -= 1) {
    if (tree.kind[node] !== ELEMENT) continue;
    if (hasBit(states, node, HIDDEN)) {
      if (states.roles[node] !== AS_FLOAT) states.roles[node] = AS_NOTHING;
      isChanged[node] = first.wasClosed[node] ?? 0;
      continue;
    }
    if (hasBit(first.states, node, DOUBTFUL)) setBit(states, node, DOUBTFUL);
    if (hasChanged(source, first, node, isChanged)) {
      isChanged[node] = 1;
      closeChanged(source, first, node);
    } else {
      for (const hidden of first.closed.get(node)?.hidden ?? []) setBit(states, hidden, HIDDEN);
      states.roles[node] = first.states.roles[node] ?? 0;
    }
  }
  hideDescendants(source, body, end);
}

/** Whether crengine may close an element in another way than before. */
function hasChanged(
  { tree, states }: BoxSource,
  first: FirstClosing,
  element: number,
  isChanged: Uint8Array,
): boolean {
  if (first.wasClosed[element] !== 1 && !hasBit(states, element, IN_SVG | IN_MATH)) return true;
  if (isStyledAnew(first.states, states, element)) return true;
  for (const child of childrenOf(tree, element)) {
    if (!isElement(tree, child)) continue;
    if (isStyledAnew(first.states, states, child) || first.states.roles[child] !== states.roles[child])
      return true;
    // The rows of a ruby are made of what is in its children.
    if (states.displays[element] === RUBY && isChanged[child] === 1) return true;
  }
  return false;
}

function isStyledAnew(before: NodeStates, after: NodeStates, element: number): boolean {
  return (
    before.displays[element] !== after.displays[element] ||
    before.before[element] !== after.before[element] ||
    before.after[element] !== after.after[element] ||
    hasBit(before, element, PREFORMATTED_TEXT) !== hasBit(after, element, PREFORMATTED_TEXT) ||
    (before.roles[element] === AS_FLOAT) !== (after.roles[element] === AS_FLOAT)
  );
}

function closeChanged(source: BoxSource, first: FirstClosing, element: number): void {
  const { states } = source;
  // The boxes of generated content stay when it goes.
  if (first.states.before[element] !== states.before[element]) states.before[element] = AS_UNKNOWN;
  if (first.states.after[element] !== states.after[element]) states.after[element] = AS_UNKNOWN;
  const plain = boxChildren(source, element);
  setBit(states, element, HAS_FIRST_PART);
  if (hasBit(states, element, IN_SVG | IN_MATH)) {
    if (states.roles[element] === 0) states.roles[element] = roleOf(source, element, plain);
    return;
  }
  const children = withBoxes(source, first, element, plain);
  if (isDoubtful(source, element, plain)) setBit(states, element, DOUBTFUL);
  const display = states.displays[element] ?? 0;
  const isPreformatted = hasBit(states, element, PREFORMATTED_TEXT);
  const isMisfit = first.isBoxed[element] === 1 && display > INLINE;
  if (isMisfit || isOfTable(first.states, states, element, children)) {
    if (children.some(holdsSpace) || display === RUBY || first.states.displays[element] === RUBY)
      setBit(states, element, DOUBTFUL);
  } else {
    for (const child of children) {
      if (child.items.length === 0) continue;
      for (const text of droppedSpaces(child.items, closeBlock(child.items, BLOCK, isPreformatted)))
        setBit(states, text, DROPPED);
    }
    for (const text of droppedSpaces(children, closeByDisplay(children, display, isPreformatted, BLOCK)))
      setBit(states, text, DROPPED);
  }
  if (states.roles[element] === 0) states.roles[element] = roleOf(source, element, children);
}

function holdsSpace({ kind, items }: BoxChild): boolean {
  return kind === 'space' || items.some(holdsSpace);
}

/** The children with the boxes that crengine has put them into, as they are displayed now. */
function withBoxes(
  { states }: BoxSource,
  first: FirstClosing,
  element: number,
  plain: readonly BoxChild[],
): readonly BoxChild[] {
  const isEmbedded = embeddedBefore(first, element, plain);
  const now = new Map<number, BoxChild>();
  for (const child of plain) {
    // A block that stood among inline content of an inline element stays in an inline box.
    const isInBox = child.kind === 'block' && isEmbedded(child.node);
    if (child.node !== NO_NODE) now.set(child.node, isInBox ? { ...child, kind: 'inline' } : child);
  }
  const isGeneratedAnew = states.before[element] === AS_UNKNOWN || states.after[element] === AS_UNKNOWN;
  const update = (child: BoxChild): BoxChild => {
    if (child.items.length > 0) return { ...child, items: child.items.map(update) };
    if (child.node === NO_NODE) return isGeneratedAnew ? { ...child, kind: 'unknown' } : child;
    return now.get(child.node) ?? child;
  };
  return (first.closed.get(element)?.children ?? plain).map(update);
}

function embeddedBefore(
  { states, wasClosed }: FirstClosing,
  element: number,
  plain: readonly BoxChild[],
): (node: number) => boolean {
  const wasBlock = (node: number): boolean => states.roles[node] === AS_BLOCK;
  if (wasClosed[element] !== 1 || states.displays[element] !== INLINE) return () => false;
  const hadInline = plain.some(({ node, kind }) => kind === 'text' || states.roles[node] === AS_INLINE);
  return hadInline ? wasBlock : () => false;
}

/** The boxes of tables and rubies are not followed any further. */
function isOfTable(
  before: NodeStates,
  after: NodeStates,
  element: number,
  children: readonly BoxChild[],
): boolean {
  const isTable = (display: number | undefined = 0): boolean =>
    display === RUBY || display === TABLE || display === INLINE_TABLE || isTablePart(display);
  if (isTable(before.displays[element]) || isTable(after.displays[element])) return true;
  return children.some(({ node, display, items }) => {
    if (isTablePart(display) || (node !== NO_NODE && isTablePart(before.displays[node] ?? 0))) return true;
    return isTable(display) && node === NO_NODE ? true : isOfTable(before, after, -1, items);
  });
}
