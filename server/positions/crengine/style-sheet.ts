import { Work } from '../work.js';
import { parseSelectors, type Selector } from '../source/selector.js';
import { groupApplies, mediaApplies, type Applies } from './css-conditions.js';
import { parseDeclarations, type StyleDeclarations } from './style-declarations.js';

export interface StyleRule {
  readonly selector: Selector;
  readonly declarations: StyleDeclarations;
  /** The rule may or may not apply: it depends on the screen, or crengine may ignore it. */
  readonly isConditional: boolean;
}

export interface StyleImport {
  readonly url: string;
  /** It depends on the screen whether the sheet is imported. */
  readonly isConditional: boolean;
}

export interface StyleSheet {
  readonly rules: readonly StyleRule[];
  readonly imports: readonly StyleImport[];
  /** The sheet has more rules than `MAX_RULES`; the others were not read. */
  readonly isCut: boolean;
}

/** Converters write some hundred rules, one for each look of a paragraph. Each rule is tried on elements. */
const MAX_RULES = 2000;
const MAX_IMPORTS = 20;
/** Over the whole text: without comments, into statements (character by character, which takes longest), and the patterns. */
const PASSES = 8;
/** The steps of a statement, which is copied and searched for its kind. */
const STATEMENT_STEPS = 4;

const IMPORT = /^@import\s*(?:url\(\s*)?["']?([^"')\s;]+)["']?\s*\)?(.*)$/s;
/** The groups of rules whose condition is looked at. */
const CONDITIONAL = /^@(?:media|supports)\b/i;

/**
 * Reads what a style sheet says about `display`, `white-space` and `float`, and skips everything else. Takes any text
 * and never fails. The time is linear in the length of the text.
 *
 * css-tree is not used for this: for each broken declaration its parser (3.2.1) copies the whole style sheet into an
 * error, so that 250 KB of `a{;1;1;1…` take 14 seconds, which are 5 milliseconds here.
 */
export function parseStyleSheet(css: string, work = new Work()): StyleSheet {
  work.scan(css.length * PASSES);
  const rules: StyleRule[] = [];
  const imports: StyleImport[] = [];
  /** Whether the rules in each of the open groups apply, and how many of the groups have each answer. */
  const groups: Applies[] = [];
  const open: Record<Applies, number> = { yes: 0, no: 0, unknown: 0 };
  let mayImport = true;
  const text = css.replaceAll(/\/\*[\s\S]*?(?:\*\/|$)/g, ' ');
  for (const { content, end } of statements(text)) {
    work.spend(STATEMENT_STEPS);
    const prelude = content.trim();
    if (end === ';' && mayImport) {
      const [, url, condition = ''] = IMPORT.exec(prelude) ?? [];
      const applies = mediaApplies(condition);
      if (url !== undefined && applies !== 'no' && imports.length < MAX_IMPORTS) {
        imports.push({ url, isConditional: applies === 'unknown' });
      }
    }
    // Only `@charset` and other imports may stand before an import.
    mayImport &&= /^@(?:charset|import)\b/i.test(prelude);
    if (end === '}') {
      const closed = groups.pop();
      if (closed !== undefined) open[closed] -= 1;
    } else if (end === '{') {
      // The block of a group of rules stays open: its rules are the next statements.
      const applies = groupApplies(prelude);
      groups.push(applies);
      open[applies] += 1;
    }
    if (typeof end === 'string' || open.no > 0 || prelude.startsWith('@')) continue;
    const declarations = parseDeclarations(end.declarations, work);
    if (declarations === undefined) continue;
    const list = parseSelectors(prelude, work);
    if (list.form === 'unknown') continue;
    const isConditional = open.unknown > 0 || list.form === 'may-be-known';
    for (const selector of list.selectors) {
      if (rules.length === MAX_RULES) return { rules, imports, isCut: true };
      rules.push({ selector, declarations, isConditional });
    }
  }
  return { rules, imports, isCut: false };
}

/**
 * How a statement ends: with a whole block of declarations, with the start of a group of rules, with its end, or
 * with `;`.
 */
type StatementEnd = '{' | '}' | ';' | { readonly declarations: string };

/**
 * Splits a style sheet into statements, in one pass over the text. Punctuation in strings and after `\` does not count.
 * A `;` ends only a statement that starts with `@`. Before a rule it is part of its selectors, and makes them unknown.
 */
function* statements(text: string): Generator<{ readonly content: string; readonly end: StatementEnd }> {
  let from = 0;
  let at = 0;
  /** The first character of the statement that is not white space. */
  let first = '';
  while (at < text.length) {
    const character = text[at] ?? '';
    if (first === '') first = character.trim();
    if (character === '\\') {
      at += 2;
    } else if (character === '"' || character === "'") {
      at = endOfString(text, at);
    } else if ((character === ';' && first === '@') || character === '}') {
      yield { content: text.slice(from, at), end: character };
      at += 1;
      from = at;
      first = '';
    } else if (character === '{') {
      const content = text.slice(from, at);
      if (CONDITIONAL.test(content.trimStart())) {
        yield { content, end: '{' };
        at += 1;
      } else {
        const end = CAN_START.test(first) ? endOfBlock(text, at + 1) : endOfSkipped(text, at + 1);
        // crengine ignores a block that is not closed.
        if (end < text.length) yield { content, end: { declarations: text.slice(at + 1, end) } };
        at = end + 1;
      }
      from = at;
      first = '';
    } else {
      at += 1;
    }
  }
}

/** The first characters of selectors and of `@` rules. */
const CAN_START = /[A-Za-z_*.:#[\\@-]/;

/**
 * Where crengine goes on after a rule that it does not know from the first character on, such as one after a mark of XML
 * (`<!--`, `<![CDATA[`): at the next `}`, even if the rule is a group.
 */
function endOfSkipped(text: string, from: number): number {
  const end = text.indexOf('}', from);
  return end < 0 ? text.length : end;
}

/** Offset of the `}` that ends a block, or of the end of the text. Nested blocks are part of the block. */
function endOfBlock(text: string, from: number): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const character = text[at];
    if (character === '"' || character === "'") {
      at = endOfString(text, at);
      continue;
    }
    if (character === '{') depth += 1;
    if (character === '}') {
      if (depth === 0) return at;
      depth -= 1;
    }
    at += character === '\\' ? 2 : 1;
  }
  return text.length;
}

/** The offset after a string. A string without its second quote ends with the line. */
function endOfString(text: string, from: number): number {
  const quote = text[from];
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === quote || text[at] === '\n') return at + 1;
    if (text[at] === '\\') at += 1;
  }
  return text.length;
}
