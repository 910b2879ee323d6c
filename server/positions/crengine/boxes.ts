import {
  INLINE,
  TABLE,
  TABLE_CAPTION,
  TABLE_CELL,
  TABLE_COLUMN,
  TABLE_COLUMN_GROUP,
  TABLE_FOOTER_GROUP,
  TABLE_HEADER_GROUP,
  TABLE_ROW,
  TABLE_ROW_GROUP,
} from './display.js';

/** A child of an element when crengine closes it: a node, generated content, or a box with children of its own. */
export interface BoxChild {
  /** `NO_NODE` for generated content and boxes. */
  readonly node: number;
  readonly kind: 'text' | 'space' | 'inline' | 'block' | 'float' | 'hidden' | 'unknown';
  /** A number of display.ts, for elements. A box for a missing row or table has that of what it stands for. */
  readonly display: number;
  /** What is in a box. */
  readonly items: readonly BoxChild[];
}

export function boxOf(items: readonly BoxChild[], display: number): BoxChild {
  return { node: -1, kind: 'block', display, items };
}

/** Without the limit on arguments that `push` has. */
export function append<Item>(list: Item[], items: Iterable<Item>): void {
  for (const item of items) list.push(item);
}

function isInlineContent({ kind }: BoxChild): boolean {
  return kind === 'text' || kind === 'space' || kind === 'inline' || kind === 'unknown';
}

/** A run is a series of these (RULES.md R25). */
function belongsToRun(child: BoxChild | undefined): boolean {
  return child !== undefined && (isInlineContent(child) || child.kind === 'float');
}

/**
 * The children of a block after crengine has removed white space and built boxes (RULES.md R25, R32).
 * @param isPreformatted the block keeps white space.
 */
export function closeBlock(
  children: readonly BoxChild[],
  display: number,
  isPreformatted: boolean,
): readonly BoxChild[] {
  if (!children.some(({ kind }) => kind === 'block')) {
    const isOfFloats = children.some(({ kind }) => kind === 'float') && !isPreformatted;
    const isBlank = children.every(({ kind }) => kind === 'float' || kind === 'space');
    return isOfFloats && isBlank ? children.filter(({ kind }) => kind === 'float') : children;
  }
  const isMixed = children.some(isInlineContent);
  const boxed = isMixed ? boxRuns(withoutLooseSpaces(children), isPreformatted) : children;
  return boxTableParts(boxed, display, isPreformatted);
}

/**
 * Drops the white space that is not between two members of a run, of which one at least is no float (RULES.md R25).
 */
function withoutLooseSpaces(children: readonly BoxChild[]): readonly BoxChild[] {
  const kept: BoxChild[] = [];
  let at = 0;
  while (at < children.length) {
    let end = at;
    while (children[end]?.kind === 'space') end += 1;
    if (end > at) {
      const before = children[at - 1];
      const after = children[end];
      const isInRun = belongsToRun(before) && belongsToRun(after);
      if (isInRun && (before?.kind !== 'float' || after?.kind !== 'float'))
        append(kept, children.slice(at, end));
      at = end;
    }
    const child = children[at];
    if (child !== undefined) kept.push(child);
    at += 1;
  }
  return kept;
}

/** Each run becomes a box, unless it has nothing but floats. */
function boxRuns(children: readonly BoxChild[], isPreformatted: boolean): readonly BoxChild[] {
  const boxed: BoxChild[] = [];
  let run: BoxChild[] = [];
  const endRun = (): void => {
    const isBoxed = run.some(({ kind }) => kind !== 'float') || (isPreformatted && run.length > 0);
    append(boxed, isBoxed ? [boxOf(run, 0)] : run);
    run = [];
  };
  for (const child of children) {
    if (belongsToRun(child)) run.push(child);
    else {
      endRun();
      boxed.push(child);
    }
  }
  endRun();
  return boxed;
}

/**
 * In an inline element with blocks and with inline elements or texts, the white space right beside a block is dropped
 * (RULES.md R26).
 */
export function closeInline(children: readonly BoxChild[]): readonly BoxChild[] {
  if (!children.some(({ kind }) => kind === 'block') || isBlockOfBlocks(children)) return children;
  return children.filter(({ kind }, index) => {
    const isBeside = children[index - 1]?.kind === 'block' || children[index + 1]?.kind === 'block';
    return kind !== 'space' || !isBeside;
  });
}

/** An inline element of blocks and white space alone is itself a block for its parent, and keeps the white space. */
export function isBlockOfBlocks(children: readonly BoxChild[]): boolean {
  const hasBlock = children.some(({ kind }) => kind === 'block');
  return hasBlock && !children.some(({ kind }) => kind === 'inline' || kind === 'text');
}

