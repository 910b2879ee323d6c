import type { Markup } from '../source/markup.js';
import type { SourceOrder } from '../source/source-order.js';
import { NO_NODE, TREE_BYTES_PER_NODE, type SourceTree } from '../source/source-tree.js';
import type { Work } from '../work.js';
import { parseAsCrengine } from './crengine-parser.js';
import { keptTexts } from './kept-texts.js';
import type { NodeStates } from './node-bits.js';
import { PLAIN_STYLE, type StyleGuess } from './style-guess.js';

/** crengine's tree of a document, over the same source string as the browser's view. */
export interface CrengineView {
  readonly order: SourceOrder;
  /** The body. `NO_NODE` for a document without one: crengine shows an error text instead (RULES.md R10). */
  readonly body: number;
  /** With the style sheets of the book (RULES.md R29). */
  readonly styled: NodeStates;
  /** Without them. The same object as `styled` if the book has none that matter. */
  readonly plain: NodeStates;
  readonly sizeBytes: number;
}

/**
 * @param styleOf gives the book's styles for the document, or undefined if it has none that matter.
 * @throws DocumentLimitError for a document with too many or too deeply nested nodes.
 */
export function crengineViewOf(
  { source, encoding }: Markup,
  work: Work,
  styleOf: (tree: SourceTree) => StyleGuess | undefined,
): CrengineView {
  const { tree, bodies } = parseAsCrengine(source, work, encoding);
  const order: SourceOrder = { tree, nodes: undefined };
  const [body = NO_NODE] = bodies;
  if (body === NO_NODE) {
    const states = { bits: new Uint8Array(0), displays: new Uint8Array(0) };
    const sizeBytes = tree.nodeCount * TREE_BYTES_PER_NODE;
    return { order, body, styled: states, plain: states, sizeBytes };
  }
  const plain = keptTexts(tree, body, PLAIN_STYLE);
  const style = styleOf(tree);
  const styled = style === undefined ? plain : keptTexts(tree, body, style);
  const stateBytes = (styled === plain ? 2 : 4) * tree.nodeCount;
  return {
    order,
    body,
    styled,
    plain,
    sizeBytes: tree.nodeCount * TREE_BYTES_PER_NODE + stateBytes,
  };
}
