import { attributeOf } from '../source/attributes.js';
import { isElement, nameOf, parentOf, type SourceTree } from '../source/source-tree.js';

/** One part of a selector between combinators. */
interface Compound {
  readonly name: string | undefined;
  readonly id: string | undefined;
  readonly classes: readonly string[];
  /** It says more than that (pseudo-classes, attributes): even where the rest fits it is not certain to match. */
  readonly isCertain: boolean;
}

/** A CSS selector, as far as it is understood. */
export interface Selector {
  readonly subject: Compound;
  /** Ancestors from the inside out, and whether each must be the parent of what comes before it. */
  readonly ancestors: readonly { readonly compound: Compound; readonly isParent: boolean }[];
  /** False with sibling combinators: only the subject was understood. */
  readonly isCertain: boolean;
  /** Ids, classes, names: the larger wins. */
  readonly specificity: number;
}

/** `maybe`: not understood well enough to say. */
export type Match = 'yes' | 'maybe' | 'no';

/** More parts than anyone writes; a longer selector is understood in its subject only. */
const MAX_COMPOUNDS = 16;
const PART = /^(\*|[A-Za-z][\w-]*)?((?:[.#][\w-]+)*)(.*)$/s;

export function parseSelector(text: string): Selector {
  const spaced = text.replaceAll(/\s*([>+~])\s*/g, ' $1 ').trim();
  const tokens = spaced.split(/\s+/);
  const compounds = tokens.filter((token) => !/^[>+~]$/.test(token)).map(parseCompound);
  const hasSiblings = tokens.some((token) => token === '+' || token === '~');
  const isTooLong = compounds.length > MAX_COMPOUNDS;
  const subject = compounds.at(-1) ?? { name: undefined, id: undefined, classes: [], isCertain: false };
  const ancestors: { compound: Compound; isParent: boolean }[] = [];
  if (!hasSiblings && !isTooLong) {
    let isParent = false;
    for (const token of tokens.slice(0, -1).toReversed()) {
      if (token === '>') isParent = true;
      else {
        ancestors.push({ compound: parseCompound(token), isParent });
        isParent = false;
      }
    }
  }
  const specificity = compounds.reduce(
    (sum, { name, id, classes }) =>
      sum + (id === undefined ? 0 : 10_000) + classes.length * 100 + (name === undefined ? 0 : 1),
    0,
  );
  return { subject, ancestors, isCertain: !hasSiblings && !isTooLong, specificity };
}

/** The key of a compound that an element must have: to try only selectors that can match. */
export function keyOfSubject({ subject }: Selector): string {
  if (subject.id !== undefined) return `#${subject.id}`;
  const [first] = subject.classes;
  return first === undefined ? (subject.name ?? '*') : `.${first}`;
}

/**
 * Whether an element matches. `maybe` also once the budget is used up: each compound that is tried takes one of its
 * steps.
 */
export function matchSelector(
  tree: SourceTree,
  element: number,
  selector: Selector,
  budget: { steps: number },
): Match {
  budget.steps -= 1;
  let match = matchCompound(tree, element, selector.subject);
  if (match !== 'no' && !selector.isCertain) match = 'maybe';
  let at = element;
  for (const { compound, isParent } of selector.ancestors) {
    if (match === 'no') return 'no';
    const ancestor = matchingAncestor(tree, at, compound, isParent, budget);
    if (ancestor === undefined) return 'no';
    at = ancestor.element;
    // The nearest ancestor that fits need not be the one with the right parent.
    if (ancestor.match === 'maybe' || (hasParentStep(selector) && !isParent)) match = 'maybe';
  }
  return match;
}

/** The parent, or the nearest ancestor, that may match. */
function matchingAncestor(
  tree: SourceTree,
  element: number,
  compound: Compound,
  isParent: boolean,
  budget: { steps: number },
): { readonly element: number; readonly match: Match } | undefined {
  for (let at = parentOf(tree, element); at > 0 && isElement(tree, at); at = parentOf(tree, at)) {
    budget.steps -= 1;
    if (budget.steps < 0) return { element: at, match: 'maybe' };
    const match = matchCompound(tree, at, compound);
    if (match !== 'no') return { element: at, match };
    if (isParent) return undefined;
  }
  return undefined;
}

function hasParentStep({ ancestors }: Selector): boolean {
  return ancestors.some(({ isParent }) => isParent) && ancestors.length > 1;
}

function parseCompound(text: string): Compound {
  const [, name, qualifiers = '', rest = ''] = PART.exec(text) ?? [];
  const ids = qualifiers.match(/#[\w-]+/g) ?? [];
  return {
    name: name === undefined || name === '*' ? undefined : name.toLowerCase(),
    id: ids[0]?.slice(1),
    classes: (qualifiers.match(/\.[\w-]+/g) ?? []).map((part) => part.slice(1)),
    isCertain: rest === '' && ids.length < 2 && text !== '',
  };
}

function matchCompound(tree: SourceTree, element: number, compound: Compound): Match {
  if (compound.name !== undefined && compound.name !== nameOf(tree, element)) return 'no';
  if (compound.id !== undefined && attributeOf(tree, element, 'id') !== compound.id) return 'no';
  if (compound.classes.length > 0) {
    const classes = (attributeOf(tree, element, 'class') ?? '').split(/\s+/);
    if (!compound.classes.every((name) => classes.includes(name))) return 'no';
  }
  return compound.isCertain ? 'yes' : 'maybe';
}
