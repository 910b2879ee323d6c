import { crengineAttributeOf, localAttributeOf } from '../source/attributes.js';
import type {
  AttributeAction,
  AttributeTest,
  Compound,
  InnerList,
  PositionTest,
  Relation,
  Selector,
} from '../source/selector.js';
import {
  NO_NODE,
  childrenOf,
  endOf,
  firstChildOf,
  innerStartOf,
  isElement,
  isText,
  nameOf,
  nextSiblingOf,
  parentOf,
  startOf,
  type SourceTree,
} from '../source/source-tree.js';
import { refusesText } from './element-names.js';

/** `maybe`: the selector is not understood well enough to say. */
export type Match = 'yes' | 'maybe' | 'no';

/** What selectors ask of an element. */
export interface ElementIdentity {
  readonly id: string | undefined;
  /** Undefined for a list that is too long to be looked at. */
  readonly classes: ReadonlySet<string> | undefined;
}

/** The state of matching selectors against the elements of one chapter. */
export interface SelectorMatching {
  readonly tree: SourceTree;
  readonly identities: Map<number, ElementIdentity>;
  /** Undefined until a selector asks for it. */
  siblings: Siblings | undefined;
  /** The element that is styled, and when (RULES.md R40). */
  subject: number;
  moment: Moment;
  /** Steps that may still be taken. */
  stepsLeft: number;
}

/** When crengine computes a style: where the element starts, or with the whole document (RULES.md R40). */
export type Moment = 'start' | 'end';

/** The elements among the siblings of each element. */
interface Siblings {
  readonly previous: Int32Array;
  readonly next: Int32Array;
  /** Counted from 1. */
  readonly position: Int32Array;
  readonly positionFromEnd: Int32Array;
}

/**
 * Compounds that are tried on the elements of one chapter, with each class that they ask for. A chapter of 100 KB takes
 * some ten thousand.
 */
const MAX_STEPS = 500_000;
/** An element is needed while its descendants are matched, and nesting ends at 256 (`MAX_DEPTH`). */
const MAX_IDENTITIES = 1024;
/** Elements of books have some classes. Lists of megabytes must not be kept for a thousand elements. */
const MAX_CLASS_LENGTH = 4096;
/** Characters of a start tag that are searched in the time of a step. Tags of megabytes hold pictures. */
const TAG_CHARACTERS_PER_STEP = 64;

export function startMatching(tree: SourceTree): SelectorMatching {
  const moment = 'end';
  return { tree, identities: new Map(), siblings: undefined, subject: NO_NODE, moment, stepsLeft: MAX_STEPS };
}

/**
 * An id, a class or a name that an element must have to match. Only selectors under the keys of an element are
 * tried.
 */
export function keyOfSubject({ subject }: Selector): string {
  if (subject.id !== undefined) return `#${subject.id}`;
  const [first] = subject.classes;
  return first === undefined ? (subject.name ?? '*') : `.${first}`;
}

/** Id and classes of an element. They are kept, because a start tag may be megabytes long and is asked for often. */
export function identityOf(matching: SelectorMatching, element: number): ElementIdentity {
  const { tree, identities } = matching;
  const known = identities.get(element);
  if (known !== undefined) return known;
  takeForTag(matching, element);
  const classes = crengineAttributeOf(tree, element, 'class') ?? '';
  const identity = {
    id: crengineAttributeOf(tree, element, 'id'),
    classes: classes.length > MAX_CLASS_LENGTH ? undefined : new Set(classes.split(/\s+/)),
  };
  if (identities.size === MAX_IDENTITIES) identities.clear();
  identities.set(element, identity);
  return identity;
}

function takeForTag(matching: SelectorMatching, element: number): void {
  const { tree } = matching;
  const tagLength = Math.max(0, innerStartOf(tree, element) - startOf(tree, element));
  take(matching, Math.floor(tagLength / TAG_CHARACTERS_PER_STEP));
}

function take(matching: SelectorMatching, steps: number): void {
  matching.stepsLeft -= steps;
  matching.tree.work.spend(steps);
}

/** Whether an element matches. Without steps left the answer is `maybe`. */
export function matchSelector(matching: SelectorMatching, element: number, selector: Selector): Match {
  const match = matchCompound(matching, element, selector.subject);
  if (match === 'no') return 'no';
  if (!selector.isUnderstood) return 'maybe';
  return weaker(match, matchContext(matching, element, selector, 0));
}

