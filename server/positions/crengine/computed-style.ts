import { crengineAttributeOf } from '../source/attributes.js';
import { childrenOf, nameOf, parentOf, type SourceTree } from '../source/source-tree.js';
import { agentRules, hasContentBefore } from './agent-style.js';
import type { Dialect } from './dialect.js';
import {
  BLOCK,
  INLINE,
  INLINE_TABLE,
  NOT_DISPLAYED,
  RUBY,
  TABLE,
  UNKNOWN_DISPLAY,
  displayNumber,
  isTablePart,
} from './display.js';
import { IMAGES, defaultDisplay, isPreformatted } from './element-names.js';
import {
  identityOf,
  keyOfSubject,
  matchSelector,
  startMatching,
  type Moment,
  type SelectorMatching,
} from './selector-matching.js';
import { parseDeclarations, type StyleDeclarations } from './style-declarations.js';
import type { StyleRule, StyleSheet } from './style-sheet.js';

/** The computed style of an element, as far as it decides which texts crengine keeps. */
export interface ElementStyle {
  /** A number of display.ts. `undefined`: as the parent is displayed. */
  readonly display: number | undefined;
  readonly whiteSpace: 'kept' | 'collapsed' | 'inherit' | 'unknown';
  readonly float: 'none' | 'floating' | 'inherit' | 'unknown';
  readonly before: GeneratedContent;
  readonly after: GeneratedContent;
  /** It may have a `::first-letter` or a `::first-line`, which are children of it or of what is in it. */
  readonly hasFirstPart: boolean;
}

/** How `::before` or `::after` is displayed (RULES.md R33). `none`: it is not there. */
export type GeneratedContent = 'none' | 'inline' | 'block' | 'floating' | 'unknown';

/**
 * The styles of the elements of one chapter. A book with style sheets is computed with them and without them, because
 * KOReader's user may switch them off (RULES.md R29).
 */
export interface ComputedStyles {
  styleOf(element: number): ElementStyle;
  /** The style that the element has when it starts. Undefined if all elements have that of `styleOf` (RULES.md R40). */
  readonly startStyleOf: ((element: number) => ElementStyle) | undefined;
}

/** The style sheets of a book for one chapter, of which the first one is the weakest. */
export interface BookStyles {
  readonly sheets: readonly StyleSheet[];
  readonly hasStyleAttributes: boolean;
}

/** What `::before` has where something is generated. */
const SOME_CONTENT: StyleDeclarations = {
  display: undefined,
  whiteSpace: undefined,
  float: undefined,
  content: { value: 'some', isImportant: false },
};

const NO_STYLES: BookStyles = { sheets: [], hasStyleAttributes: false };

/** @param styles those of the book, or undefined for how KOReader shows a book without them. */
export function computedStyles(
  tree: SourceTree,
  styles: BookStyles | undefined,
  dialect: Dialect,
): ComputedStyles {
  const { sheets, hasStyleAttributes } = styles ?? NO_STYLES;
  if (sheets.some(({ isCut }) => isCut)) return { styleOf: () => UNKNOWN_STYLE, startStyleOf: undefined };
  const cascade: Cascade = {
    matching: startMatching(tree),
    rulesByKey: rulesByKeyOf(tree, sheets),
    hasStyleAttributes,
    withHints: styles !== undefined,
    dialect,
  };
  const dependsOnLater = sheets.some(({ rules }) => rules.some(({ selector }) => selector.dependsOnLater));
  return {
    styleOf: (element) => styleOf(cascade, element, 'end'),
    startStyleOf: dependsOnLater ? (element) => styleOf(cascade, element, 'start') : undefined,
  };
}

/** Nothing is known of the styles: no text that has white space near it is certain. */
const UNKNOWN_STYLE: ElementStyle = {
  display: UNKNOWN_DISPLAY,
  whiteSpace: 'unknown',
  float: 'unknown',
  before: 'unknown',
  after: 'unknown',
  hasFirstPart: true,
};

interface OrderedRule {
  readonly rule: StyleRule;
  readonly order: number;
}

interface Cascade {
  readonly matching: SelectorMatching;
  readonly rulesByKey: ReadonlyMap<string, readonly OrderedRule[]>;
  readonly hasStyleAttributes: boolean;
  readonly withHints: boolean;
  readonly dialect: Dialect;
}

function rulesByKeyOf(tree: SourceTree, sheets: readonly StyleSheet[]): Map<string, OrderedRule[]> {
  const rulesByKey = new Map<string, OrderedRule[]>();
  for (const [order, rule] of sheets.flatMap((sheet) => sheet.rules).entries()) {
    tree.work.spend(1);
    const key = keyOfSubject(rule.selector);
    const rules = rulesByKey.get(key) ?? [];
    rules.push({ rule, order });
    rulesByKey.set(key, rules);
  }
  return rulesByKey;
}

/** The declarations that apply to an element, or to the content before or after it. */
class Applied {
  readonly certain: WeightedDeclarations[] = [];
  readonly possible: WeightedDeclarations[] = [];

