import { charactersOf, isWhite, type SlowCharacter } from './slow-characters.js';
import type { SlowElement, SlowText } from './slow-chapter.js';
import { isPicture, styleOf, type SlowStyle } from './slow-styles.js';

/** A text that crengine keeps. */
export interface KeptText {
  readonly kind: 'text';
  readonly characters: readonly SlowCharacter[];
}

/** An element in crengine's tree. */
export interface KeptElement {
  readonly kind: 'element';
  readonly name: string;
  readonly style: SlowStyle;
  readonly children: (KeptElement | KeptText)[];
  /** What is in it is not displayed. */
  readonly isHidden: boolean;
  /** The children that a point on it counts (R7). Undefined where the model does not know. */
  readonly pointCount: number | undefined;
  /** What it is for its parent, if the parent is displayed. */
  readonly role: 'inline' | 'block' | 'float' | 'hidden';
}

type Rules = Parameters<typeof styleOf>[1];

export interface TreeSource {
  readonly source: string;
  readonly isUtf16: boolean;
  readonly rules: Rules;
}

const REFUSE_TEXT = new Set(
  'table tbody tr img svg object source track area keygen applet link meta base epigraph annotation poem stanza input'.split(
    ' ',
  ),
);
const SVG_TEXT = new Set('text tspan textPath title desc metadata style'.split(' '));

interface Surroundings {
  readonly isPre: boolean;
  readonly isHidden: boolean;
  readonly isSvg: boolean;
}

type Kind = 'text' | 'space' | 'inline' | 'block' | 'float' | 'hidden';
interface Member {
  readonly kind: Kind;
  /** Undefined for generated content. */
  readonly node: KeptElement | KeptText | undefined;
}

/** The body, or what is in it, as crengine keeps it (R20 to R33). */
export function keptElement(
  from: TreeSource,
  element: SlowElement,
  around: Surroundings = { isPre: false, isHidden: false, isSvg: false },
): KeptElement {
  const style = styleOf(element, from.rules, around.isPre);
  const isNone = style.display === 'none';
  const inside: Surroundings = {
    isPre: style.isPre,
    isHidden: around.isHidden || isNone || isPicture(element),
    isSvg: around.isSvg || element.name === 'svg',
  };
  const members: Member[] = [];
  if (style.before !== 'none') members.push({ kind: style.before, node: undefined });
  // The content after the element is made at its start too (R33).
  let hasChild = style.before !== 'none' || style.after !== 'none';
  for (const child of element.children) {
    if (child.kind === 'element') {
      const kept = keptElement(from, child, inside);
      members.push({ kind: kept.role, node: kept });
      hasChild = true;
      continue;
    }
    const text = keptText(from, element, child, inside, hasChild);
    const isBlank = text.characters.every(({ codePoint }) => isWhite(codePoint));
    // R23, R30.
    if (inside.isSvg ? !SVG_TEXT.has(element.name) : REFUSE_TEXT.has(element.name)) continue;
    // R24.
    const isBlock = style.display !== 'inline' && style.display !== 'ruby' && !isNone;
    if (isBlank && !hasChild && isBlock && !inside.isPre && !inside.isSvg) continue;
    members.push({ kind: isBlank ? 'space' : 'text', node: text });
    hasChild = true;
  }
  if (style.after !== 'none') members.push({ kind: style.after, node: undefined });
  const isShown = !around.isHidden && !isNone && !inside.isSvg;
  const closed = !isShown ? { members, count: undefined } : close(members, style);
  return {
    kind: 'element',
    name: element.name,
    style,
    isHidden: inside.isHidden,
    role: style.isFloat ? 'float' : isNone ? 'hidden' : roleOf(element, style, members),
    children: closed.members.flatMap(({ node }) => (node === undefined ? [] : [node])),
    pointCount: closed.count,
  };
}

function keptText(
  { source, isUtf16 }: TreeSource,
  parent: SlowElement,
  text: SlowText,
  around: Surroundings,
  hasChild: boolean,
): KeptText {
  const isKept = around.isPre || around.isSvg;
  const form = { isKept, decodes: text.decodes, isUtf16 };
  const characters = charactersOf(source.slice(text.start, text.end), text.start, form);
  // R22.
  const dropsNewline = around.isPre && !hasChild && (parent.name === 'pre' || parent.name === 'textarea');
  return {
    kind: 'text',
    characters: dropsNewline && characters[0]?.codePoint === '\n' ? characters.slice(1) : characters,
  };
}

/** R25, R26. */
function roleOf(
  element: SlowElement,
  { display }: SlowStyle,
  members: readonly Member[],
): KeptElement['role'] {
  if (display === 'ruby' || display === 'inline-block') return 'inline';
  if (display !== 'inline') return 'block';
  return !isPicture(element) && isOfBlocks(members) ? 'block' : 'inline';
}

/** R26: an inline element of blocks, white space and floats alone. */
function isOfBlocks(members: readonly Member[]): boolean {
  return (
    members.some(({ kind }) => kind === 'block') &&
    !members.some(({ kind }) => kind === 'inline' || kind === 'text')
  );
}

interface Closed {
  readonly members: readonly Member[];
  readonly count: number | undefined;
}