function weaker(a: Match, b: Match): Match {
  if (a === 'no' || b === 'no') return 'no';
  return a === 'yes' ? b : a;
}

/** Whether the compounds from `index` on match around an element, each at one of the places that it may have. */
function matchContext(matching: SelectorMatching, element: number, selector: Selector, index: number): Match {
  const step = selector.context[index];
  if (step === undefined) return 'yes';
  let best: Match = 'no';
  const next = nextIn(matching, step.relation);
  for (let at = next(element); at !== NO_NODE; at = next(at)) {
    if (matching.stepsLeft < 0) return 'maybe';
    const own = matchCompound(matching, at, step.compound);
    if (own !== 'no') {
      const match = weaker(own, matchContext(matching, at, selector, index + 1));
      if (match === 'yes') return 'yes';
      if (match === 'maybe') best = 'maybe';
    }
    if (step.relation === 'parent' || step.relation === 'previous') break;
  }
  return best;
}

function nextIn(matching: SelectorMatching, relation: Relation): (element: number) => number {
  const { tree } = matching;
  if (relation === 'parent' || relation === 'ancestor') {
    return (element) => {
      const parent = parentOf(tree, element);
      return parent > 0 && isElement(tree, parent) ? parent : NO_NODE;
    };
  }
  const { previous } = siblingsOf(matching);
  return (element) => previous[element] ?? NO_NODE;
}

function siblingsOf(matching: SelectorMatching): Siblings {
  if (matching.siblings !== undefined) return matching.siblings;
  const { tree } = matching;
  const previous = new Int32Array(tree.nodeCount).fill(NO_NODE);
  const next = new Int32Array(tree.nodeCount).fill(NO_NODE);
  const position = new Int32Array(tree.nodeCount);
  const positionFromEnd = new Int32Array(tree.nodeCount);
  for (let parent = 0; parent < tree.nodeCount; parent += 1) {
    let last = NO_NODE;
    for (let at = firstChildOf(tree, parent); at !== NO_NODE; at = nextSiblingOf(tree, at)) {
      if (!isElement(tree, at)) continue;
      previous[at] = last;
      if (last !== NO_NODE) next[last] = at;
      position[at] = 1 + (position[last] ?? 0);
      last = at;
    }
    for (let n = 1; last !== NO_NODE; n += 1) {
      positionFromEnd[last] = n;
      last = previous[last] ?? NO_NODE;
    }
  }
  tree.work.spend(2 * tree.nodeCount);
  matching.siblings = { previous, next, position, positionFromEnd };
  return matching.siblings;
}

function matchCompound(matching: SelectorMatching, element: number, compound: Compound): Match {
  const { name, id, classes, attributes, lists, isPartial } = compound;
  take(matching, 1 + classes.length);
  if (name !== undefined && name !== nameOf(matching.tree, element)) return 'no';
  if (id !== undefined && identityOf(matching, element).id !== id) return 'no';
  let match: Match = isPartial ? 'maybe' : 'yes';
  if (classes.length > 0) {
    const own = identityOf(matching, element).classes;
    if (own === undefined) match = 'maybe';
    else if (!classes.every((wanted) => own.has(wanted))) return 'no';
  }
  for (const position of compound.positions) {
    match = weaker(match, matchPosition(matching, element, position));
    if (match === 'no') return 'no';
  }
  if (compound.isEmpty) match = weaker(match, matchEmpty(matching, element));
  if (match === 'no') return 'no';
  for (const attribute of attributes) {
    match = weaker(match, matchAttribute(matching, element, attribute));
    if (match === 'no') return 'no';
  }
  for (const list of lists) {
    match = weaker(match, matchList(matching, element, list));
    if (match === 'no') return 'no';
  }
  return match;
}

