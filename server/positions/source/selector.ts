import {
  SelectorType,
  isTraversal,
  parse,
  type AttributeAction as Action,
  type Selector as Token,
} from 'css-what';
import type { Work } from '../work.js';

/** One part of a selector between combinators. What is undefined matches anything. */
export interface Compound {
  /** In lower case. */
  readonly name: string | undefined;
  readonly id: string | undefined;
  readonly classes: readonly string[];
  readonly attributes: readonly AttributeTest[];
  readonly positions: readonly PositionTest[];
  /** `:empty`. */
  readonly isEmpty: boolean;
  readonly lists: readonly InnerList[];
  /** It says more than the fields above (other pseudo-classes, namespaces): some elements may not match. */
  readonly isPartial: boolean;
}

/** `:nth-child(n)` and the others. `:only-child` is two of them. */
export interface PositionTest {
  /** Counted from 1. */
  readonly n: number;
  readonly isFromEnd: boolean;
  /** Only siblings of the same name are counted. */
  readonly isOfType: boolean;
}

/** As css-what names the operators: `element` is `~=`, `hyphen` is `|=`, `any` is `*=`. */
export type AttributeAction = `${Action}`;

/** `[name]`, or `[name="value"]` with one of the operators of CSS. */
export interface AttributeTest {
  /** In lower case, without a prefix. */
  readonly name: string;
  readonly action: AttributeAction;
  readonly value: string;
  readonly ignoresCase: boolean;
}

/** `:not(…)`, or `:is(…)` and `:where(…)`. */
export interface InnerList {
  readonly isNegated: boolean;
  readonly selectors: readonly Selector[];
}

/** Where an element stands by that of the compound to the right: `a > b`, `a b`, `a + b`, `a ~ b`. */
export type Relation = 'parent' | 'ancestor' | 'previous' | 'earlier';

/** A CSS selector, as far as it is understood. */
export interface Selector {
  readonly subject: Compound;
  /** The compounds before the subject, from the right to the left. */
  readonly context: readonly { readonly compound: Compound; readonly relation: Relation }[];
  /** The part of the element that is meant: `::before`. Undefined for the element itself. */
  readonly pseudoElement: string | undefined;
  /** It asks for what follows an element or is in it (RULES.md R40). */
  readonly dependsOnLater: boolean;
  /** False where nothing was understood: then only the subject is known. */
  readonly isUnderstood: boolean;
  /** The larger wins. Never less than what crengine computes (RULES.md R29). */
  readonly specificity: number;
}

/**
 * Whether crengine knows the form of all selectors in a list. If it does not know one of them, it ignores the whole
 * rule (RULES.md R29).
 */
type ListForm = 'known' | 'unknown' | 'may-be-known';

interface SelectorList {
  readonly selectors: readonly Selector[];
  readonly form: ListForm;
}

/** Lists have some dozens of selectors. */
const MAX_SELECTORS = 2000;
/** So much for all of them. The pattern of `splitAtCommas` needs memory for each escape in a string. */
const MAX_LIST_LENGTH = 1024 * 1024;
/** A selector has some dozens of characters. The selector of one element has some dozens for each level. */
const MAX_SELECTOR_LENGTH = 8192;
/**
 * The steps of parsing one selector of a list, and of each of its tokens, with the memory that they take. Books have some
 * thousand tokens.
 */
const SELECTOR_STEPS = 20;
const TOKEN_STEPS = 20;
/** `:not(:is([title]))` has three. css-what and `weightOf` call themselves for each level. */
const MAX_BRACKET_DEPTH = 16;

const ANYTHING: Compound = {
  name: undefined,
  id: undefined,
  classes: [],
  attributes: [],
  positions: [],
  isEmpty: false,
  lists: [],
  isPartial: true,
};

/** It may match any element, and outweighs each selector of `MAX_SELECTOR_LENGTH` characters. */
const NOT_UNDERSTOOD: Selector = {
  subject: ANYTHING,
  context: [],
  pseudoElement: undefined,
  dependsOnLater: false,
  isUnderstood: false,
  specificity: 10_000_000,
};

