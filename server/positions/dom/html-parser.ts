import { CDATA, TEXT, TEXT_CONTINUED, type SourceTree } from '../source/source-tree.js';
import type { SourceOrder } from '../source/source-order.js';
import { DocumentLimitError, SourceTreeBuilder } from '../source/source-tree-builder.js';
import type { HtmlNode } from './html-tree-adapter.js';
import { Work } from '../work.js';
import { LocatingParser, holdsRawText } from './locating-parser.js';

/**
 * parse5 takes 100 to 400 ms for a million characters; bad markup takes longest. A malformed chapter of a book has
 * some hundred thousand characters.
 */
const MAX_HTML_CHARACTERS = 2_500_000;
/** parse5 takes several times as long for a character as a plain scan takes for a step's worth of them. */
const TOKENIZING_PASSES = 64;

/**
 * The tree that a browser's HTML parser builds of a document that its XML parser refuses, as offsets into the
 * source. The start of implied elements is -1. A moved node keeps the offset at which it was written.
 *
 * @throws DocumentLimitError for a document with too many or too deeply nested nodes, and for text that cannot be
 *   found in the source.
 */
export function parseHtml(source: string, work = new Work()): SourceOrder {
  if (source.length > MAX_HTML_CHARACTERS) throw new DocumentLimitError('a malformed document of this size');
  work.scan(source.length * TOKENIZING_PASSES);
  const document = new LocatingParser(source, work).run();
  const tree = flatten(document, source, work);
  return { tree, nodes: nodesBySource(tree) };
}

function flatten(document: HtmlNode, source: string, work: Work): SourceTree {
  const builder = new SourceTreeBuilder(source, work);
  let node = document.first;
  let last: HtmlNode = document;
  while (node !== undefined) {
    const location = node.location;
    const start = location?.startOffset ?? -1;
    if (node.type === 'text' && start >= 0) {
      const isContinued = last.type === 'text' && last === node.previous;
      const isRaw = holdsRawText(node.parent);
      const kind = isRaw ? CDATA : isContinued ? TEXT_CONTINUED : TEXT;
      builder.appendText(kind, start, location?.endOffset ?? start);
    }
    if (node.type === 'element')
      builder.openElement(node.name, start, location?.startTag?.endOffset ?? start);
    last = node;
    if (node.type === 'element' && node.first !== undefined) {
      node = node.first;
      continue;
    }
    // Go up to an ancestor with a next sibling, and close the elements on the way.
    let current: HtmlNode | undefined = node;
    while (current !== undefined && current !== document) {
      if (current.type === 'element') {
        const end = current.location?.endOffset ?? start;
        builder.closeElement(current.location?.endTag?.startOffset ?? end, end);
      }
      if (current.next !== undefined) break;
      current = current.parent;
    }
    node = current === document ? undefined : current?.next;
  }
  return builder.seal();
}

function nodesBySource(tree: SourceTree): Int32Array {
  const nodes: number[] = [];
  for (let node = 1; node < tree.nodeCount; node += 1) {
    if ((tree.start[node] ?? -1) >= 0) nodes.push(node);
  }
  nodes.sort((a, b) => (tree.start[a] ?? 0) - (tree.start[b] ?? 0));
  return Int32Array.from(nodes);
}
