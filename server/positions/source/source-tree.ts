import type { Work } from '../work.js';
import type { MarkupEncoding } from './markup.js';

/**
 * The elements and texts of one markup document, as offsets into its source string. Both views of a document
 * (crengine's and the browser's) are such trees over the same string: an offset means the same place in both.
 *
 * The nodes are stored in columns instead of objects. A node costs 33 bytes, and the cache of parsed chapters can
 * compute its size in bytes.
 */
export interface SourceTree {
  readonly source: string;
  readonly encoding: MarkupEncoding;
  /** Counts what is done with the tree. It outlives a translation with the trees that are kept. */
  readonly work: Work;
  /** The different local names; `name[node]` is an index into them. Texts have the empty name. */
  readonly names: readonly string[];
  /** Node 0 is the document. Nodes are numbered in the order in which the parser created them. */
  readonly nodeCount: number;
  readonly kind: Uint8Array;
  readonly name: Int32Array;
  readonly parent: Int32Array;
  readonly firstChild: Int32Array;
  readonly nextSibling: Int32Array;
  /** Offset of the `<` of an element (-1 for an implied element), or of the first character of a text. */
  readonly start: Int32Array;
  /** Offset after the start tag. The same as `start` for a text. */
  readonly innerStart: Int32Array;
  /** Offset of the end tag, or of what ended the element without one. The same as `end` for a text. */
  readonly innerEnd: Int32Array;
  readonly end: Int32Array;
}

export const NO_NODE = -1;

/** The kinds of nodes. `TEXT_CONTINUED` and the text right before it are one text node in a browser. */
export const DOCUMENT = 0;
export const ELEMENT = 1;
export const TEXT = 2;
export const CDATA = 3;
export const TEXT_CONTINUED = 4;
/** A place where crengine may insert a character that is not in the source. It has no length. */
export const INSERTED = 5;

/** The bytes of one node in all columns. Names are shared. */
export const TREE_BYTES_PER_NODE = 33;

export function nameOf(tree: SourceTree, node: number): string {
  return tree.names[tree.name[node] ?? 0] ?? '';
}

export function isElement(tree: SourceTree, node: number): boolean {
  return tree.kind[node] === ELEMENT;
}

/** True for a text of any kind. */
export function isText(tree: SourceTree, node: number): boolean {
  const kind = tree.kind[node] ?? DOCUMENT;
  return kind >= TEXT;
}

export function parentOf(tree: SourceTree, node: number): number {
  return tree.parent[node] ?? NO_NODE;
}

export function firstChildOf(tree: SourceTree, node: number): number {
  return tree.firstChild[node] ?? NO_NODE;
}

export function nextSiblingOf(tree: SourceTree, node: number): number {
  return tree.nextSibling[node] ?? NO_NODE;
}

export function startOf(tree: SourceTree, node: number): number {
  return tree.start[node] ?? NO_NODE;
}

export function innerStartOf(tree: SourceTree, node: number): number {
  return tree.innerStart[node] ?? NO_NODE;
}

export function innerEndOf(tree: SourceTree, node: number): number {
  return tree.innerEnd[node] ?? NO_NODE;
}

export function endOf(tree: SourceTree, node: number): number {
  return tree.end[node] ?? NO_NODE;
}

/** The children of a node, in order. */
export function* childrenOf(tree: SourceTree, node: number): Generator<number> {
  for (let child = firstChildOf(tree, node); child !== NO_NODE; child = nextSiblingOf(tree, child)) {
    tree.work.spend(1);
    yield child;
  }
}

/** The first element of that name with the number `from` or above. */
export function findElement(tree: SourceTree, name: string, from = 0): number {
  const wanted = tree.names.indexOf(name);
  if (wanted < 0) return NO_NODE;
  for (let node = from; node < tree.nodeCount; node += 1) {
    if (tree.kind[node] === ELEMENT && tree.name[node] === wanted) return node;
  }
  return NO_NODE;
}
