import { crengineAttributeOf } from '../source/attributes.js';
import {
  ELEMENT,
  INSERTED,
  NO_NODE,
  childrenOf,
  isElement,
  isText,
  nameOf,
  parentOf,
  type SourceTree,
} from '../source/source-tree.js';
import { closeBlock, closeInline, closeTable, isBlockOfBlocks, type BoxChild } from './boxes.js';
import {
  INLINE,
  INLINE_BLOCK,
  INLINE_TABLE,
  RUBY,
  RUN_IN,
  TABLE,
  TABLE_FOOTER_GROUP,
  TABLE_HEADER_GROUP,
  TABLE_ROW,
  TABLE_ROW_GROUP,
  UNKNOWN_DISPLAY,
} from './display.js';
import { IMAGES } from './element-names.js';
import {
  AS_BLOCK,
  AS_FLOAT,
  AS_INLINE,
  AS_NOTHING,
  AS_UNKNOWN,
  DOUBTFUL,
  DROPPED,
  HIDDEN,
  IN_MATH,
  IN_SVG,
  PREFORMATTED_TEXT,
  UNKNOWN_FORM,
  hasBit,
  type NodeStates,
} from './node-bits.js';
import { closeRuby } from './ruby-boxes.js';

/** What the boxes of a chapter are computed from. */
export interface BoxSource {
  readonly tree: SourceTree;
  readonly states: NodeStates;
  /** True for a text of nothing but white space. */
  isSpace(text: number): boolean;
}

/**
 * Does what crengine does where an element ends: removes white space, builds boxes, and decides what the element is for
 * its parent (RULES.md R25, R26, R27, R32). Sets the roles of elements, and `DROPPED`, `HIDDEN` and `DOUBTFUL`, for the
 * nodes from `body` to `end`, which is not included.
 */
export function closeElements(
  source: BoxSource,
  body: number,
  end: number,
  onClosed: (element: number, closed: ClosedChildren) => void = () => undefined,
): void {
  const { tree, states } = source;
  let hidesMore = false;
  // From the last node to the first, so that children are closed before their parents.
  for (let node = end - 1; node >= body; node -= 1) {
    if (tree.kind[node] !== ELEMENT) continue;
    if (hasBit(states, node, HIDDEN)) {
      if (states.roles[node] !== AS_FLOAT) states.roles[node] = AS_NOTHING;
      continue;
    }
    const children = boxChildren(source, node);
    // Drawings and formulas are shown as wholes.
    if (!hasBit(states, node, IN_SVG | IN_MATH)) {
      if (isDoubtful(source, node, children)) setBit(states, node, DOUBTFUL);
      const closed = closedChildren(source, node, children);
      onClosed(node, closed);
      for (const dropped of closed.dropped) setBit(states, dropped, DROPPED);
      for (const hidden of closed.hidden) setBit(states, hidden, HIDDEN);
      for (const inserted of closed.inserted) clearBit(states, inserted, DROPPED);
      hidesMore ||= closed.hidden.length > 0;
    }
    hidesMore ||= isImage(tree, node);
    if (states.roles[node] === 0) states.roles[node] = roleOf(source, node, children);
  }
  if (hidesMore) hideDescendants(source, body, end);
}

export function setBit({ bits }: NodeStates, node: number, bit: number): void {
  bits[node] = (bits[node] ?? 0) | bit;
}

function clearBit({ bits }: NodeStates, node: number, bit: number): void {
  bits[node] = (bits[node] ?? 0) & ~bit;
}

const KINDS: Readonly<Record<number, BoxChild['kind']>> = {
  [AS_INLINE]: 'inline',
  [AS_BLOCK]: 'block',
  [AS_NOTHING]: 'hidden',
  [AS_FLOAT]: 'float',
  [AS_UNKNOWN]: 'unknown',
};

/** The children of an element that are kept, with what `::before` and `::after` generate. */
export function boxChildren(source: BoxSource, element: number): readonly BoxChild[] {
  const { tree, states } = source;
  const children: BoxChild[] = [];
  addGenerated(children, states.before[element] ?? 0);
  for (const node of childrenOf(tree, element)) {
    if (isElement(tree, node)) {
      const kind = KINDS[states.roles[node] ?? 0] ?? 'unknown';
      children.push({ node, kind, display: states.displays[node] ?? 0, items: [] });
    } else if (isText(tree, node) && tree.kind[node] !== INSERTED && !hasBit(states, node, DROPPED)) {
      children.push({ node, kind: source.isSpace(node) ? 'space' : 'text', display: 0, items: [] });
    }
  }
  addGenerated(children, states.after[element] ?? 0);
  return children;
}

function addGenerated(children: BoxChild[], role: number): void {
  if (role !== 0) children.push({ node: NO_NODE, kind: KINDS[role] ?? 'unknown', display: 0, items: [] });
}

export interface ClosedChildren {
  /** With the boxes around them. */
  readonly children: readonly BoxChild[];
  readonly dropped: readonly number[];
  readonly hidden: readonly number[];
  /** Places of characters that crengine inserts. */
  readonly inserted: readonly number[];
}