function matchPosition(matching: SelectorMatching, element: number, test: PositionTest): Match {
  const { n, isFromEnd, isOfType } = test;
  const { tree } = matching;
  const parent = parentOf(tree, element);
  // What is around the body of a chapter has other siblings in crengine's tree, and is styled too.
  if (parent <= 0 || nameOf(tree, parent) === 'html') return 'maybe';
  if (isFromEnd && matching.moment === 'start') {
    // Nothing follows yet. crengine may have cached that of an element that is closed since, too (RULES.md R40).
    if (!isOpen(matching, element)) return 'maybe';
    return n === 1 ? 'yes' : 'no';
  }
  const { previous, next, position, positionFromEnd } = siblingsOf(matching);
  if (!isOfType) return (isFromEnd ? positionFromEnd : position)[element] === n ? 'yes' : 'no';
  const neighbours = isFromEnd ? next : previous;
  let count = 0;
  for (let at = element; at !== NO_NODE && count <= n; at = neighbours[at] ?? NO_NODE) {
    if (matching.stepsLeft < 0) return 'maybe';
    take(matching, 1);
    if (tree.name[at] === tree.name[element]) count += 1;
  }
  return count === n ? 'yes' : 'no';
}

/** True for the element that is styled and those around it. */
function isOpen(matching: SelectorMatching, element: number): boolean {
  const { tree, subject } = matching;
  let at = subject;
  // Elements have higher numbers than those around them.
  while (at > element) {
    take(matching, 1);
    at = parentOf(tree, at);
  }
  return at === element;
}

/** `:empty`. White space may be dropped (RULES.md R24, R25, R26), and so may other text. */
function matchEmpty(matching: SelectorMatching, element: number): Match {
  const { tree, subject, moment } = matching;
  if (moment === 'start' && isOpen(matching, element)) return element === subject ? 'yes' : 'no';
  // It may have something generated in it.
  let match: Match =
    firstChildOf(tree, element) === NO_NODE && nameOf(tree, element) !== 'q' ? 'yes' : 'maybe';
  for (const child of childrenOf(tree, element)) {
    take(matching, 1);
    if (isElement(tree, child) || isKeptText(matching, element, child)) match = 'no';
    if (match === 'no' || matching.stepsLeft < 0) break;
  }
  return match;
}

/** White space is skipped, and a reference may leave nothing. */
const SURELY_KEPT = /^\s*[^&\s]/;

function isKeptText(matching: SelectorMatching, element: number, text: number): boolean {
  const { tree } = matching;
  const length = endOf(tree, text) - startOf(tree, text);
  take(matching, Math.floor(length / TAG_CHARACTERS_PER_STEP));
  const name = nameOf(tree, element);
  if (refusesText(name, 'chapter') || refusesText(name, 'fiction-book')) return false;
  return isText(tree, text) && SURELY_KEPT.test(tree.source.slice(startOf(tree, text), endOf(tree, text)));
}

function matchList(matching: SelectorMatching, element: number, { isNegated, selectors }: InnerList): Match {
  let best: Match = 'no';
  for (const selector of selectors) {
    const match = matchSelector(matching, element, selector);
    if (match === 'yes') return isNegated ? 'no' : 'yes';
    if (match === 'maybe') best = 'maybe';
  }
  return isNegated && best !== 'maybe' ? 'yes' : best;
}

/** crengine rewrites what leads to other files and places. */
const REWRITTEN: ReadonlySet<string> = new Set(['href', 'src', 'data', 'id', 'name']);

function matchAttribute(matching: SelectorMatching, element: number, test: AttributeTest): Match {
  takeForTag(matching, element);
  const { name, action, ignoresCase } = test;
  const written = localAttributeOf(matching.tree, element, name);
  if (written === undefined) return 'no';
  if (action === 'exists') return 'yes';
  const value = ignoresCase ? written.trim().toLowerCase() : written.trim();
  const wanted = ignoresCase ? test.value.toLowerCase() : test.value;
  if (REWRITTEN.has(name) && action !== 'equals') return 'maybe';
  // crengine adds a space to a list of classes.
  if (name === 'class' && /\s/.test(value) && action !== 'element') return 'maybe';
  return isMatch(value, wanted, action) ? 'yes' : 'no';
}

function isMatch(value: string, wanted: string, action: AttributeAction): boolean {
  switch (action) {
    case 'equals':
      return value === wanted;
    case 'element':
      return value.split(' ').includes(wanted);
    case 'hyphen':
      return value === wanted || value.startsWith(`${wanted}-`);
    case 'start':
      return value.startsWith(wanted);
    case 'end':
      return value.endsWith(wanted);
    case 'any':
      return value.includes(wanted);
    case 'exists':
    case 'not':
      return false;
    default:
      return action satisfies never;
  }
}
