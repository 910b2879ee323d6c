import type { SourceOrder } from '../source/source-order.js';
import { NO_NODE, TREE_BYTES_PER_NODE, isElement, nameOf, childrenOf } from '../source/source-tree.js';
import type { Work } from '../work.js';
import { parseHtml } from './html-parser.js';
import { isWellFormed } from './well-formedness.js';
import { parseXml } from './xml-parser.js';

/** A browser's tree of a document, over the same source string as crengine's view. */
export interface DomView {
  readonly order: SourceOrder;
  /** How texts are decoded. Web readers use the HTML parser for a document that the XML parser refuses. */
  readonly syntax: 'xml' | 'html';
  /** The root element (`html`). */
  readonly root: number;
  readonly body: number;
  readonly sizeBytes: number;
}

/**
 * Undefined for a document without a root element.
 * @param isHtml that browsers use the HTML parser even if the XML parser accepts the document.
 * @throws DocumentLimitError for a document with too many or too deeply nested nodes.
 */
export function domViewOf(source: string, work: Work, isHtml = false): DomView | undefined {
  const syntax = !isHtml && isWellFormed(source, work) ? 'xml' : 'html';
  const order: SourceOrder =
    syntax === 'xml' ? { tree: parseXml(source, work), nodes: undefined } : parseHtml(source, work);
  const tree = order.tree;
  const root = firstElement(order, 0);
  if (root === NO_NODE) return undefined;
  let body = NO_NODE;
  for (const child of childrenOf(tree, root)) {
    if (isElement(tree, child) && nameOf(tree, child) === 'body') {
      body = child;
      break;
    }
  }
  const sizeBytes = tree.nodeCount * TREE_BYTES_PER_NODE + (order.nodes?.byteLength ?? 0);
  return { order, syntax, root, body: body === NO_NODE ? root : body, sizeBytes };
}

function firstElement(order: SourceOrder, parent: number): number {
  for (const child of childrenOf(order.tree, parent)) {
    if (isElement(order.tree, child)) return child;
  }
  return NO_NODE;
}
