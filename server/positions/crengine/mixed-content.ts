import { ELEMENT, childrenOf, isText, nameOf, parentOf, type SourceTree } from '../source/source-tree.js';
import { TABLE_PARTS } from './element-names.js';
import {
  BLOCK,
  DOUBTFUL,
  DROPPED,
  INLINE,
  INLINE_BLOCK,
  IN_MATH,
  IN_SVG,
  NOT_DISPLAYED,
  PREFORMATTED_TEXT,
  UNKNOWN_DISPLAY,
  UNKNOWN_FORM,
} from './node-bits.js';

export interface MixedContent {
  readonly tree: SourceTree;
  /** `removeSpacesOfMixedContent` sets `DROPPED` on texts and `DOUBTFUL` on their parents. */
  readonly bits: Uint8Array;
  readonly displays: Uint8Array;
  /** 1 for texts of nothing but white space. */
  readonly isSpace: Uint8Array;
  /** The nodes from `body` to `end`, which is not included. */
  readonly body: number;
  readonly end: number;
}

/** A child as RULES.md R25, R26, R27 count it. */
type ChildKind = 'block' | 'inline' | 'text' | 'space' | 'hidden';

interface Child {
  readonly node: number;
  readonly kind: ChildKind;
}

/**
 * Drops the white space that crengine removes when an element with both blocks and inline content is closed
 * (RULES.md R25, R26, R27). An element whose white space the rules do not cover is marked as `DOUBTFUL`.
 */
export function removeSpacesOfMixedContent(content: MixedContent): void {
  const holdsBlock = inlinesWithBlocks(content);
  const { tree, bits, displays } = content;
  for (let node = content.body; node < content.end; node += 1) {
    if (tree.kind[node] !== ELEMENT || ((bits[node] ?? 0) & (IN_SVG | IN_MATH)) !== 0) continue;
    const summary = summaryOf(content, holdsBlock, node);
    if (!summary.hasSpace) continue;
    if (summary.isDoubtful || isDoubtfulParent(content, node, summary)) {
      bits[node] = (bits[node] ?? 0) | DOUBTFUL;
    }
    if (!summary.hasBlock) continue;
    const children = childKinds(content, node);
    if (displays[node] === INLINE) removeBesideBlocks(content, node, children, summary);
    else removeAroundRuns(bits, children);
  }
}

interface Summary {
  readonly hasBlock: boolean;
  readonly hasSpace: boolean;
  readonly hasInlineOrText: boolean;
  /** It is not known how one of the children counts. */
  readonly isDoubtful: boolean;
}

function summaryOf(content: MixedContent, holdsBlock: Uint8Array, parent: number): Summary {
  const { tree, bits, displays, isSpace } = content;
  let hasBlock = false;
  let hasSpace = false;
  let hasInlineOrText = false;
  let isDoubtful = false;
  for (const child of childrenOf(tree, parent)) {
    if (isText(tree, child)) {
      // A dropped text counts too: if the parent is displayed in another way, it is kept.
      if (isSpace[child] === 1) hasSpace = true;
      else if (((bits[child] ?? 0) & DROPPED) === 0) hasInlineOrText = true;
      if (((bits[child] ?? 0) & UNKNOWN_FORM) !== 0) isDoubtful = true;
      continue;
    }
    const display = displays[child] ?? 0;
    if (display === BLOCK) hasBlock = true;
    if (display === INLINE || display === INLINE_BLOCK) hasInlineOrText = true;
    if (display === UNKNOWN_DISPLAY || holdsBlock[child] === 1) isDoubtful = true;
    if (TABLE_PARTS.has(nameOf(tree, child)) && !isTablePart(nameOf(tree, parent))) isDoubtful = true;
  }
  return { hasBlock, hasSpace, hasInlineOrText, isDoubtful };
}

function isTablePart(name: string): boolean {
  return name === 'table' || TABLE_PARTS.has(name);
}

/** True for parents whose white space the rules do not cover. */
function isDoubtfulParent(content: MixedContent, parent: number, summary: Summary): boolean {
  const display = content.displays[parent];
  if (display === UNKNOWN_DISPLAY || nameOf(content.tree, parent) === 'ruby') return true;
  if (!summary.hasBlock) return false;
  const isPreformatted = ((content.bits[parent] ?? 0) & PREFORMATTED_TEXT) !== 0;
  return isPreformatted || (display === INLINE && !summary.hasInlineOrText);
}

function childKinds(content: MixedContent, parent: number): Child[] {
  const children: Child[] = [];
  for (const node of childrenOf(content.tree, parent)) {
    const isDropped = ((content.bits[node] ?? 0) & DROPPED) !== 0;
    if (!isDropped) children.push({ node, kind: kindOf(content, node) });
  }
  return children;
}

function kindOf(content: MixedContent, node: number): ChildKind {
  if (isText(content.tree, node)) return content.isSpace[node] === 1 ? 'space' : 'text';
  const display = content.displays[node];
  if (display === NOT_DISPLAYED) return 'hidden';
  return display === BLOCK ? 'block' : 'inline';
}

/**
 * In each run of texts and inline elements between blocks the white-space texts at the start are dropped, and the
 * one at the end (RULES.md R25). An element that is not displayed ends a run (RULES.md R27).
 */
function removeAroundRuns(bits: Uint8Array, children: readonly Child[]): void {
  let start = 0;
  while (start < children.length) {
    if (endsRun(children[start])) {
      start += 1;
      continue;
    }
    let end = start;
    while (end < children.length && !endsRun(children[end])) end += 1;
    let first = start;
    while (first < end && children[first]?.kind === 'space') {
      drop(bits, children[first]);
      first += 1;
    }
    const last = children[end - 1];
    if (end > first && last?.kind === 'space') drop(bits, last);
    start = end;
  }
}

function endsRun(child: Child | undefined): boolean {
  return child === undefined || child.kind === 'block' || child.kind === 'hidden';
}

/**
 * In an inline element with blocks and other content the white-space texts beside a block are dropped (RULES.md
 * R26).
 */
function removeBesideBlocks(
  content: MixedContent,
  parent: number,
  children: readonly Child[],
  summary: Summary,
): void {
  if (!summary.hasInlineOrText) return;
  for (const [index, child] of children.entries()) {
    if (child.kind !== 'space') continue;
    const before = children[index - 1]?.kind;
    const after = children[index + 1]?.kind;
    if (before === 'block' || after === 'block') drop(content.bits, child);
    // Two in a row, with a comment between them: the rules do not say whether the second one is dropped too.
    if (before === 'space' || after === 'space')
      content.bits[parent] = (content.bits[parent] ?? 0) | DOUBTFUL;
  }
}

function drop(bits: Uint8Array, child: Child | undefined): void {
  if (child !== undefined) bits[child.node] = (bits[child.node] ?? 0) | DROPPED;
}

/** 1 for inline elements with a block among their inline descendants: the rules do not say how these count. */
function inlinesWithBlocks(content: MixedContent): Uint8Array {
  const { tree, displays } = content;
  const holdsBlock = new Uint8Array(tree.nodeCount);
  for (let node = content.end - 1; node > content.body; node -= 1) {
    const isBlock = displays[node] === BLOCK || holdsBlock[node] === 1;
    const parent = parentOf(tree, node);
    if (isBlock && displays[parent] === INLINE) holdsBlock[parent] = 1;
  }
  return holdsBlock;
}
