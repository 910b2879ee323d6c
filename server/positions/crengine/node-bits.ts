import { CDATA, type SourceTree } from '../source/source-tree.js';
import type { TextForm } from './crengine-text.js';
import type { Display } from './element-names.js';

/** Text that crengine does not keep. */
export const DROPPED = 1;
/** White space is kept in this text, or in the texts of this element (RULES.md R22). */
export const PREFORMATTED_TEXT = 2;
/** Not displayed, and neither is anything in it (RULES.md R27). */
export const HIDDEN = 4;
/**
 * crengine may number the children of this element in another way: no step into a text and no point but `.0` is
 * certain.
 */
export const DOUBTFUL = 8;
/** Inside of `svg`, or the `svg` itself. */
export const IN_SVG = 16;
/** Inside of `math`, or the `math` itself: crengine rearranges its children (RULES.md R31). */
export const IN_MATH = 32;
/** It is not known whether white space is kept in this text, or in the texts of this element. */
export const UNKNOWN_FORM = 64;
/** Text that loses one newline at its start (RULES.md R22). */
export const DROPS_NEWLINE = 128;

/** `Display` as a number in a column of bytes. 0 stands for nodes that are not elements of the body. */
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

/** The states of the nodes of a document under one guess at the styles: two bytes a node. */
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
  // The texts of drawings are kept like those of `pre` (RULES.md R30).
  return { isPreformatted: hasBit(states, text, PREFORMATTED_TEXT | IN_SVG), decodes, dropsFirstNewline };
}
