import { NO_NODE, childrenOf, isElement, isText, type SourceTree } from '../source/source-tree.js';
import {
  BLOCK,
  DOUBTFUL,
  DROPPED,
  INLINE,
  IN_MATH,
  IN_SVG,
  NOT_DISPLAYED,
  hasBit,
  type NodeStates,
} from './node-bits.js';

/** The children that crengine has: all elements, and the texts that it keeps. Boxes are left out (RULES.md R8). */
export function* keptChildren(tree: SourceTree, states: NodeStates, parent: number): Generator<number> {
  for (const child of childrenOf(tree, parent)) {
    if (isElement(tree, child) || !hasBit(states, child, DROPPED)) yield child;
  }
}

/** The n-th child element of that name, counted from 1. */
export function childOfName(tree: SourceTree, parent: number, name: string, n: number): number {
  tree.work.scan(tree.names.length);
  const wanted = tree.names.indexOf(name);
  let count = 0;
  for (const child of childrenOf(tree, parent)) {
    if (!isElement(tree, child) || tree.name[child] !== wanted) continue;
    count += 1;
    if (count === n) return child;
  }
  return NO_NODE;
}

/** The n-th kept text, counted from 1. */
export function textChild(tree: SourceTree, states: NodeStates, parent: number, n: number): number {
  let count = 0;
  for (const child of keptChildren(tree, states, parent)) {
    if (!isText(tree, child)) continue;
    count += 1;
    if (count === n) return child;
  }
  return NO_NODE;
}

/** The n-th child of any kind, counted from 1. */
export function anyChild(tree: SourceTree, states: NodeStates, parent: number, n: number): number {
  let count = 0;
  for (const child of keptChildren(tree, states, parent)) {
    count += 1;
    if (count === n) return child;
  }
  return NO_NODE;
}

/** What the point `.N` on an element counts (RULES.md R7). */
export interface PointTargets {
  /** The first node of each child, where a box is a child. */
  readonly firstNodes: readonly number[];
  /** False if crengine may build boxes that the rules do not cover. */
  readonly isCertain: boolean;
}

/**
 * In a block with blocks and inline content each run of inline content is one box, and so one child (RULES.md R25).
 */
export function pointTargets(tree: SourceTree, states: NodeStates, parent: number): PointTargets {
  const children = [...keptChildren(tree, states, parent)];
  const isBlock = (node: number): boolean => isElement(tree, node) && states.displays[node] === BLOCK;
  const hasBlock = children.some(isBlock);
  const isRearranged =
    hasBit(states, parent, DOUBTFUL | IN_MATH | IN_SVG) ||
    (hasBlock && states.displays[parent] === INLINE) ||
    children.some((node) => REARRANGED_IN.has(tree.names[tree.name[node] ?? 0] ?? ''));
  if (!hasBlock) return { firstNodes: children, isCertain: !isRearranged };
  const firstNodes: number[] = [];
  let isInRun = false;
  for (const node of children) {
    const isRunMember = !isBlock(node) && states.displays[node] !== NOT_DISPLAYED;
    if (!isRunMember || !isInRun) firstNodes.push(node);
    isInRun = isRunMember;
  }
  return { firstNodes, isCertain: !isRearranged };
}

/** Parents of these get boxes for missing rows and cells, or for parts of a ruby (RULES.md R32). */
const REARRANGED_IN: ReadonlySet<string> = new Set('rt rb rp rtc rbc td th tr tbody thead tfoot'.split(' '));