function close(members: readonly Member[], { display, isPre }: SlowStyle): Closed {
  if (display === 'ruby') return closeRuby(members);
  const hasBlock = members.some(({ kind }) => kind === 'block');
  if (display === 'inline') {
    if (!hasBlock || isOfBlocks(members)) return { members, count: members.length };
    const kept = members.filter(({ kind }, index) => {
      const isBeside = members[index - 1]?.kind === 'block' || members[index + 1]?.kind === 'block';
      return kind !== 'space' || !isBeside;
    });
    return { members: kept, count: kept.length };
  }
  // The tables of the generated books are complete, so that they get no boxes (R32).
  if (display.startsWith('table') && display !== 'table-cell' && display !== 'table-caption')
    return { members, count: members.length };
  if (!hasBlock) {
    const isOfFloats =
      members.some(({ kind }) => kind === 'float') &&
      members.every(({ kind }) => kind === 'float' || kind === 'space');
    const kept = isOfFloats && !isPre ? members.filter(({ kind }) => kind === 'float') : members;
    return { members: kept, count: kept.length };
  }
  return closeRuns(members, isPre);
}

/** R25. */
function closeRuns(members: readonly Member[], isPre: boolean): Closed {
  const kept = members.filter((member, index) => member.kind !== 'space' || !isLoose(members, index));
  let count = 0;
  let run: Member[] = [];
  for (const member of [...kept, undefined]) {
    if (belongsToRun(member)) {
      run.push(member);
      continue;
    }
    const isBox = run.some(({ kind }) => kind !== 'float') || (isPre && run.length > 0);
    count += (isBox ? 1 : run.length) + (member === undefined ? 0 : 1);
    run = [];
  }
  // Where no inline content is left there are no boxes.
  const hasInline = kept.some((member) => belongsToRun(member) && member.kind !== 'float');
  return { members: kept, count: hasInline ? count : kept.length };
}

function belongsToRun(member: Member | undefined): member is Member {
  return member !== undefined && member.kind !== 'block' && member.kind !== 'hidden';
}

/** White space that is not between two members of a run of which one at least is no float. */
function isLoose(members: readonly Member[], at: number): boolean {
  const before = members.slice(0, at).findLast(({ kind }) => kind !== 'space');
  const after = members.slice(at).find(({ kind }) => kind !== 'space');
  if (!belongsToRun(before) || !belongsToRun(after)) return true;
  return before.kind === 'float' && after.kind === 'float';
}

/**
 * R32, for a `ruby` of texts and `rt` alone: a base and the annotations after it are a segment. One without a base, or
 * without annotations, gets a character of no width as a base.
 */
function closeRuby(members: readonly Member[]): Closed {
  const inserted: Member = {
    kind: 'text',
    node: { kind: 'text', characters: [{ codePoint: '\u200B', offset: -1 }] },
  };
  const isAnnotation = ({ node }: Member): boolean => node?.kind === 'element' && node.name === 'rt';
  const solid = members.filter(({ kind }) => kind !== 'space');
  if (solid.length === 0) return { members, count: undefined };
  const firstSolid = members.findIndex(({ kind }) => kind !== 'space');
  const first = members[firstSolid];
  const hasAnnotation = members.some(isAnnotation);
  if (first !== undefined && (isAnnotation(first) || !hasAnnotation))
    return {
      members: [...members.slice(0, firstSolid), inserted, ...members.slice(firstSolid)],
      count: undefined,
    };
  return { members, count: undefined };
}

const TABLE_PARTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['table', ['table-row-group', 'table-caption']],
  ['table-row-group', ['table-row']],
  ['table-row', ['table-cell']],
]);

/** False where markup is broken so that parts of a table are not in one, for which the model has no rule. */
export function hasWholeTables({ style, children }: KeptElement): boolean {
  const parts = TABLE_PARTS.get(style.display);
  return children.every((child) => {
    if (child.kind === 'text') return true;
    const { display } = child.style;
    const isInPlace = parts?.includes(display) ?? !display.startsWith('table-');
    return isInPlace && hasWholeTables(child);
  });
}

/** The path below the body of each text, in order, with an index in each step. Inserted texts too. */
export interface PlacedText {
  readonly path: string;
  readonly text: KeptText;
  readonly isHidden: boolean;
}

export function placedTexts(element: KeptElement, path: string): PlacedText[] {
  return element.children.flatMap((child) => {
    const alike = element.children.filter((other) =>
      other.kind === 'text' ? child.kind === 'text' : child.kind === 'element' && other.name === child.name,
    );
    const name = child.kind === 'text' ? 'text()' : child.name;
    const childPath = `${path}/${name}[${alike.indexOf(child) + 1}]`;
    if (child.kind === 'element') return placedTexts(child, childPath);
    return [{ path: childPath, text: child, isHidden: element.isHidden }];
  });
}

export interface PlacedElement {
  readonly path: string;
  readonly pointCount: number;
}

export function placedElements(element: KeptElement, path: string): PlacedElement[] {
  const own =
    element.pointCount === undefined || element.isHidden ? [] : [{ path, pointCount: element.pointCount }];
  const inner = element.children.flatMap((child) => {
    if (child.kind === 'text') return [];
    const alike = element.children.filter((other) => other.kind === 'element' && other.name === child.name);
    return placedElements(child, `${path}/${child.name}[${alike.indexOf(child) + 1}]`);
  });
  return [...own, ...inner];
}