export function closedChildren(
  source: BoxSource,
  element: number,
  children: readonly BoxChild[],
): ClosedChildren {
  const { tree, states } = source;
  const display = states.displays[element] ?? 0;
  const isPreformatted = hasBit(states, element, PREFORMATTED_TEXT);
  if (display === RUBY) {
    const ruby = {
      // What is in a box of its own has lost its name.
      nameOf: (child: BoxChild) => (isBoxedAlone(child) ? '' : nameOf(tree, child.node)),
      childrenOf: ({ node }: BoxChild) => withEmbeddedBlocks(boxChildren(source, node)),
    };
    const closed = closeRuby(children, ruby, isPreformatted);
    // The parser has left a place before each child of a ruby, and at the start of each `rbc` and `rtc`.
    const places = [...closed.baseless.map((node) => node - 1), ...closed.empty.map((node) => node + 1)];
    return {
      ...closed,
      dropped: [...closed.dropped, ...droppedSpaces(children, closed.children)],
      inserted: places.filter((node) => tree.kind[node] === INSERTED),
    };
  }
  const parentDisplay = states.displays[parentOf(tree, element)] ?? 0;
  const closed = closeByDisplay(children, display, isPreformatted, parentDisplay);
  return { children: closed, dropped: droppedSpaces(children, closed), hidden: [], inserted: [] };
}

function isBoxedAlone({ kind, display }: BoxChild): boolean {
  return kind === 'float' || display === INLINE_BLOCK || display === INLINE_TABLE;
}

/** A block among inline content of an inline element is put into a box, as if it were an inline-block. */
function withEmbeddedBlocks(children: readonly BoxChild[]): readonly BoxChild[] {
  if (isBlockOfBlocks(children)) return children;
  return children.map((child) => (child.kind === 'block' ? { ...child, display: INLINE_BLOCK } : child));
}

export function droppedSpaces(children: readonly BoxChild[], closed: readonly BoxChild[]): readonly number[] {
  if (closed === children) return [];
  const kept = new Set<number>();
  collectNodes(closed, kept);
  return children.filter(({ node, kind }) => kind === 'space' && !kept.has(node)).map(({ node }) => node);
}

const GROUPS: ReadonlySet<number> = new Set([TABLE_ROW_GROUP, TABLE_HEADER_GROUP, TABLE_FOOTER_GROUP]);

export function closeByDisplay(
  children: readonly BoxChild[],
  display: number,
  isPreformatted: boolean,
  parentDisplay: number,
): readonly BoxChild[] {
  if (display === INLINE) return closeInline(children);
  if (display < INLINE || display === UNKNOWN_DISPLAY) return children;
  if (display === TABLE || display === INLINE_TABLE) return closeTable(children, 'table', isPreformatted);
  const closed = closeBlock(children, display, isPreformatted);
  // A part of a table gets a table around it, unless its parent is inline.
  if (parentDisplay <= INLINE) return closed;
  if (display === TABLE_ROW) return closeTable(closed, 'row', isPreformatted);
  return GROUPS.has(display) ? closeTable(closed, 'group', isPreformatted) : closed;
}

function collectNodes(children: readonly BoxChild[], nodes: Set<number>): void {
  for (const { node, items } of children) {
    if (node === NO_NODE) collectNodes(items, nodes);
    else nodes.add(node);
  }
}

/** What the element is for its parent, once it is closed. */
export function roleOf({ tree, states }: BoxSource, element: number, children: readonly BoxChild[]): number {
  const display = states.displays[element] ?? 0;
  if (display === UNKNOWN_DISPLAY || display === RUN_IN) return AS_UNKNOWN;
  if (display === INLINE_BLOCK || display === INLINE_TABLE || display === RUBY) return AS_INLINE;
  if (display !== INLINE) return AS_BLOCK;
  if (isImage(tree, element) || hasBit(states, element, IN_SVG | IN_MATH)) return AS_INLINE;
  if (isBlockOfBlocks(children)) return AS_BLOCK;
  const isUnknown = children.some(({ kind }) => kind === 'unknown');
  return isUnknown && !children.some(({ kind }) => kind === 'inline' || kind === 'text')
    ? AS_UNKNOWN
    : AS_INLINE;
}

/** True for an element whose white space the rules do not cover. */
export function isDoubtful(source: BoxSource, element: number, children: readonly BoxChild[]): boolean {
  const { tree, states } = source;
  const display = states.displays[element];
  const isUnknown =
    display === UNKNOWN_DISPLAY || display === RUN_IN || children.some(({ kind }) => kind === 'unknown');
  for (const node of childrenOf(tree, element)) {
    if (!isText(tree, node) || tree.kind[node] === INSERTED) continue;
    // A dropped text counts too: if the parent is displayed in another way, it is kept.
    if (isUnknown && source.isSpace(node)) return true;
    if (hasBit(states, node, UNKNOWN_FORM) && (isUnknown || source.isSpace(node))) return true;
  }
  return false;
}

/** A picture hides what is in it. */
function isImage(tree: SourceTree, element: number): boolean {
  const name = nameOf(tree, element);
  if (name !== 'object') return IMAGES.has(name);
  const type = crengineAttributeOf(tree, element, 'type')?.toLowerCase() ?? '';
  return type.startsWith('image/');
}

export function hideDescendants({ tree, states }: BoxSource, body: number, end: number): void {
  for (let node = body + 1; node < end; node += 1) {
    const parent = parentOf(tree, node);
    if (hasBit(states, parent, HIDDEN) || (isElement(tree, parent) && isImage(tree, parent)))
      setBit(states, node, HIDDEN);
  }
}
