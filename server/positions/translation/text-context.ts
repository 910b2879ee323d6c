import type { CrengineView } from '../crengine/crengine-view.js';
import { visitCharacters } from '../crengine/crengine-text.js';
import { AS_BLOCK, DROPPED, HIDDEN, IN_MATH, IN_SVG, formOf, hasBit } from '../crengine/node-bits.js';
import { positionBefore } from '../source/source-order.js';
import { endOf, isText, parentOf, startOf } from '../source/source-tree.js';

/** The shown text around a source offset. White space is collapsed, and a space separates blocks and lines. */
export interface TextContext {
  readonly before: string;
  readonly after: string;
}

/** Limits the search in a chapter of empty paragraphs. */
const MAX_NODES_SEARCHED = 20_000;

/** @param codePoints the most that are returned for each side. */
export function textContextAt(view: CrengineView, offset: number, codePoints: number): TextContext {
  const { tree } = view.order;
  const bodyEnd = endOf(tree, view.body);
  let at = Math.max(view.body, positionBefore(view.order, offset));
  // A character that crengine inserts is right before the node of its offset.
  while (at > view.body && startOf(tree, at - 1) === offset) at -= 1;
  let after = '';
  let previous = -1;
  for (let node = at; node < Math.min(tree.nodeCount, at + MAX_NODES_SEARCHED); node += 1) {
    if (startOf(tree, node) >= bodyEnd || lengthOf(after) > codePoints) break;
    tree.work.spend(1);
    if (!isShown(view, node)) continue;
    const text = textOf(view, node, offset, Number.POSITIVE_INFINITY, codePoints);
    if (previous >= 0 && isApart(view, previous, node)) after += ' ';
    after = collapse(after + text);
    previous = node;
  }
  let before = '';
  let next = -1;
  for (let node = at; node > Math.max(view.body, at - MAX_NODES_SEARCHED); node -= 1) {
    if (lengthOf(before) > codePoints) break;
    tree.work.spend(1);
    if (!isShown(view, node)) continue;
    const text = textOf(view, node, 0, offset, Number.POSITIVE_INFINITY);
    if (next >= 0 && isApart(view, node, next)) before = ` ${before}`;
    before = collapse(text + before);
    next = node;
  }
  return {
    before: lastCodePoints(before, codePoints).trimStart(),
    after: firstCodePoints(after, codePoints).trimEnd(),
  };
}

function isShown(view: CrengineView, node: number): boolean {
  return isText(view.order.tree, node) && !hasBit(view.styled, node, DROPPED | HIDDEN | IN_SVG | IN_MATH);
}

/** The characters of a text between two source offsets, about twice `maxCodePoints` at most. */
function textOf(view: CrengineView, text: number, from: number, to: number, maxCodePoints: number): string {
  const { tree } = view.order;
  let content = '';
  let count = 0;
  const form = formOf(tree, view.styled, text);
  visitCharacters(tree, startOf(tree, text), endOf(tree, text), form, (offset, codePoint) => {
    if (offset >= to) return true;
    if (offset < from) return false;
    content += String.fromCodePoint(codePoint);
    count += 1;
    // White space is collapsed later: twice as many are enough.
    return count > maxCodePoints * 2;
  });
  return content;
}

const LINE_BREAK = /<br[\s/>]/i;
/** The markup between two texts has some tags. A longer piece has a block in it anyway. */
const MAX_MARKUP_SEARCHED = 2000;

/** True for the texts of two blocks or of two lines. */
function isApart(view: CrengineView, first: number, second: number): boolean {
  if (blockOf(view, first) !== blockOf(view, second)) return true;
  const { tree } = view.order;
  const from = endOf(tree, first);
  return LINE_BREAK.test(
    tree.source.slice(from, Math.min(startOf(tree, second), from + MAX_MARKUP_SEARCHED)),
  );
}

function blockOf(view: CrengineView, node: number): number {
  const { tree } = view.order;
  let at = parentOf(tree, node);
  while (at > view.body && view.styled.roles[at] !== AS_BLOCK) {
    tree.work.spend(1);
    at = parentOf(tree, at);
  }
  return at;
}

function collapse(text: string): string {
  return text.replaceAll(/[ \t\r\n]+/g, ' ');
}

/** At least half the number of code points, which is enough to decide when to stop. */
function lengthOf(text: string): number {
  return text.length / 2;
}

/** The first `count` code points. A surrogate pair is never cut in two. */
export function firstCodePoints(text: string, count: number): string {
  return Array.from(text).slice(0, count).join('');
}

/** The last `count` code points. */
export function lastCodePoints(text: string, count: number): string {
  return count === 0 ? '' : Array.from(text).slice(-count).join('');
}
