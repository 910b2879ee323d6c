import type { Work } from '../work.js';

/** The values that one rule declares, of the properties that decide which texts crengine keeps (RULES.md R29). */
export interface StyleDeclarations {
  readonly display: Declaration | undefined;
  readonly whiteSpace: Declaration | undefined;
  readonly float: Declaration | undefined;
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
]);

/** What `initial` means, and what `unset` means for a property that is not inherited. */
const INITIAL: Readonly<Record<Property, string>> = {
  display: 'inline',
  whiteSpace: 'normal',
  float: 'none',
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
};

/** Each declaration is cut out and split. */
const DECLARATION_STEPS = 4;
const NAME_AND_VALUE = /^\s*([a-z-]+)\s*:\s*([a-z-]+)(?![0-9_])\s*(!\s*important)?/i;

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
  };
  for (const statement of statementsOf(text)) {
    work.spend(DECLARATION_STEPS);
    const [, name = '', word = '', important] = NAME_AND_VALUE.exec(statement) ?? [];
    const property = PROPERTIES.get(name.toLowerCase());
    if (property === undefined) continue;
    const value = valueOf(property, word.toLowerCase());
    const isImportant = important !== undefined;
    // The last declaration of a property applies, unless one before it is `!important` and the last is not.
    if (value !== undefined && (found[property]?.isImportant !== true || isImportant)) {
      found[property] = { value, isImportant };
    }
  }
  return Object.values(found).some((declaration) => declaration !== undefined) ? found : undefined;
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
