import { crengineAttributeOf } from '../source/attributes.js';
import { ELEMENT, NO_NODE, endOf, nameOf, startOf } from '../source/source-tree.js';
import type { CrengineView } from './crengine-view.js';
import { IN_SVG, hasBit } from './node-bits.js';

/**
 * Source offset of the element that a link to `#id` leads to in KOReader (RULES.md R11): an element with that `id`,
 * or an `a` with that `name`, outside of any `svg`. Of several it is the last one. -1 if there is none.
 */
export function crengineIdOffset(view: CrengineView, id: string): number {
  const { tree } = view.order;
  let found = NO_NODE;
  for (
    let node = view.body;
    node < tree.nodeCount && startOf(tree, node) < endOf(tree, view.body);
    node += 1
  ) {
    if (tree.kind[node] !== ELEMENT || hasBit(view.styled, node, IN_SVG)) continue;
    const isNamed =
      crengineAttributeOf(tree, node, 'id') === id ||
      (nameOf(tree, node) === 'a' && crengineAttributeOf(tree, node, 'name') === id);
    if (isNamed) found = node;
  }
  return found === NO_NODE ? NO_NODE : startOf(tree, found);
}
