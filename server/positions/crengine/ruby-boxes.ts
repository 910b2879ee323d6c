import { NO_NODE } from '../source/source-tree.js';
import { append, boxOf, trimmed, type BoxChild } from './boxes.js';

/** What crengine makes of the children of a `ruby` (RULES.md R32). */
export interface RubyBoxes {
  readonly children: readonly BoxChild[];
  /** Elements that are not displayed, because they stand beside the base and the annotations. */
  readonly hidden: readonly number[];
  /** White space at the start and the end of `rbc` and `rtc`. */
  readonly dropped: readonly number[];
  /** The first nodes of segments without a base, which get an empty one. */
  readonly baseless: readonly number[];
  /** `rbc` and `rtc` without children, which get a cell. */
  readonly empty: readonly number[];
}

/** How the children of the ruby and their children are asked for. */
export interface RubyTree {
  nameOf(child: BoxChild): string;
  childrenOf(child: BoxChild): readonly BoxChild[];
}

export const RUBY_ROWS: ReadonlySet<string> = new Set(['rbc', 'rtc']);

const ANNOTATIONS: ReadonlySet<string> = new Set(['rt', 'rtc', 'rp']);

/**
 * Each base with the annotations after it becomes a segment, and a segment has a row for the base and one or more for
 * annotations, with cells in them. White space at the start and the end of a row is dropped.
 */
export function closeRuby(children: readonly BoxChild[], tree: RubyTree, isPreformatted: boolean): RubyBoxes {
  const closed: BoxChild[] = [];
  const hidden: number[] = [];
  const dropped: number[] = [];
  const baseless: number[] = [];
  const empty: number[] = [];
  const endSegment = (items: readonly BoxChild[]): void => {
    const rows = rowsOfSegment(items, tree, isPreformatted);
    let cellName = 'rb';
    for (const row of rows) {
      const name = tree.nameOf(row);
      const isRow = row.node < 0 || RUBY_ROWS.has(name);
      if (!isRow) {
        if (row.kind !== 'text' && row.kind !== 'space') hidden.push(row.node);
        continue;
      }
      const expected = name === 'rbc' ? 'rb' : name === 'rtc' ? 'rt' : cellName;
      cellName = 'rt';
      const cells = row.node < 0 ? row.items : tree.childrenOf(row);
      if (cells.length === 0 && row.node >= 0) empty.push(row.node);
      else if (cells.length === 0) baseless.push(items.find(({ node }) => node >= 0)?.node ?? NO_NODE);
      if (cells.some((cell) => tree.nameOf(cell) === expected)) {
        const strangers = cells.filter((cell) => isStranger(cell, tree));
        append(
          hidden,
          strangers.map(({ node }) => node),
        );
      } else if (!isPreformatted && row.node >= 0) {
        const kept = new Set(trimmed(cells));
        const edges = cells.filter((cell) => !kept.has(cell));
        append(
          dropped,
          edges.map(({ node }) => node),
        );
      }
    }
    closed.push(boxOf(rows, 0));
  };
  let start = -1;
  let last = -1;
  let done = 0;
  for (let at = 0; at <= children.length; at += 1) {
    const child = children[at];
    const isEnd = child === undefined;
    const isAnnotation = child !== undefined && ANNOTATIONS.has(tree.nameOf(child));
    const isLastText = child?.kind === 'text' && at === children.length - 1;
    if (last >= 0 && (isEnd || !(isAnnotation || child.kind === 'space' || isLastText))) {
      append(closed, children.slice(done, start));
      endSegment(children.slice(start, last + 1));
      done = last + 1;
      start = -1;
      last = -1;
    }
    if (child === undefined || child.kind === 'space') continue;
    if (start < 0) start = at;
    if (isAnnotation || isLastText) last = at;
  }
  return { children: [...closed, ...children.slice(done)], hidden, dropped, baseless, empty };
}

function isStranger(cell: BoxChild, tree: RubyTree): boolean {
  if (cell.node < 0 || cell.kind === 'text' || cell.kind === 'space') return false;
  const name = tree.nameOf(cell);
  return name !== 'rb' && name !== 'rt';
}

/** The rows of a segment: `rbc` and `rtc` elements, boxes around what is between them, and white space. */
function rowsOfSegment(
  items: readonly BoxChild[],
  tree: RubyTree,
  isPreformatted: boolean,
): readonly BoxChild[] {
  const rows: BoxChild[] = [];
  let start = -1;
  let done = 0;
  let hasBase = false;
  let isBaseDone = false;
  for (let at = 0; at <= items.length; at += 1) {
    const child = items[at];
    const name = child === undefined ? '' : tree.nameOf(child);
    const endsBase = !isBaseDone && ANNOTATIONS.has(name);
    if (start >= 0 && (child === undefined || endsBase || (isBaseDone && name === 'rtc'))) {
      const row = isPreformatted ? items.slice(start, at) : trimmed(items.slice(start, at));
      append(rows, items.slice(done, start));
      rows.push(boxOf(row, 0));
      done = at;
      start = -1;
      if (endsBase) hasBase = true;
    }
    if (child === undefined || child.kind === 'space') continue;
    if (RUBY_ROWS.has(name)) {
      start = -1;
      isBaseDone = true;
      hasBase ||= name === 'rbc';
    } else if (start < 0) {
      start = at;
      isBaseDone ||= name === 'rt' || name === 'rp';
    }
  }
  append(rows, items.slice(done));
  // A segment without a base gets an empty one.
  return hasBase ? rows : [boxOf([], 0), ...rows];
}
