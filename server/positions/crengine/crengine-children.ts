import {
  NO_NODE,
  childrenOf,
  isElement,
  isText,
  nameOf,
  parentOf,
  type SourceTree,
} from '../source/source-tree.js';
import type { BoxChild } from './boxes.js';
import { boxChildren, closedChildren } from './closed-elements.js';
import { RUBY } from './display.js';
import { isSpaceText } from './kept-texts.js';
import { DOUBTFUL, DROPPED, HAS_FIRST_PART, IN_MATH, IN_SVG, hasBit, type NodeStates } from './node-bits.js';
import { RUBY_ROWS } from './ruby-boxes.js';

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
  /** The first node of each child, where a box is a child. `NO_NODE` for what is generated. */
  readonly firstNodes: readonly number[];
  /** False if crengine may build boxes that the rules do not cover. */
  readonly isCertain: boolean;
}

/** The children of an element with crengine's boxes (RULES.md R25, R32) and what `::before` and `::after` generate. */
export function pointTargets(tree: SourceTree, states: NodeStates, parent: number): PointTargets {
  const source = { tree, states, isSpace: (text: number) => isSpaceText(tree, text) };
  const raw = boxChildren(source, parent);
  const isCertain =
    !hasBit(states, parent, DOUBTFUL | HAS_FIRST_PART | IN_MATH | IN_SVG) &&
    !isRubyRow(tree, states, parent) &&
    !raw.some(({ kind }) => kind === 'unknown');
  const { children } = closedChildren(source, parent, raw);
  return { firstNodes: children.map(firstNodeOf), isCertain };
}

/** What is in a row of a ruby may be put into a cell, which is not computed here (RULES.md R32). */
function isRubyRow(tree: SourceTree, states: NodeStates, element: number): boolean {
  const isInRuby = states.displays[parentOf(tree, element)] === RUBY;
  return isInRuby && RUBY_ROWS.has(nameOf(tree, element));
}

/** `NO_NODE` for generated content. */
function firstNodeOf({ node, items }: BoxChild): number {
  const [first] = items;
  return first === undefined ? node : firstNodeOf(first);
}