const GROUPS: ReadonlySet<number> = new Set([TABLE_ROW_GROUP, TABLE_HEADER_GROUP, TABLE_FOOTER_GROUP]);

/** Parts of tables get the row and the table around them that are missing (RULES.md R32). */
function boxTableParts(
  children: readonly BoxChild[],
  display: number,
  isPreformatted: boolean,
): readonly BoxChild[] {
  if (display <= INLINE) return children;
  const rowed =
    display === TABLE_ROW
      ? children
      : boxSeries(
          children,
          (child) => child.display === TABLE_CELL,
          (items) => boxOf(items, TABLE_ROW),
        );
  return boxSeries(
    rowed,
    (child) => isMisplaced(child.display, display),
    (items) => boxOf(closeTable(items, 'table', isPreformatted), TABLE),
  );
}

function isMisplaced(part: number, parent: number): boolean {
  if (part === TABLE_ROW) return parent !== TABLE && !GROUPS.has(parent);
  if (part === TABLE_COLUMN) return parent !== TABLE && parent !== TABLE_COLUMN_GROUP;
  return parent !== TABLE && (GROUPS.has(part) || part === TABLE_COLUMN_GROUP || part === TABLE_CAPTION);
}

/** Puts each series of such children, with what is not displayed between them, into a box. */
function boxSeries(
  children: readonly BoxChild[],
  isMember: (child: BoxChild) => boolean,
  box: (items: readonly BoxChild[]) => BoxChild,
): readonly BoxChild[] {
  const boxed: BoxChild[] = [];
  let at = 0;
  while (at < children.length) {
    let end = at;
    for (let next = at; next < children.length; next += 1) {
      const child = children[next];
      if (child === undefined) break;
      if (child.kind !== 'float' && isMember(child)) end = next + 1;
      else if (child.kind !== 'hidden' || end === at) break;
    }
    const child = children[at];
    if (end > at) boxed.push(box(children.slice(at, end)));
    else if (child !== undefined) boxed.push(child);
    at = Math.max(end, at + 1);
  }
  return boxed;
}

const TABLE_ONLY: ReadonlySet<number> = new Set([TABLE_COLUMN_GROUP, TABLE_COLUMN, TABLE_CAPTION]);

type TableLevel = 'table' | 'group' | 'row';

/**
 * The children of a table, of a group of rows, or of a row: what does not belong there is put into a row or a cell
 * (RULES.md R32). White space at the start and the end of such a box is dropped.
 */
export function closeTable(
  children: readonly BoxChild[],
  level: TableLevel,
  isPreformatted: boolean,
): readonly BoxChild[] {
  const completed: BoxChild[] = [];
  let strays: BoxChild[] = [];
  /** White space of which the next child decides whether it is a stray. */
  let held: BoxChild | undefined;
  const endStrays = (): void => {
    const items = isPreformatted ? strays : trimmed(strays);
    if (items.length > 0) completed.push(boxOfStrays(items, level, isPreformatted));
    strays = [];
  };
  for (const child of children) {
    if (child.kind === 'space' && held === undefined && strays.length === 0) {
      held = child;
      continue;
    }
    if (isAtHome(child, level)) {
      endStrays();
      completed.push(...(held === undefined ? [] : [held]), child);
    } else strays.push(...(held === undefined ? [] : [held]), child);
    held = undefined;
  }
  endStrays();
  return held === undefined ? completed : [...completed, held];
}

function boxOfStrays(strays: readonly BoxChild[], level: TableLevel, isPreformatted: boolean): BoxChild {
  if (level === 'row') return boxOf(closeBlock(strays, 0, isPreformatted), TABLE_CELL);
  const cells = closeTable(strays, 'row', isPreformatted);
  return boxOf(isPreformatted ? cells : cells.filter(({ kind }) => kind !== 'space'), TABLE_ROW);
}

export function trimmed(children: readonly BoxChild[]): readonly BoxChild[] {
  let start = 0;
  let end = children.length;
  while (start < end && children[start]?.kind === 'space') start += 1;
  while (end > start && children[end - 1]?.kind === 'space') end -= 1;
  return children.slice(start, end);
}

function isAtHome({ kind, display }: BoxChild, level: TableLevel): boolean {
  if (kind === 'hidden') return true;
  if (kind === 'float') return false;
  if (level === 'row') return display === TABLE_CELL;
  if (display === TABLE_ROW) return true;
  return level === 'table' && (GROUPS.has(display) || TABLE_ONLY.has(display));
}
