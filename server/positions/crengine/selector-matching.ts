import { attributeOf } from '../source/attributes.js';
import type { Compound, Selector } from '../source/selector.js';
import {
  innerStartOf,
  isElement,
  nameOf,
  parentOf,
  startOf,
  type SourceTree,
} from '../source/source-tree.js';

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
  /** Steps that may still be taken. */
  stepsLeft: number;
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
  return { tree, identities: new Map(), stepsLeft: MAX_STEPS };
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
  const tagLength = Math.max(0, innerStartOf(tree, element) - startOf(tree, element));
  take(matching, Math.floor(tagLength / TAG_CHARACTERS_PER_STEP));
  const classes = attributeOf(tree, element, 'class') ?? '';
  const identity = {
    id: attributeOf(tree, element, 'id'),
    classes: classes.length > MAX_CLASS_LENGTH ? undefined : new Set(classes.split(/\s+/)),
  };
  if (identities.size === MAX_IDENTITIES) identities.clear();
  identities.set(element, identity);
  return identity;
}

function take(matching: SelectorMatching, steps: number): void {
  matching.stepsLeft -= steps;
  matching.tree.work.spend(steps);
}

/** Whether an element matches. Without steps left the answer is `maybe`. */
export function matchSelector(matching: SelectorMatching, element: number, selector: Selector): Match {
  let match = matchCompound(matching, element, selector.subject);
  if (match !== 'no' && !selector.isUnderstood) match = 'maybe';
  let at = element;
  for (const { compound, isParent } of selector.ancestors) {
    if (match === 'no') return 'no';
    const ancestor = matchingAncestor(matching, at, compound, isParent);
    if (ancestor === undefined) return 'no';
    at = ancestor.element;
    // The search stops at the nearest ancestor that fits; another one may have the right parent.
    if (ancestor.match === 'maybe' || (selector.hasParentStep && !isParent)) match = 'maybe';
  }
  return match;
}

/** The parent, or the nearest ancestor, that may match. */
function matchingAncestor(
  matching: SelectorMatching,
  element: number,
  compound: Compound,
  isParent: boolean,
): { readonly element: number; readonly match: Match } | undefined {
  const { tree } = matching;
  for (let at = parentOf(tree, element); at > 0 && isElement(tree, at); at = parentOf(tree, at)) {
    if (matching.stepsLeft < 0) return { element: at, match: 'maybe' };
    const match = matchCompound(matching, at, compound);
    if (match !== 'no') return { element: at, match };
    if (isParent) return undefined;
  }
  return undefined;
}

function matchCompound(matching: SelectorMatching, element: number, compound: Compound): Match {
  const { name, id, classes, nthChild, nthOfType, isPartial } = compound;
  take(matching, 1 + classes.length);
  if (name !== undefined && name !== nameOf(matching.tree, element)) return 'no';
  if (id !== undefined && identityOf(matching, element).id !== id) return 'no';
  let isCertain = !isPartial && nthChild === undefined && nthOfType === undefined;
  if (classes.length > 0) {
    const own = identityOf(matching, element).classes;
    if (own === undefined) isCertain = false;
    else if (!classes.every((wanted) => own.has(wanted))) return 'no';
  }
  return isCertain ? 'yes' : 'maybe';
}
