import { CDATA, INSERTED, type SourceTree } from '../source/source-tree.js';
import type { TextForm } from './crengine-text.js';

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

/** It is not known whether this is displayed. */
export const MAY_BE_HIDDEN = 256;
/** The element, or one around it, may have a `::first-letter`: the number of its children is not certain. */
export const HAS_FIRST_PART = 512;

/** How crengine's boxes take an element. 0 stands for nodes that are not elements of the body. */
export const AS_INLINE = 1;
export const AS_BLOCK = 2;
/** Neither inline nor a block (RULES.md R27). */
export const AS_NOTHING = 3;
/** Stays with inline content, but is none itself. */
export const AS_FLOAT = 4;
export const AS_UNKNOWN = 5;

/** The states of the nodes of a document under one guess at the styles: six bytes a node. */
export interface NodeStates {
  readonly bits: Uint16Array;
  /** Numbers of display.ts. */
  readonly displays: Uint8Array;
  /** `AS_INLINE` and the others. */
  readonly roles: Uint8Array;
  /** The role of the content that `::before` and `::after` generate. 0: there is none. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** The bytes of one node in all columns. */
export const STATE_BYTES_PER_NODE = 6;

export function emptyStates(nodeCount: number): NodeStates {
  return {
    bits: new Uint16Array(nodeCount),
    displays: new Uint8Array(nodeCount),
    roles: new Uint8Array(nodeCount),
    before: new Uint8Array(nodeCount),
    after: new Uint8Array(nodeCount),
  };
}

export function hasBit(states: NodeStates, node: number, bit: number): boolean {
  return ((states.bits[node] ?? 0) & bit) !== 0;
}

/** How crengine stores a text that it keeps. */
export function formOf(tree: SourceTree, states: NodeStates, text: number): TextForm {
  const decodes = tree.kind[text] !== CDATA;
  const dropsFirstNewline = hasBit(states, text, DROPS_NEWLINE);
  // The texts of drawings are kept like those of `pre` (RULES.md R30).
  const isPreformatted = hasBit(states, text, PREFORMATTED_TEXT | IN_SVG);
  return { isPreformatted, decodes, dropsFirstNewline, isInserted: tree.kind[text] === INSERTED };
}
