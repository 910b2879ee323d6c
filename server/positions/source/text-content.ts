import { decodeReferences } from './character-references.js';
import { CDATA, endOf, isText, startOf, type SourceTree } from './source-tree.js';

/** The text in an element with white space collapsed and trimmed, at most `maxUnits` UTF-16 units of it. */
export function textContentOf(tree: SourceTree, element: number, maxUnits: number): string {
  const end = endOf(tree, element);
  let text = '';
  for (let node = element + 1; node < tree.nodeCount && startOf(tree, node) < end; node += 1) {
    tree.work.spend(1);
    if (!isText(tree, node)) continue;
    const raw = tree.source.slice(
      startOf(tree, node),
      Math.min(endOf(tree, node), startOf(tree, node) + maxUnits),
    );
    text += tree.kind[node] === CDATA ? raw : decodeReferences(raw);
    if (text.length > maxUnits) break;
  }
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, maxUnits);
}
