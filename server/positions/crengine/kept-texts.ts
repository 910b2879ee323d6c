import {
  CDATA,
  ELEMENT,
  INSERTED,
  endOf,
  isText,
  nameOf,
  parentOf,
  startOf,
  type SourceTree,
} from '../source/source-tree.js';
import { closeAgain, closeForTheFirstTime } from './closed-again.js';
import { closeElements } from './closed-elements.js';
import type { ComputedStyles, ElementStyle, GeneratedContent } from './computed-style.js';
import { isWhiteSpaceOnly } from './crengine-text.js';
import type { Dialect } from './dialect.js';
import { BLOCK, INLINE, NOT_DISPLAYED, RUBY, UNKNOWN_DISPLAY } from './display.js';
import { DROPS_FIRST_NEWLINE, SVG_TEXT, refusesText } from './element-names.js';
import {
  AS_BLOCK,
  AS_FLOAT,
  AS_INLINE,
  AS_UNKNOWN,
  DROPPED,
  DROPS_NEWLINE,
  HAS_FIRST_PART,
  HIDDEN,
  IN_MATH,
  IN_SVG,
  MAY_BE_HIDDEN,
  PREFORMATTED_TEXT,
  UNKNOWN_FORM,
  emptyStates,
  type NodeStates,
} from './node-bits.js';

/**
 * Decides for each text of the body whether crengine keeps it and how (RULES.md R22, R23, R24, R25, R26, R27), under one
 * guess at the styles. The states of nodes outside of the body are 0.
 */
export function keptTexts(
  tree: SourceTree,
  body: number,
  styles: ComputedStyles,
  dialect: Dialect,
): NodeStates {
  const startStyleOf = styles.startStyleOf ?? ((element: number) => styles.styleOf(element));
  const states = emptyStates(tree.nodeCount);
  const { bits, displays } = states;
  const hasKeptChild = new Uint8Array(tree.nodeCount);
  const isSpace = new Uint8Array(tree.nodeCount);
  const bodyEnd = endOf(tree, body);
  // Parents come before their children in the columns, so that the bits to inherit are computed already.
  let end = body;
  for (; end < tree.nodeCount && startOf(tree, end) < bodyEnd; end += 1) {
    const node = end;
    const parent = parentOf(tree, node);
    const inherited = node === body ? 0 : (bits[parent] ?? 0);
    if (tree.kind[node] === ELEMENT) {
      openElement(tree, states, node, node === body ? 0 : parent, startStyleOf(node));
      hasKeptChild[node] = states.before[node] === 0 && states.after[node] === 0 ? 0 : 1;
      hasKeptChild[parent] = 1;
    } else if (tree.kind[node] === INSERTED) {
      // It is kept where crengine inserts a character.
      bits[node] = (inherited & INHERITED_BITS) | DROPPED;
    } else if (isText(tree, node)) {
      isSpace[node] = isSpaceText(tree, node) ? 1 : 0;
      const isFirst = hasKeptChild[parent] === 0;
      const ownBits = bitsOfText(tree, node, inherited, isFirst);
      const isEmptyStart =
        isFirst && isSpace[node] === 1 && dropsLeadingSpace(displays[parent] ?? 0, ownBits);
      const isDropped = isEmptyStart || isRefused(tree, parent, ownBits, dialect);
      bits[node] = isDropped ? ownBits | DROPPED : ownBits;
      if (!isDropped) hasKeptChild[parent] = 1;
    }
  }
  const isSpaceNode = (text: number): boolean => isSpace[text] === 1;
  const source = { tree, states, isSpace: isSpaceNode };
  if (styles.startStyleOf === undefined) {
    closeElements(source, body, end);
    return states;
  }
  const boxes = closeForTheFirstTime(source, body, end);
  const restyled = restyledNodes(tree, states, body, end, styles);
  closeAgain({ tree, states: restyled, isSpace: isSpaceNode }, boxes, body, end);
  return restyled;
}

