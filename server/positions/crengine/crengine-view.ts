import type { Markup } from '../source/markup.js';
import type { SourceOrder } from '../source/source-order.js';
import { NO_NODE, TREE_BYTES_PER_NODE, startOf, type SourceTree } from '../source/source-tree.js';
import type { Work } from '../work.js';
import { parseAsCrengine } from './crengine-parser.js';
import { keptTexts } from './kept-texts.js';
import { STATE_BYTES_PER_NODE, emptyStates, type NodeStates } from './node-bits.js';
import { computedStyles, type BookStyles } from './computed-style.js';

/** crengine's tree of a document, over the same source string as the browser's view. */
export interface CrengineView {
  readonly order: SourceOrder;
  /** The body. `NO_NODE` for a document without one: crengine shows an error text instead (RULES.md R10). */
  readonly body: number;
  /** Source offsets of all bodies of the document, in order (RULES.md R34). */
  readonly bodyOffsets: readonly number[];
  /** With the style sheets of the book (RULES.md R29). */
  readonly styled: NodeStates;
  /** Without them. */
  readonly plain: NodeStates;
  readonly sizeBytes: number;
}

/**
 * @param stylesOf gives the style sheets of the book for the document.
 * @param bodyIndex of the body that the view is of, counted from 0 (RULES.md R34).
 * @throws DocumentLimitError for a document with too many or too deeply nested nodes.
 */
export function crengineViewOf(
  { source, encoding }: Markup,
  work: Work,
  stylesOf: (tree: SourceTree) => BookStyles,
  bodyIndex = 0,
): CrengineView {
  const { tree, bodies } = parseAsCrengine(source, work, encoding);
  const order: SourceOrder = { tree, nodes: undefined };
  const body = bodies[bodyIndex] ?? NO_NODE;
  const bodyOffsets = bodies.map((node) => startOf(tree, node));
  if (body === NO_NODE) {
    const states = emptyStates(0);
    const sizeBytes = tree.nodeCount * TREE_BYTES_PER_NODE;
    return { order, body, bodyOffsets, styled: states, plain: states, sizeBytes };
  }
  const styled = keptTexts(tree, body, computedStyles(tree, stylesOf(tree)));
  const plain = keptTexts(tree, body, computedStyles(tree, undefined));
  return {
    order,
    body,
    bodyOffsets,
    styled,
    plain,
    sizeBytes: tree.nodeCount * (TREE_BYTES_PER_NODE + 2 * STATE_BYTES_PER_NODE),
  };
}
