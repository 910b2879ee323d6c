import { attributeOf } from '../source/attributes.js';
import { nameOf, type SourceTree } from '../source/source-tree.js';
import type { Display } from './element-names.js';
import {
  identityOf,
  keyOfSubject,
  matchSelector,
  startMatching,
  type SelectorMatching,
} from './selector-matching.js';
import { PLAIN_STYLE, type StyleGuess, type WhiteSpace } from './style-guess.js';
import { parseDeclarations, type StyleDeclarations } from './style-declarations.js';
import type { StyleRule, StyleSheet } from './style-sheet.js';

interface OrderedRule {
  readonly rule: StyleRule;
  readonly order: number;
}

/**
 * The computed styles of a chapter with its style sheets (RULES.md R29), of which the first one is the weakest.
 * Undefined if they have no rule that matters.
 */
export function bookStyle(
  tree: SourceTree,
  sheets: readonly StyleSheet[],
  hasStyleAttributes: boolean,
): StyleGuess | undefined {
  const rulesByKey = new Map<string, OrderedRule[]>();
  let order = 0;
  for (const rule of sheets.flatMap((sheet) => sheet.rules)) {
    tree.work.spend(1);
    const key = keyOfSubject(rule.selector);
    const rules = rulesByKey.get(key) ?? [];
    rules.push({ rule, order });
    rulesByKey.set(key, rules);
    order += 1;
  }
  if (sheets.some(({ isCut }) => isCut)) return UNKNOWN_STYLE;
  if (order === 0 && !hasStyleAttributes) return undefined;
  const matching = startMatching(tree);
  // The caller asks for the display and the white space of one element right after each other.
  let lastElement = -1;
  let lastStyle: ElementStyle = NO_STYLE;
  const styleOf = (element: number): ElementStyle => {
    if (element !== lastElement) {
      lastStyle = computeStyle(matching, element, rulesByKey, hasStyleAttributes);
      lastElement = element;
    }
    return lastStyle;
  };
  return {
    displayOf: (_, element) => {
      const { display, float } = styleOf(element);
      if (display === 'unknown' || float === 'unknown') return 'unknown';
      if (float !== undefined && float !== 'none') return 'unknown';
      if (display === undefined) return PLAIN_STYLE.displayOf(tree, element);
      // A line break stays one, whatever a style sheet says, unless it is not displayed.
      return nameOf(tree, element) === 'br' && display !== 'none' ? 'inline' : displayOfValue(display);
    },
    whiteSpaceOf: (_, element) => {
      const { whiteSpace } = styleOf(element);
      if (whiteSpace !== undefined) return whiteSpaceOfValue(whiteSpace);
      return PLAIN_STYLE.whiteSpaceOf(tree, element);
    },
  };
}

/** Nothing is known of the styles: no text that has white space near it is certain. */
const UNKNOWN_STYLE: StyleGuess = { displayOf: () => 'unknown', whiteSpaceOf: () => 'unknown' };

/** The values as the style sheets write them. `unknown`: it is not certain which of several values applies. */
type ElementStyle = { readonly [Property in keyof StyleDeclarations]: string | undefined };

const NO_STYLE: ElementStyle = { display: undefined, whiteSpace: undefined, float: undefined };
const UNKNOWN_ELEMENT_STYLE: ElementStyle = { display: 'unknown', whiteSpace: 'unknown', float: 'unknown' };

function computeStyle(
  matching: SelectorMatching,
  element: number,
  rulesByKey: ReadonlyMap<string, readonly OrderedRule[]>,
  hasStyleAttributes: boolean,
): ElementStyle {
  const keys = ruleKeysOf(matching, element);
  if (keys === undefined) return UNKNOWN_ELEMENT_STYLE;
  const certain: WeightedDeclarations[] = [];
  const possible: WeightedDeclarations[] = [];
  for (const key of keys) {
    for (const { rule, order } of rulesByKey.get(key) ?? []) {
      if (matching.stepsLeft < 0) return UNKNOWN_ELEMENT_STYLE;
      const match = matchSelector(matching, element, rule.selector);
      if (match === 'no') continue;
      const { declarations, selector, isConditional } = rule;
      const weighted = { declarations, weight: selector.specificity * ORDER_RANGE + order };
      (match === 'yes' && !isConditional ? certain : possible).push(weighted);
    }
  }
  const own = hasStyleAttributes ? ownDeclarations(matching.tree, element) : undefined;
  if (own !== undefined) certain.push({ declarations: own, weight: OWN_WEIGHT });
  if (certain.length === 0 && possible.length === 0) return NO_STYLE;
  return {
    display: computedValue('display', certain, possible),
    whiteSpace: computedValue('whiteSpace', certain, possible),
    float: computedValue('float', certain, possible),
  };
}

interface WeightedDeclarations {
  readonly declarations: StyleDeclarations;
  readonly weight: number;
}

/** The value with the largest weight. `unknown` if a rule that possibly applies outweighs it with another value. */
function computedValue(
  property: keyof StyleDeclarations,
  certain: readonly WeightedDeclarations[],
  possible: readonly WeightedDeclarations[],
): string | undefined {
  let winner: { value: string | undefined; weight: number } = { value: undefined, weight: -1 };
  for (const { declarations, weight } of certain) {
    const declaration = declarations[property];
    if (declaration === undefined) continue;
    const fullWeight = weight + (declaration.isImportant ? IMPORTANT : 0);
    if (fullWeight >= winner.weight) winner = { value: declaration.value, weight: fullWeight };
  }
  const isContested = possible.some(({ declarations, weight }) => {
    const declaration = declarations[property];
    if (declaration === undefined || declaration.value === winner.value) return false;
    return weight + (declaration.isImportant ? IMPORTANT : 0) > winner.weight;
  });
  return isContested ? 'unknown' : winner.value;
}

/** More than the rules of all style sheets of a chapter, so that their order never outweighs the specificity. */
const ORDER_RANGE = 1_000_000;
/** The weight of a `style` attribute, which is more than that of any selector. */
const OWN_WEIGHT = 1e14;
/** Added to the weight of an `!important` declaration. */
const IMPORTANT = 1e15;

function ownDeclarations(tree: SourceTree, element: number): StyleDeclarations | undefined {
  const attribute = attributeOf(tree, element, 'style');
  return attribute === undefined ? undefined : parseDeclarations(attribute, tree.work);
}

/** The keys under which rules for this element may stand. Undefined if it has too many classes. */
function ruleKeysOf(matching: SelectorMatching, element: number): string[] | undefined {
  const { id, classes } = identityOf(matching, element);
  if (classes === undefined) return undefined;
  const keys = ['*', nameOf(matching.tree, element), ...Array.from(classes, (name) => `.${name}`)];
  return id === undefined ? keys : [...keys, `#${id}`];
}

function displayOfValue(value: string): Display {
  switch (value) {
    case 'none':
    case 'inline':
    case 'inline-block':
    case 'block':
      return value;
    case 'inline-table':
      return 'inline-block';
    case 'list-item':
    case 'table':
    case 'table-row':
    case 'table-cell':
    case 'table-caption':
    case 'table-row-group':
    case 'table-header-group':
    case 'table-footer-group':
      return 'block';
    default:
      return 'unknown';
  }
}

function whiteSpaceOfValue(value: string): WhiteSpace {
  switch (value) {
    case 'normal':
    case 'nowrap':
      return 'collapsed';
    case 'pre':
    case 'pre-wrap':
    case 'pre-line':
    case 'break-spaces':
      return 'kept';
    case 'inherit':
      return 'inherit';
    default:
      return 'unknown';
  }
}