/** The nodes with the styles of the whole document. What crengine has read stays as it is (RULES.md R40). */
function restyledNodes(
  tree: SourceTree,
  read: NodeStates,
  body: number,
  end: number,
  styles: ComputedStyles,
): NodeStates {
  const states = emptyStates(tree.nodeCount);
  const { bits } = states;
  for (let node = body; node < end; node += 1) {
    const parent = node === body ? 0 : parentOf(tree, node);
    if (tree.kind[node] === ELEMENT) openElement(tree, states, node, parent, styles.styleOf(node));
    else bits[node] = ((read.bits[node] ?? 0) & ~INHERITED_BITS) | ((bits[parent] ?? 0) & INHERITED_BITS);
  }
  return states;
}

const INHERITED_BITS = HIDDEN | HAS_FIRST_PART | MAY_BE_HIDDEN | IN_SVG | IN_MATH;

/** @param parent 0 for the body. */
function openElement(
  tree: SourceTree,
  { bits, displays, roles, before, after }: NodeStates,
  element: number,
  parent: number,
  style: ElementStyle,
): void {
  const inherited = bits[parent] ?? 0;
  const display = style.display ?? inheritedDisplay(parent === 0 ? BLOCK : (displays[parent] ?? INLINE));
  const isFloating = style.float === 'inherit' ? roles[parent] === AS_FLOAT : style.float === 'floating';
  displays[element] = display;
  // What closing the element makes of it decides about the others.
  if (isFloating) roles[element] = AS_FLOAT;
  else if (style.float === 'unknown') roles[element] = AS_UNKNOWN;
  before[element] = roleOfContent(style.before);
  after[element] = roleOfContent(style.after);
  let own = inherited & INHERITED_BITS;
  if (display === NOT_DISPLAYED) own |= HIDDEN;
  if (display === UNKNOWN_DISPLAY) own |= MAY_BE_HIDDEN;
  if (style.hasFirstPart) own |= HAS_FIRST_PART;
  const name = nameOf(tree, element);
  if (name === 'svg') own |= IN_SVG;
  if (name === 'math') own |= IN_MATH;
  bits[element] = own | whiteSpaceBits(style.whiteSpace, inherited);
}

function roleOfContent(content: GeneratedContent): number {
  switch (content) {
    case 'none':
      return 0;
    case 'inline':
      return AS_INLINE;
    case 'block':
      return AS_BLOCK;
    case 'floating':
      return AS_FLOAT;
    case 'unknown':
      return AS_UNKNOWN;
    default:
      return content satisfies never;
  }
}

/** Another element becomes no ruby: see `displayOf` in computed-style.ts. */
function inheritedDisplay(ofParent: number): number {
  return ofParent === RUBY ? UNKNOWN_DISPLAY : ofParent;
}

function whiteSpaceBits(whiteSpace: ElementStyle['whiteSpace'], inherited: number): number {
  switch (whiteSpace) {
    case 'kept':
      return PREFORMATTED_TEXT;
    case 'unknown':
      return UNKNOWN_FORM;
    case 'inherit':
      return inherited & (PREFORMATTED_TEXT | UNKNOWN_FORM);
    case 'collapsed':
      return 0;
    default:
      return whiteSpace satisfies never;
  }
}

function bitsOfText(tree: SourceTree, text: number, inherited: number, isFirst: boolean): number {
  const bits = inherited & (INHERITED_BITS | PREFORMATTED_TEXT | UNKNOWN_FORM);
  if (!isFirst || (bits & PREFORMATTED_TEXT) === 0) return bits;
  return DROPS_FIRST_NEWLINE.has(nameOf(tree, parentOf(tree, text))) ? bits | DROPS_NEWLINE : bits;
}

/** True for a text right inside of an element that refuses text (RULES.md R23, R30). */
function isRefused(tree: SourceTree, parent: number, bits: number, dialect: Dialect): boolean {
  const name = nameOf(tree, parent);
  return (bits & IN_SVG) !== 0 ? !SVG_TEXT.has(name) : refusesText(name, dialect);
}

/** A block drops white space as its first child (RULES.md R24). */
function dropsLeadingSpace(display: number, bits: number): boolean {
  if ((bits & (PREFORMATTED_TEXT | IN_SVG)) !== 0) return false;
  return display > INLINE && display !== NOT_DISPLAYED;
}

export function isSpaceText(tree: SourceTree, text: number): boolean {
  return isWhiteSpaceOnly(tree, startOf(tree, text), endOf(tree, text), {
    isPreformatted: false,
    decodes: tree.kind[text] !== CDATA,
    dropsFirstNewline: false,
    isInserted: false,
  });
}
