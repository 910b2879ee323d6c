import {
  CDATA,
  ELEMENT,
  endOf,
  isText,
  nameOf,
  parentOf,
  startOf,
  type SourceTree,
} from '../source/source-tree.js';
import { isWhiteSpaceOnly } from './crengine-text.js';
import { DROPS_FIRST_NEWLINE, REFUSES_TEXT, SVG_TEXT } from './element-names.js';
import { removeSpacesOfMixedContent } from './mixed-content.js';
import {
  DROPPED,
  DROPS_NEWLINE,
  HIDDEN,
  INLINE,
  IN_MATH,
  IN_SVG,
  NOT_DISPLAYED,
  PREFORMATTED_TEXT,
  UNKNOWN_FORM,
  displayNumber,
  type NodeStates,
} from './node-bits.js';
import type { StyleGuess } from './style-guess.js';

/**
 * Decides for each text of the body whether crengine keeps it and how (RULES.md R22, R23, R24, R25, R26, R27),
 * under one guess at the styles. The states of nodes outside of the body are 0.
 */
export function keptTexts(tree: SourceTree, body: number, style: StyleGuess): NodeStates {
  const bits = new Uint8Array(tree.nodeCount);
  const displays = new Uint8Array(tree.nodeCount);
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
      const display = displayNumber(style.displayOf(tree, node));
      displays[node] = display;
      bits[node] = bitsOfElement(tree, node, inherited, display, style);
      hasKeptChild[parent] = 1;
    } else if (isText(tree, node)) {
      isSpace[node] = isSpaceText(tree, node) ? 1 : 0;
      const isFirst = hasKeptChild[parent] === 0;
      const ownBits = bitsOfText(tree, node, inherited, isFirst);
      const isEmptyStart =
        isFirst && isSpace[node] === 1 && dropsLeadingSpace(displays[parent] ?? 0, ownBits);
      const isDropped = isEmptyStart || refusesText(tree, parent, ownBits);
      bits[node] = isDropped ? ownBits | DROPPED : ownBits;
      if (!isDropped) hasKeptChild[parent] = 1;
    }
  }
  removeSpacesOfMixedContent({ tree, bits, displays, isSpace, body, end });
  return { bits, displays };
}

function bitsOfElement(
  tree: SourceTree,
  element: number,
  inherited: number,
  display: number,
  style: StyleGuess,
): number {
  let bits = inherited & (HIDDEN | IN_SVG | IN_MATH);
  if (display === NOT_DISPLAYED) bits |= HIDDEN;
  const name = nameOf(tree, element);
  if (name === 'svg') bits |= IN_SVG;
  if (name === 'math') bits |= IN_MATH;
  const whiteSpace = style.whiteSpaceOf(tree, element);
  switch (whiteSpace) {
    case 'kept':
      return bits | PREFORMATTED_TEXT;
    case 'unknown':
      return bits | UNKNOWN_FORM;
    case 'inherit':
      return bits | (inherited & (PREFORMATTED_TEXT | UNKNOWN_FORM));
    case 'collapsed':
      return bits;
    default:
      return whiteSpace satisfies never;
  }
}

function bitsOfText(tree: SourceTree, text: number, inherited: number, isFirst: boolean): number {
  const bits = inherited & (PREFORMATTED_TEXT | HIDDEN | IN_SVG | IN_MATH | UNKNOWN_FORM);
  if (!isFirst || (bits & PREFORMATTED_TEXT) === 0) return bits;
  return DROPS_FIRST_NEWLINE.has(nameOf(tree, parentOf(tree, text))) ? bits | DROPS_NEWLINE : bits;
}

/** True for a text right inside of an element that refuses text (RULES.md R23, R30). */
function refusesText(tree: SourceTree, parent: number, bits: number): boolean {
  const name = nameOf(tree, parent);
  return (bits & IN_SVG) !== 0 ? !SVG_TEXT.has(name) : REFUSES_TEXT.has(name);
}

/** A block drops white space as its first child (RULES.md R24). */
function dropsLeadingSpace(display: number, bits: number): boolean {
  if ((bits & (PREFORMATTED_TEXT | IN_SVG)) !== 0) return false;
  return display !== INLINE && display !== NOT_DISPLAYED;
}

function isSpaceText(tree: SourceTree, text: number): boolean {
  return isWhiteSpaceOnly(tree, startOf(tree, text), endOf(tree, text), {
    isPreformatted: false,
    decodes: tree.kind[text] !== CDATA,
    dropsFirstNewline: false,
  });
}
