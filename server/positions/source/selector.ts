import { SelectorType, isTraversal, parse, type Selector as Token } from 'css-what';

/** One part of a selector between combinators. What is undefined matches anything. */
export interface Compound {
  /** In lower case. */
  readonly name: string | undefined;
  readonly id: string | undefined;
  readonly classes: readonly string[];
  /** Position among the children of the parent, or among those of the same name, counted from 1. */
  readonly nthChild: number | undefined;
  readonly nthOfType: number | undefined;
  /**
   * It says more than the fields above (attributes, other pseudo-classes, namespaces): some elements may not match.
   */
  readonly isPartial: boolean;
}

/** A CSS selector, as far as it is understood. */
export interface Selector {
  readonly subject: Compound;
  /** Ancestors from the inside out. `isParent`: each must be the parent of the element before it. */
  readonly ancestors: readonly { readonly compound: Compound; readonly isParent: boolean }[];
  /** False with sibling combinators, and where nothing was understood: then only the subject is known. */
  readonly isUnderstood: boolean;
  /** Ids, classes, names: the larger wins. */
  readonly specificity: number;
}

/** A list of selectors has some hundred characters. The selector of one element has some dozens for each level. */
const MAX_SELECTOR_LENGTH = 8192;

const ANYTHING: Compound = {
  name: undefined,
  id: undefined,
  classes: [],
  nthChild: undefined,
  nthOfType: undefined,
  isPartial: true,
};

/** It may match any element, and may outweigh any other selector. */
const NOT_UNDERSTOOD: Selector = {
  subject: ANYTHING,
  ancestors: [],
  isUnderstood: false,
  specificity: 1_000_000,
};

/** The selectors of a list with commas. A list with an error in it, or without a selector, is not understood. */
export function parseSelectors(text: string): readonly Selector[] {
  if (text.length > MAX_SELECTOR_LENGTH) return [NOT_UNDERSTOOD];
  let lists: readonly (readonly Token[])[];
  try {
    lists = parse(text);
  } catch {
    // Any error: css-what has no error class of its own, and a thousand brackets in each other may exhaust its stack.
    return [NOT_UNDERSTOOD];
  }
  return lists.length === 0 ? [NOT_UNDERSTOOD] : lists.map(selectorOf);
}

function selectorOf(tokens: readonly Token[]): Selector {
  const combinators: SelectorType[] = [];
  let compound: Token[] = [];
  const parts = [compound];
  for (const token of tokens) {
    if (isTraversal(token)) {
      combinators.push(token.type);
      compound = [];
      parts.push(compound);
    } else compound.push(token);
  }
  const compounds = parts.map(compoundOf);
  const isUnderstood = combinators.every(
    (type) => type === SelectorType.Child || type === SelectorType.Descendant,
  );
  const ancestors = compounds
    .slice(0, -1)
    .map((ancestor, index) => ({ compound: ancestor, isParent: combinators[index] === SelectorType.Child }));
  return {
    subject: compounds.at(-1) ?? ANYTHING,
    ancestors: isUnderstood ? ancestors.toReversed() : [],
    isUnderstood,
    specificity: compounds.reduce(
      (sum, { name, id, classes }) =>
        sum + (id === undefined ? 0 : 10_000) + classes.length * 100 + (name === undefined ? 0 : 1),
      0,
    ),
  };
}

/**
 * Identifiers of ASCII letters, digits, `_` and `-`. It is not known how crengine reads other characters and escapes.
 */
const PLAIN_IDENTIFIER = /^[\w-]+$/;

function compoundOf(tokens: readonly Token[]): Compound {
  let name: string | undefined;
  let id: string | undefined;
  const classes: string[] = [];
  let nthChild: number | undefined;
  let nthOfType: number | undefined;
  let isPartial = tokens.length === 0;
  for (const [index, token] of tokens.entries()) {
    if (token.type === SelectorType.Tag && index === 0) {
      name = token.name.toLowerCase();
      isPartial ||= token.namespace !== null || !PLAIN_IDENTIFIER.test(name);
    } else if (token.type === SelectorType.Attribute && token.ignoreCase === 'quirks') {
      // Written as `#id` or `.class`, not in brackets.
      isPartial ||= !PLAIN_IDENTIFIER.test(token.value);
      if (token.name === 'class') classes.push(token.value);
      else if (id === undefined) id = token.value;
      else isPartial = true;
    } else if (token.type === SelectorType.Pseudo && nthChild === undefined && nthOfType === undefined) {
      const position = positionOf(token.name, token.data);
      if (token.name === 'nth-of-type') nthOfType = position;
      else nthChild = position;
      isPartial ||= position === undefined;
    } else if (token.type !== SelectorType.Universal || index > 0 || token.namespace !== null) {
      isPartial = true;
    }
  }
  return { name, id, classes, nthChild, nthOfType, isPartial };
}

/** The position that `:first-child`, `:nth-child(3)` or `:nth-of-type(3)` names. */
function positionOf(name: string, data: unknown): number | undefined {
  if (name === 'first-child') return 1;
  if (name !== 'nth-child' && name !== 'nth-of-type') return undefined;
  return typeof data === 'string' && /^\d{1,9}$/.test(data) ? Number(data) : undefined;
}