  get isEmpty(): boolean {
    return this.certain.length === 0 && this.possible.length === 0;
  }
}

interface WeightedDeclarations {
  readonly declarations: StyleDeclarations;
  readonly weight: number;
}

/** More than the rules of all style sheets of a chapter, so that their order never outweighs the specificity. */
const ORDER_RANGE = 1_000_000;
/** Added to the specificity of crengine's own rules. Each rule of the book outweighs them all. */
const AGENT_WEIGHT = -1_000_000;
/** The weight of a `style` attribute, which is more than that of any selector. */
const OWN_WEIGHT = 1e14;
/** Added to the weight of an `!important` declaration. */
const IMPORTANT = 1e15;

function styleOf(cascade: Cascade, element: number, moment: Moment): ElementStyle {
  const { matching, rulesByKey, hasStyleAttributes, withHints, dialect } = cascade;
  matching.subject = element;
  matching.moment = moment;
  const { tree } = matching;
  const own = new Applied();
  const before = new Applied();
  const after = new Applied();
  let hasFirstPart = false;
  for (const { declarations, specificity } of agentRules(tree, element, withHints, dialect)) {
    own.certain.push({ declarations, weight: AGENT_WEIGHT + specificity });
  }
  if (hasContentBefore(tree, element, dialect)) {
    before.certain.push({ declarations: SOME_CONTENT, weight: AGENT_WEIGHT });
  }
  const keys = rulesByKey.size === 0 ? [] : ruleKeysOf(matching, element);
  if (keys === undefined) return UNKNOWN_STYLE;
  for (const key of keys) {
    for (const { rule, order } of rulesByKey.get(key) ?? []) {
      if (matching.stepsLeft < 0) return UNKNOWN_STYLE;
      const { declarations, selector, isConditional } = rule;
      const match = matchSelector(matching, element, selector);
      const target = targetOf(selector.pseudoElement, own, before, after);
      if (match === 'no') continue;
      if (target === undefined) {
        hasFirstPart = true;
        continue;
      }
      const weighted = { declarations, weight: selector.specificity * ORDER_RANGE + order };
      // What `::before` and `::after` generate is there already when crengine asks for `:empty` again.
      const isCertain = match === 'yes' && !isConditional && (target === own || !selector.dependsOnLater);
      (isCertain ? target.certain : target.possible).push(weighted);
    }
  }
  const attribute = hasStyleAttributes ? crengineAttributeOf(tree, element, 'style') : undefined;
  const declared = attribute === undefined ? undefined : parseDeclarations(attribute, tree.work);
  if (declared !== undefined) own.certain.push({ declarations: declared, weight: OWN_WEIGHT });
  const style = elementStyleOf(cascade, element, own, before, after);
  return hasFirstPart ? { ...style, hasFirstPart } : style;
}

function targetOf(
  pseudoElement: string | undefined,
  own: Applied,
  before: Applied,
  after: Applied,
): Applied | undefined {
  if (pseudoElement === undefined) return own;
  if (pseudoElement === 'before') return before;
  return pseudoElement === 'after' ? after : undefined;
}

function elementStyleOf(
  { matching: { tree }, dialect }: Cascade,
  element: number,
  own: Applied,
  before: Applied,
  after: Applied,
): ElementStyle {
  const name = nameOf(tree, element);
  // `q` has quotation marks before and after it, but not in a FictionBook.
  const quotes: GeneratedContent = name === 'q' && dialect !== 'fiction-book' ? 'inline' : 'none';
  if (own.isEmpty && before.isEmpty && after.isEmpty && !SPECIAL.has(name))
    return plainStyleOf(name, dialect);
  const float = floatOf(computedValue('float', own));
  return {
    display: displayOf(tree, element, computedValue('display', own), float, dialect),
    whiteSpace: whiteSpaceOf(name, computedValue('whiteSpace', own), dialect),
    float,
    before: generatedContentOf(before, quotes),
    after: generatedContentOf(after, quotes),
    hasFirstPart: false,
  };
}

/** Their style depends on more than the rules. */
const SPECIAL: ReadonlySet<string> = new Set(['q', 'case', 'default']);

const plainStyles: Readonly<Record<Dialect, Map<string, ElementStyle>>> = {
  chapter: new Map(),
  'fiction-book': new Map(),
  html: new Map(),
};
/** There are some hundred names in crengine's table. Others share the style of an unknown element. */
const MAX_PLAIN_STYLES = 1000;

function plainStyleOf(name: string, dialect: Dialect): ElementStyle {
  const styles = plainStyles[dialect];
  const known = styles.get(name);
  if (known !== undefined) return known;
  const style: ElementStyle = {
    display: displayNumber(defaultDisplay(name, dialect)),
    whiteSpace: whiteSpaceOf(name, undefined, dialect),
    float: 'none',
    before: 'none',
    after: 'none',
    hasFirstPart: false,
  };
  if (styles.size < MAX_PLAIN_STYLES) styles.set(name, style);
  return style;
}

const UNKNOWN_VALUE = 'unknown';