/** The selectors of a list with commas. Each is parsed alone, so that an error in one does not hide the others. */
export function parseSelectors(text: string, work: Work): SelectorList {
  work.scan(text.length);
  if (text.length > MAX_LIST_LENGTH) return { selectors: [NOT_UNDERSTOOD], form: 'may-be-known' };
  const parts = splitAtCommas(text, work);
  if (parts.length > MAX_SELECTORS) return { selectors: [NOT_UNDERSTOOD], form: 'may-be-known' };
  const parsed = parts.map((part) => parseSelector(part, work));
  return { selectors: parsed.map(({ selector }) => selector), form: formOfList(parsed) };
}

interface ParsedSelector {
  readonly selector: Selector;
  readonly form: ListForm;
}

function formOfList(parsed: readonly ParsedSelector[]): ListForm {
  if (parsed.some(({ form }) => form === 'unknown')) return 'unknown';
  return parsed.every(({ form }) => form === 'known') ? 'known' : 'may-be-known';
}

/** One selector of a list, and how deep its brackets are nested. */
interface Part {
  readonly text: string;
  readonly bracketDepth: number;
}

const ESCAPE_STRING_OR_MARK = /\\[\s\S]|"(?:[^"\\\n]+|\\[\s\S])*"?|'(?:[^'\\\n]+|\\[\s\S])*'?|[()[\],]/g;

/** Splits a list at its commas, except for those in brackets, in strings and after `\`. The time is linear. */
function splitAtCommas(list: string, work: Work): Part[] {
  const parts: Part[] = [];
  let from = 0;
  let depth = 0;
  let bracketDepth = 0;
  for (const { 0: mark, index } of list.matchAll(ESCAPE_STRING_OR_MARK)) {
    work.spend(1);
    if (mark === '(' || mark === '[') {
      depth += 1;
      bracketDepth = Math.max(bracketDepth, depth);
    } else if (mark === ')' || mark === ']') {
      depth = Math.max(0, depth - 1);
    } else if (mark === ',' && depth === 0) {
      parts.push({ text: list.slice(from, index), bracketDepth });
      from = index + 1;
      bracketDepth = 0;
    }
  }
  return [...parts, { text: list.slice(from), bracketDepth }];
}

