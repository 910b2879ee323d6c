import type { Markup } from '../source/markup.js';
import type { SourceOrder } from '../source/source-order.js';
import { NO_NODE, TREE_BYTES_PER_NODE, startOf, type SourceTree } from '../source/source-tree.js';
import type { Work } from '../work.js';
import type { XpointerRoot } from '../xpointer.js';
import { parseAsCrengine } from './crengine-parser.js';
import type { Dialect } from './dialect.js';
import { keptTexts } from './kept-texts.js';
import { STATE_BYTES_PER_NODE, emptyStates, type NodeStates } from './node-bits.js';
import { computedStyles, type BookStyles } from './computed-style.js';

/** crengine's tree of a document, over the same source string as the browser's view. */
export interface CrengineView {
  readonly order: SourceOrder;
  readonly root: XpointerRoot;
  /** False if crengine's tree may be another one. */
  readonly isCertain: boolean;
  /** The body of a chapter, or the root element of another document. `NO_NODE` for a document without one: crengine shows an error text instead (RULES.md R10). */
  readonly body: number;
  /** Source offsets of all bodies of the document, in order (RULES.md R34). */
  readonly bodyOffsets: readonly number[];
  /** With the style sheets of the book (RULES.md R29). */
  readonly styled: NodeStates;
  /** Without them. */
  readonly plain: NodeStates;
  readonly sizeBytes: number;
}

export interface CrengineViewOptions {
  /** Gives the style sheets of the book for the body, of all bodies of the document. */
  readonly stylesOf: (tree: SourceTree, bodies: readonly number[]) => BookStyles;
  readonly dialect?: Dialect;
  /** Of the body that the view is of, counted from 0 (RULES.md R34). */
  readonly bodyIndex?: number;
}

const ROOTS: Readonly<Record<Dialect, XpointerRoot>> = {
  chapter: 'DocFragment',
  'fiction-book': 'FictionBook',
  html: 'html',
};

/**
 * @throws DocumentLimitError for a document with too many or too deeply nested nodes.
 */
export function crengineViewOf(
  { source, encoding }: Markup,
  work: Work,
  { stylesOf, dialect = 'chapter', bodyIndex = 0 }: CrengineViewOptions,
): CrengineView {
  const root = ROOTS[dialect];
  const { tree, bodies, isCertain } = parseAsCrengine(source, work, { encoding, dialect });
  const order: SourceOrder = { tree, nodes: undefined };
  const body = bodies[bodyIndex] ?? NO_NODE;
  const bodyOffsets = bodies.map((node) => startOf(tree, node));
  if (body === NO_NODE) {
    const states = emptyStates(0);
    const sizeBytes = tree.nodeCount * TREE_BYTES_PER_NODE;
    return { order, root, isCertain, body, bodyOffsets, styled: states, plain: states, sizeBytes };
  }
  const styled = keptTexts(tree, body, computedStyles(tree, stylesOf(tree, bodies), dialect), dialect);
  const plain = keptTexts(tree, body, computedStyles(tree, undefined, dialect), dialect);
  return {
    order,
    root,
    isCertain,
    body,
    bodyOffsets,
    styled,
    plain,
    sizeBytes: tree.nodeCount * (TREE_BYTES_PER_NODE + 2 * STATE_BYTES_PER_NODE),
  };
}