/** The value with the largest weight. `unknown` if a rule that possibly applies outweighs it with another value. */
function computedValue(property: keyof StyleDeclarations, applied: Applied): string | undefined {
  let winner: { value: string | undefined; weight: number } = {
    value: undefined,
    weight: Number.NEGATIVE_INFINITY,
  };
  for (const { declarations, weight } of applied.certain) {
    const declaration = declarations[property];
    if (declaration === undefined) continue;
    const fullWeight = weight + (declaration.isImportant ? IMPORTANT : 0);
    if (fullWeight >= winner.weight) winner = { value: declaration.value, weight: fullWeight };
  }
  const isContested = applied.possible.some(({ declarations, weight }) => {
    const declaration = declarations[property];
    if (declaration === undefined || declaration.value === winner.value) return false;
    return weight + (declaration.isImportant ? IMPORTANT : 0) > winner.weight;
  });
  return isContested ? UNKNOWN_VALUE : winner.value;
}

/** The keys under which rules for this element may stand. Undefined if it has too many classes. */
function ruleKeysOf(matching: SelectorMatching, element: number): string[] | undefined {
  const { id, classes } = identityOf(matching, element);
  if (classes === undefined) return undefined;
  const keys = ['*', nameOf(matching.tree, element), ...Array.from(classes, (name) => `.${name}`)];
  return id === undefined ? keys : [...keys, `#${id}`];
}

function displayOf(
  tree: SourceTree,
  element: number,
  value: string | undefined,
  float: ElementStyle['float'],
  dialect: Dialect,
): number | undefined {
  const name = nameOf(tree, element);
  if (value === 'inherit' && name !== 'br' && float === 'none') return undefined;
  const declared = value === 'inherit' ? 'inline' : value;
  const display =
    declared === undefined ? undeclaredDisplay(tree, element, dialect) : displayNumber(declared);
  // A line break stays one, whatever a style sheet says, unless it is not displayed.
  const shown = name === 'br' && display !== NOT_DISPLAYED ? INLINE : imageDisplay(name, display);
  // What crengine inserts into it would have to be found among the children of any element.
  if (shown === RUBY && name !== 'ruby') return UNKNOWN_DISPLAY;
  if (shown > INLINE) return shown;
  if (float === 'unknown') return UNKNOWN_DISPLAY;
  return float === 'floating' ? BLOCK : shown;
}

const MATHML = 'http://www.w3.org/1998/Math/MathML';

/** Of the choices of `epub:switch` crengine shows those for formulas, and the default where there is no formula. */
function undeclaredDisplay(tree: SourceTree, element: number, dialect: Dialect): number {
  const name = nameOf(tree, element);
  const parent = parentOf(tree, element);
  if ((name === 'case' || name === 'default') && nameOf(tree, parent) === 'switch') {
    const isFormula = (choice: number): boolean =>
      nameOf(tree, choice) === 'case' && crengineAttributeOf(tree, choice, 'required-namespace') === MATHML;
    let isShown = name === 'default' || isFormula(element);
    for (const choice of name === 'default' ? childrenOf(tree, parent) : []) {
      if (choice >= element) break;
      tree.work.spend(1);
      if (isFormula(choice)) isShown = false;
    }
    if (!isShown) return NOT_DISPLAYED;
  }
  return displayNumber(defaultDisplay(name, dialect));
}

/** A picture is no table and no part of one. */
function imageDisplay(name: string, display: number): number {
  if (!IMAGES.has(name) && name !== 'object') return display;
  if (display === TABLE) return BLOCK;
  return isTablePart(display) || display === INLINE_TABLE ? INLINE : display;
}

function floatOf(value: string | undefined): ElementStyle['float'] {
  if (value === undefined || value === 'none') return 'none';
  return value === UNKNOWN_VALUE || value === 'inherit' ? value : 'floating';
}

function whiteSpaceOf(name: string, value: string | undefined, dialect: Dialect): ElementStyle['whiteSpace'] {
  switch (value) {
    case undefined:
      return isPreformatted(name, dialect) ? 'kept' : 'inherit';
    case 'normal':
    case 'nowrap':
      return 'collapsed';
    case 'inherit':
    case UNKNOWN_VALUE:
      return value;
    default:
      return 'kept';
  }
}

function generatedContentOf(applied: Applied, undeclared: GeneratedContent): GeneratedContent {
  if (applied.isEmpty) return undeclared;
  const content = computedValue('content', applied);
  if (content === UNKNOWN_VALUE) return 'unknown';
  if (content === 'none' || (content === undefined && undeclared === 'none')) return 'none';
  const display = computedValue('display', applied) ?? 'inline';
  const float = floatOf(computedValue('float', applied));
  if (display === 'none') return 'none';
  if (display === UNKNOWN_VALUE || display === 'inherit' || float === 'unknown' || float === 'inherit')
    return 'unknown';
  if (float === 'floating') return 'floating';
  const number = displayNumber(display);
  return number <= INLINE || display === 'inline-block' || display === 'inline-table' ? 'inline' : 'block';
}
