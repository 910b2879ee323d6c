/**
 * Elements and texts of one markup document as offsets into its source string. Both views of a document
 * (crengine's and the browser's) are such trees over the same string, and that is what joins them.
 *
 * Packed columns instead of objects: a chapter of some megabytes costs 33 bytes a node, and the cache of parsed
 * chapters knows its own size in bytes.
 */
export interface SourceTree {
  readonly source: string;
  /** Interned local names; `name[node]` indexes it. Texts have the empty name. */
  readonly names: readonly string[];
  /** Node 0 is the document itself. Nodes are numbered in the order in which the parser made them. */
  readonly nodeCount: number;
  readonly kind: Uint8Array;
  readonly name: Int32Array;
  readonly parent: Int32Array;
  readonly firstChild: Int32Array;
  readonly nextSibling: Int32Array;
  /** Offset of an element's `<` (-1 for an element that the parser implied), or of a text's first character. */
  readonly start: Int32Array;
  /** Offset after the start tag; for a text the same as `start`. */
  readonly innerStart: Int32Array;
  /** Offset of the end tag or of whatever ended the element; for a text the same as `end`. */
  readonly innerEnd: Int32Array;
  readonly end: Int32Array;
}

export const NO_NODE = -1;

/** What a node is. `TEXT_CONTINUED` belongs to the same text node of a browser as the text right before it. */
export const DOCUMENT = 0;
export const ELEMENT = 1;
export const TEXT = 2;
export const CDATA = 3;
export const TEXT_CONTINUED = 4;

/** 33 bytes a node in the columns; names are shared. */
export const TREE_BYTES_PER_NODE = 33;

export function nameOf(tree: SourceTree, node: number): string {
  return tree.names[tree.name[node] ?? 0] ?? '';
}

export function isElement(tree: SourceTree, node: number): boolean {
  return tree.kind[node] === ELEMENT;
}

/** A text of any kind. */
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
  for (let child = firstChildOf(tree, node); child !== NO_NODE; child = nextSiblingOf(tree, child))
    yield child;
}

/** The first element of that name in the order of the source, searched among all nodes. */
export function findElement(tree: SourceTree, name: string, from = 0): number {
  const wanted = tree.names.indexOf(name);
  if (wanted < 0) return NO_NODE;
  for (let node = from; node < tree.nodeCount; node += 1) {
    if (tree.kind[node] === ELEMENT && tree.name[node] === wanted) return node;
  }
  return NO_NODE;
}
