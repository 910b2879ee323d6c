import type { Work } from '../work.js';

/** The values that one rule declares, of the properties that decide which texts crengine keeps (RULES.md R29). */
export interface StyleDeclarations {
  readonly display: Declaration | undefined;
  readonly whiteSpace: Declaration | undefined;
  readonly float: Declaration | undefined;
  /** Of `::before` and `::after`: `none`, or `some` for anything else. */
  readonly content: Declaration | undefined;
}

interface Declaration {
  /** In lower case, and one that crengine knows. */
  readonly value: string;
  readonly isImportant: boolean;
}

type Property = keyof StyleDeclarations;

const PROPERTIES: ReadonlyMap<string, Property> = new Map<string, Property>([
  ['display', 'display'],
  ['white-space', 'whiteSpace'],
  ['float', 'float'],
  ['content', 'content'],
]);

/** What `initial` means, and what `unset` means for a property that is not inherited. */
const INITIAL: Readonly<Record<Property, string>> = {
  display: 'inline',
  whiteSpace: 'normal',
  float: 'none',
  content: 'none',
};

const VALUES: Readonly<Record<Property, ReadonlySet<string>>> = {
  display: new Set(
    (
      'none inline block list-item inline-block inline-table table table-row-group table-header-group ' +
      'table-footer-group table-row table-column-group table-column table-cell table-caption ruby run-in'
    ).split(' '),
  ),
  whiteSpace: new Set('normal nowrap pre pre-wrap pre-line break-spaces'.split(' ')),
  float: new Set('none left right inline-start inline-end'.split(' ')),
  content: new Set(['none', 'some']),
};

/** Each declaration is cut out and split. */
const DECLARATION_STEPS = 4;
const NAME = /^\s*([a-z-]+)\s*:\s*/i;
const WORD = /^([a-z-]+)(?![0-9_])\s*(!\s*important)?/i;
/** A `content` of some strings and words. `none` and `normal` count wherever they stand. */
const CONTENT_PART = /"(?:[^"\\]+|\\[\s\S])*"?|'(?:[^'\\]+|\\[\s\S])*'?|\([^)]*\)?|[a-z-]+|!\s*important/gi;
const NO_CONTENT: ReadonlySet<string> = new Set(['none', 'normal', 'inherit', 'initial', 'unset']);

/**
 * The declarations that matter in a block or in a `style` attribute. Undefined if there are none. crengine reads one word
 * of a value and ignores a declaration whose word it does not know, also where a valid one stands before it.
 */
export function parseDeclarations(text: string, work: Work): StyleDeclarations | undefined {
  work.scan(text.length);
  const found: { -readonly [Name in Property]: Declaration | undefined } = {
    display: undefined,
    whiteSpace: undefined,
    float: undefined,
    content: undefined,
  };
  for (const statement of statementsOf(text)) {
    work.spend(DECLARATION_STEPS);
    const [start = '', name = ''] = NAME.exec(statement) ?? [];
    const property = PROPERTIES.get(name.toLowerCase());
    if (property === undefined) continue;
    const text = statement.slice(start.length);
    const { value, isImportant } = property === 'content' ? contentOf(text) : wordOf(property, text);
    // The last declaration of a property applies, unless one before it is `!important` and the last is not.
    if (value !== undefined && (found[property]?.isImportant !== true || isImportant)) {
      found[property] = { value, isImportant };
    }
  }
  return Object.values(found).some((declaration) => declaration !== undefined) ? found : undefined;
}

interface Value {
  /** Undefined if crengine does not know it. */
  readonly value: string | undefined;
  readonly isImportant: boolean;
}

function wordOf(property: Property, text: string): Value {
  const [, word = '', important] = WORD.exec(text) ?? [];
  return { value: valueOf(property, word.toLowerCase()), isImportant: important !== undefined };
}

function contentOf(text: string): Value {
  const parts = text.match(CONTENT_PART)?.map((part) => part.toLowerCase()) ?? [];
  const isImportant = parts.at(-1)?.startsWith('!') === true;
  const isEmpty = text.trim() === '' || parts.some((part) => NO_CONTENT.has(part));
  return { value: isEmpty ? 'none' : 'some', isImportant };
}

/** Whether crengine knows the value of the property. Undefined for the properties that do not matter. */
export function isSupported(name: string, value: string): boolean | undefined {
  const property = PROPERTIES.get(name);
  return property === undefined || property === 'content'
    ? undefined
    : valueOf(property, value) !== undefined;
}

function valueOf(property: Property, word: string): string | undefined {
  if (word === 'initial') return INITIAL[property];
  if (word === 'unset') return property === 'whiteSpace' ? 'inherit' : INITIAL[property];
  return word === 'inherit' || VALUES[property].has(word) ? word : undefined;
}

const STRING_BRACKETS_OR_END = /\\[\s\S]|"(?:[^"\\]+|\\[\s\S])*"?|'(?:[^'\\]+|\\[\s\S])*'?|\([^)]*\)?|;/g;

/** Splits a block at each `;` outside of strings and brackets. The time is linear. */
function* statementsOf(text: string): Generator<string> {
  let from = 0;
  for (const { 0: mark, index } of text.matchAll(STRING_BRACKETS_OR_END)) {
    if (mark !== ';') continue;
    yield text.slice(from, index);
    from = index + 1;
  }
  yield text.slice(from);
}
