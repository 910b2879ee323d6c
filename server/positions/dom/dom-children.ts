import { attributeOf } from '../source/attributes.js';
import {
  CDATA,
  ELEMENT,
  NO_NODE,
  TEXT_CONTINUED,
  childrenOf,
  isElement,
  nextSiblingOf,
  firstChildOf,
  type SourceTree,
} from '../source/source-tree.js';

/** The n-th element child, counted from 1. */
export function elementChild(tree: SourceTree, parent: number, n: number): number {
  let count = 0;
  for (const child of childrenOf(tree, parent)) {
    if (!isElement(tree, child)) continue;
    count += 1;
    if (count === n) return child;
  }
  return NO_NODE;
}

export function countElementChildren(tree: SourceTree, parent: number): number {
  let count = 0;
  for (const child of childrenOf(tree, parent)) if (isElement(tree, child)) count += 1;
  return count;
}

/** The texts between the n-th element child and the next one. With `n` 0 the texts before the first one. */
export function chunkTexts(tree: SourceTree, parent: number, n: number): number[] {
  const texts: number[] = [];
  let elements = 0;
  for (const child of childrenOf(tree, parent)) {
    if (isElement(tree, child)) {
      elements += 1;
      if (elements > n) break;
    } else if (elements === n) texts.push(child);
  }
  return texts;
}

/** The pieces of the n-th text node among a parent's children, counted from 0. CDATA sections do not count. */
export function textNodePieces(tree: SourceTree, parent: number, n: number): number[] {
  const pieces: number[] = [];
  let index = -1;
  for (let child = firstChildOf(tree, parent); child !== NO_NODE; child = nextSiblingOf(tree, child)) {
    const kind = tree.kind[child];
    if (kind === ELEMENT || kind === CDATA) continue;
    if (kind !== TEXT_CONTINUED) index += 1;
    if (index > n) break;
    if (index === n) pieces.push(child);
  }
  return pieces;
}

/** The first element with that id, as in browsers. */
export function elementById(tree: SourceTree, id: string): number {
  for (let node = 0; node < tree.nodeCount; node += 1) {
    if (tree.kind[node] === ELEMENT && attributeOf(tree, node, 'id') === id) return node;
  }
  return NO_NODE;
}

/** The elements with one id. */
export interface ElementsOfId {
  readonly first: number;
  readonly isOnly: boolean;
}

/** The elements with any of these ids, in one pass over the document. */
export function elementsByIds(tree: SourceTree, ids: Iterable<string>): Map<string, ElementsOfId> {
  const wanted = new Set(ids);
  const found = new Map<string, ElementsOfId>();
  if (wanted.size === 0) return found;
  for (let node = 0; node < tree.nodeCount; node += 1) {
    const id = tree.kind[node] === ELEMENT ? attributeOf(tree, node, 'id') : undefined;
    if (id === undefined || !wanted.has(id)) continue;
    const first = found.get(id)?.first;
    found.set(id, { first: first ?? node, isOnly: first === undefined });
  }
  return found;
}
