import { ELEMENT, NO_NODE, endOf, isText, startOf, type SourceTree } from './source-tree.js';

/**
 * The nodes of a tree in the order of their start in the source, without implied elements. `nodes` is undefined for a
 * parser that never moves nodes: it numbers them in this order.
 */
export interface SourceOrder {
  readonly tree: SourceTree;
  readonly nodes: Int32Array | undefined;
}

export function orderLength(order: SourceOrder): number {
  return order.nodes?.length ?? order.tree.nodeCount;
}

export function nodeAt(order: SourceOrder, position: number): number {
  if (position < 0 || position >= orderLength(order)) return NO_NODE;
  return order.nodes === undefined ? position : (order.nodes[position] ?? NO_NODE);
}

/** Position of the last node that starts at or before the offset. */
export function positionBefore(order: SourceOrder, offset: number): number {
  let low = 0;
  let high = orderLength(order) - 1;
  let found = NO_NODE;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (startOf(order.tree, nodeAt(order, middle)) <= offset) {
      found = middle;
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  return found;
}

/** The text that holds the character at this offset. */
export function textAt(order: SourceOrder, offset: number): number {
  const node = nodeAt(order, positionBefore(order, offset));
  if (node === NO_NODE || !isText(order.tree, node)) return NO_NODE;
  return offset < endOf(order.tree, node) ? node : NO_NODE;
}

/** The element whose start tag begins at this offset. Of those that it implies in crengine's tree it is the innermost. */
export function elementAt(order: SourceOrder, offset: number): number {
  // A formatting element that the HTML parser opened again has the offset of the first one, which is wanted here.
  for (let position = positionBefore(order, offset); position >= 0; position -= 1) {
    order.tree.work.spend(1);
    const node = nodeAt(order, position);
    if (startOf(order.tree, node) !== offset) return NO_NODE;
    const before = nodeAt(order, position - 1);
    const isFirst = order.nodes === undefined || !isElementAt(order, before, offset);
    if (order.tree.kind[node] === ELEMENT && isFirst) return node;
  }
  return NO_NODE;
}

function isElementAt({ tree }: SourceOrder, node: number, offset: number): boolean {
  return node !== NO_NODE && tree.kind[node] === ELEMENT && startOf(tree, node) === offset;
}
