import { crengineAttributeOf } from '../source/attributes.js';
import { ELEMENT, NO_NODE, nameOf, parentOf, startOf } from '../source/source-tree.js';
import type { CrengineView } from './crengine-view.js';

/**
 * Source offset of the element that a link to `#id` leads to in KOReader (RULES.md R11): an element with that `id`,
 * or an `a` with that `name`, in any body of the file and outside of any `svg`. Of several it is the last one. -1 if
 * there is none.
 */
export function crengineIdOffset({ order: { tree }, bodyOffsets }: CrengineView, id: string): number {
  const bodies = new Set(bodyOffsets);
  const isSearched = new Uint8Array(tree.nodeCount);
  let found = NO_NODE;
  for (let node = 0; node < tree.nodeCount; node += 1) {
    const name = nameOf(tree, node);
    if (tree.kind[node] !== ELEMENT || name === 'svg') continue;
    if (isSearched[parentOf(tree, node)] !== 1 && !bodies.has(startOf(tree, node))) continue;
    isSearched[node] = 1;
    const isNamed =
      crengineAttributeOf(tree, node, 'id') === id ||
      (name === 'a' && crengineAttributeOf(tree, node, 'name') === id);
    if (isNamed) found = node;
  }
  return found === NO_NODE ? NO_NODE : startOf(tree, found);
}
