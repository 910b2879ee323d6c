import { CDATA, type SourceTree } from '../source/source-tree.js';
import type { TextForm } from './crengine-text.js';
import type { Display } from './element-names.js';

/** Text that crengine does not keep. */
export const DROPPED = 1;
/** White space is kept in this text, or in the texts of this element. */
export const PREFORMATTED_TEXT = 2;
/** Not displayed, like everything in it. */
export const HIDDEN = 4;
/** crengine may number the children of this element otherwise: no step into a text, no point but `.0`. */
export const DOUBTFUL = 8;
/** Inside `svg`, the `svg` itself included. */
export const IN_SVG = 16;
/** Inside `math`, whose children crengine rearranges. */
export const IN_MATH = 32;
/** It is not known whether white space is kept. */
export const UNKNOWN_FORM = 64;
/** Text that loses one leading newline. */
export const DROPS_NEWLINE = 128;

/** `Display` as the number of a column of bytes; 0 for nodes that are no elements of the body. */
export const BLOCK = 1;
export const INLINE = 2;
export const INLINE_BLOCK = 3;
export const NOT_DISPLAYED = 4;
export const UNKNOWN_DISPLAY = 5;

const DISPLAY_NUMBERS: Readonly<Record<Display, number>> = {
  block: BLOCK,
  inline: INLINE,
  'inline-block': INLINE_BLOCK,
  none: NOT_DISPLAYED,
  unknown: UNKNOWN_DISPLAY,
};

export function displayNumber(display: Display): number {
  return DISPLAY_NUMBERS[display];
}

/** What one guess at the styles makes of the nodes of a document: two bytes a node. */
export interface NodeStates {
  readonly bits: Uint8Array;
  readonly displays: Uint8Array;
}

export function hasBit(states: NodeStates, node: number, bit: number): boolean {
  return ((states.bits[node] ?? 0) & bit) !== 0;
}

/** How crengine stores a text that it keeps. */
export function formOf(tree: SourceTree, states: NodeStates, text: number): TextForm {
  const decodes = tree.kind[text] !== CDATA;
  const dropsFirstNewline = hasBit(states, text, DROPS_NEWLINE);
  if (hasBit(states, text, IN_SVG)) return { whiteSpace: 'verbatim', decodes, dropsFirstNewline };
  const whiteSpace = hasBit(states, text, PREFORMATTED_TEXT) ? 'preformatted' : 'collapsed';
  return { whiteSpace, decodes, dropsFirstNewline };
}