/** How crengine requires a selector to start. It has no escapes, but may learn them. */
const START = /^[ \t\r\n]*[A-Za-z_*.:#[\\-]/;
/**
 * ASCII without brackets, strings and escapes. Of such texts css-what parses all that crengine parses, and some more.
 */
const SIMPLE_TEXT = /^[^()[\]"'\\\u0080-\uFFFF]*$/;
/** A character that crengine takes nowhere in a simple text. */
const FOREIGN_CHARACTER = /[^\w \t\r\n.#:*>+~|-]/;

const NOT_PARSED: ParsedSelector = { selector: NOT_UNDERSTOOD, form: 'may-be-known' };
const UNKNOWN: ParsedSelector = { selector: NOT_UNDERSTOOD, form: 'unknown' };

function parseSelector({ text, bracketDepth }: Part, work: Work): ParsedSelector {
  work.spend(SELECTOR_STEPS);
  if (text.length > MAX_SELECTOR_LENGTH || bracketDepth > MAX_BRACKET_DEPTH) return NOT_PARSED;
  if (!START.test(text)) return UNKNOWN;
  const isSimple = SIMPLE_TEXT.test(text);
  if (isSimple && FOREIGN_CHARACTER.test(text)) return UNKNOWN;
  try {
    const [tokens, ...others] = parse(text);
    work.spend(TOKEN_STEPS * (tokens?.length ?? 0));
    return tokens === undefined || others.length > 0 ? NOT_PARSED : parsedSelectorOf(tokens, text);
  } catch {
    // css-what has no error class of its own.
    return isSimple ? UNKNOWN : NOT_PARSED;
  }
}

const RELATIONS: ReadonlyMap<SelectorType, Relation> = new Map<SelectorType, Relation>([
  [SelectorType.Child, 'parent'],
  [SelectorType.Descendant, 'ancestor'],
  [SelectorType.Adjacent, 'previous'],
  [SelectorType.Sibling, 'earlier'],
]);

function parsedSelectorOf(tokens: readonly Token[], text: string): ParsedSelector {
  const selector = selectorOf(tokens);
  // crengine has no escapes, and css-what has decoded them.
  const isKnown = !text.includes('\\') && selector.isUnderstood && isKnownSelector(selector);
  return { selector, form: isKnown ? 'known' : hasUnknownPart(tokens) ? 'unknown' : 'may-be-known' };
}

function selectorOf(tokens: readonly Token[]): Selector {
  const relations: (Relation | undefined)[] = [];
  let compound: Token[] = [];
  const parts = [compound];
  for (const token of tokens) {
    if (isTraversal(token)) {
      relations.push(RELATIONS.get(token.type));
      compound = [];
      parts.push(compound);
    } else compound.push(token);
  }
  const last = compound.at(-1);
  const pseudoElement = last?.type === SelectorType.PseudoElement ? last.name : undefined;
  if (pseudoElement !== undefined) compound.pop();
  const compounds = parts.map((part) => compoundOf(part, pseudoElement !== undefined && part === compound));
  const context = compounds.slice(0, -1).flatMap((before, index) => {
    const relation = relations[index];
    return relation === undefined ? [] : [{ compound: before, relation }];
  });
  return {
    subject: compounds.at(-1) ?? ANYTHING,
    context: context.toReversed(),
    pseudoElement,
    dependsOnLater: compounds.some(compoundDependsOnLater),
    isUnderstood: context.length === relations.length,
    specificity: weightOf(tokens),
  };
}

function compoundDependsOnLater({ positions, isEmpty, lists }: Compound): boolean {
  if (isEmpty || positions.some(({ isFromEnd }) => isFromEnd)) return true;
  return lists.some(({ selectors }) => selectors.some(({ dependsOnLater }) => dependsOnLater));
}

/** The pseudo-classes that crengine knows. It ignores the whole rule for any other, such as `:hover`. */
const PSEUDO_CLASSES: ReadonlySet<string> = new Set(
  (
    'root dir first-child first-of-type nth-child nth-of-type last-child last-of-type nth-last-child ' +
    'nth-last-of-type only-child only-of-type empty is where not'
  ).split(' '),
);
const PSEUDO_ELEMENTS: ReadonlySet<string> = new Set(['before', 'after', 'first-letter', 'first-line']);

function hasUnknownPart(tokens: readonly Token[]): boolean {
  return tokens.some((token) => {
    if (token.type === SelectorType.PseudoElement) return !PSEUDO_ELEMENTS.has(token.name);
    return token.type === SelectorType.Pseudo && !PSEUDO_CLASSES.has(token.name);
  });
}

function isKnownSelector({ subject, context, pseudoElement }: Selector): boolean {
  if (pseudoElement !== undefined && !PSEUDO_ELEMENTS.has(pseudoElement)) return false;
  return [subject, ...context.map(({ compound }) => compound)].every(isKnownCompound);
}

/** A digit at the start makes it unknown to crengine. */
const STARTS_WITH_DIGIT = /^\d/;

function isKnownCompound({ name, id, classes, lists, isPartial }: Compound): boolean {
  if (isPartial || [name ?? '', id ?? '', ...classes].some((part) => STARTS_WITH_DIGIT.test(part)))
    return false;
  return lists.every(({ selectors }) => selectors.every(isKnownSelector));
}

/**
 * crengine's weights (RULES.md R29), of which 32 names outweigh a class. `:is()` and `:not()` weigh as much as the
 * heaviest selector in them. crengine leaves out those that it does not know, which makes this an upper bound.
 */
const NAME_WEIGHT = 1;
const CLASS_WEIGHT = 32;
const ID_WEIGHT = 1024;

function weightOf(tokens: readonly Token[]): number {
  return tokens.reduce((sum, token) => sum + weightOfToken(token), 0);
}

function weightOfToken(token: Token): number {
  if (isTraversal(token) || token.type === SelectorType.Universal) return 0;
  if (token.type === SelectorType.Tag || token.type === SelectorType.PseudoElement) return NAME_WEIGHT;
  if (token.type === SelectorType.Attribute) {
    // `#id`. `[id=…]` weighs as much as any other attribute.
    return token.ignoreCase === 'quirks' && token.name === 'id' ? ID_WEIGHT : CLASS_WEIGHT;
  }
  if (token.name === 'where') return 0;
  return Array.isArray(token.data) ? Math.max(0, ...token.data.map(weightOf)) : CLASS_WEIGHT;
}

/**
 * Identifiers of ASCII letters, digits, `_` and `-`. crengine takes other letters in ids and classes only since July
 * 2023 (ec545b5b).
 */
const PLAIN_IDENTIFIER = /^[\w-]+$/;

/** @param mayBeEmpty true for the subject of `::before`, which says nothing of the element. */
function compoundOf(tokens: readonly Token[], mayBeEmpty: boolean): Compound {
  let name: string | undefined;
  let id: string | undefined;
  const classes = new Set<string>();
  const attributes: AttributeTest[] = [];
  const lists: InnerList[] = [];
  const positions: PositionTest[] = [];
  let isEmpty = false;
  let isPartial = tokens.length === 0 && !mayBeEmpty;
  for (const [index, token] of tokens.entries()) {
    if (token.type === SelectorType.Tag && index === 0) {
      name = token.name.toLowerCase();
      isPartial ||= token.namespace !== null || !PLAIN_IDENTIFIER.test(name);
    } else if (token.type === SelectorType.Attribute && token.ignoreCase === 'quirks') {
      // Written as `#id` or `.class`, not in brackets.
      isPartial ||= !PLAIN_IDENTIFIER.test(token.value);
      if (token.name === 'class') classes.add(token.value);
      else if (id === undefined) id = token.value;
      else isPartial = true;
    } else if (token.type === SelectorType.Attribute) {
      const { value } = token;
      const action: AttributeAction = token.action;
      const attributeName = token.name.toLowerCase();
      attributes.push({ name: attributeName, action, value, ignoresCase: token.ignoreCase === true });
      isPartial ||= !PLAIN_IDENTIFIER.test(attributeName) || value.length > MAX_ATTRIBUTE_VALUE;
      isPartial ||= action === 'not';
    } else if (token.type === SelectorType.Pseudo && isListOfSelectors(token.data)) {
      lists.push({ isNegated: token.name === 'not', selectors: token.data.map(selectorOf) });
      isPartial ||= !NAMES_OF_LISTS.has(token.name);
    } else if (token.type === SelectorType.Pseudo && token.name === 'empty') {
      isEmpty = true;
    } else if (token.type === SelectorType.Pseudo) {
      const tests = positionsOf(token.name, token.data);
      positions.push(...tests);
      isPartial ||= tests.length === 0;
    } else if (token.type !== SelectorType.Universal || index > 0 || token.namespace !== null) {
      isPartial = true;
    }
  }
  return { name, id, classes: [...classes], attributes, positions, isEmpty, lists, isPartial };
}

/** crengine reads no more of a value. */
const MAX_ATTRIBUTE_VALUE = 512;
const NAMES_OF_LISTS: ReadonlySet<string> = new Set(['not', 'is', 'where']);

function isListOfSelectors(data: unknown): data is Token[][] {
  return Array.isArray(data);
}

const POSITION = /^(?<which>first|last|only|nth|nth-last)-(?<among>child|of-type)$/;

/** The positions that `:first-child`, `:only-child`, `:nth-child(3)` or `:nth-last-of-type(3)` name. */
function positionsOf(name: string, data: unknown): PositionTest[] {
  const { which = '', among } = POSITION.exec(name)?.groups ?? {};
  const isOfType = among === 'of-type';
  const first = { n: 1, isFromEnd: false, isOfType };
  const last = { n: 1, isFromEnd: true, isOfType };
  if (which === 'first') return [first];
  if (which === 'last') return [last];
  if (which === 'only') return [first, last];
  if (which === '' || typeof data !== 'string' || !/^\d{1,9}$/.test(data)) return [];
  return [{ n: Number(data), isFromEnd: which === 'nth-last', isOfType }];
}
