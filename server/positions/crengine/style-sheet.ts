import { Work } from '../work.js';
import { parseSelectors, type Selector } from '../source/selector.js';
import { parseDeclarations, type StyleDeclarations } from './style-declarations.js';

export interface StyleRule {
  readonly selector: Selector;
  readonly declarations: StyleDeclarations;
  /** The rule may or may not apply: it is inside of `@media` and the like, or crengine may ignore it. */
  readonly isConditional: boolean;
}

export interface StyleSheet {
  readonly rules: readonly StyleRule[];
  /** The URLs of `@import`. */
  readonly imports: readonly string[];
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

const IMPORT = /^@import\s+(?:url\(\s*)?["']?([^"')\s;]+)/i;
const CONDITIONAL = /^@(?:media|supports|layer|document|container)\b/i;

/**
 * Marks of XML at the start of a rule, which hide a style sheet in a chapter from old browsers or from XML parsers. At
 * most a hundred: a pattern needs memory for each repetition.
 */
const MARKS = /^(?:\s*(?:<!\[CDATA\[|\]\]>|<!--|-->)){1,100}/;

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
  const imports: string[] = [];
  let conditionalDepth = 0;
  const text = css.replaceAll(/\/\*[\s\S]*?(?:\*\/|$)/g, ' ');
  for (const { content, end } of statements(text)) {
    work.spend(STATEMENT_STEPS);
    const marks = MARKS.exec(content)?.[0] ?? '';
    const prelude = content.slice(marks.length).trim();
    if (end === '}') {
      conditionalDepth = Math.max(0, conditionalDepth - 1);
      continue;
    }
    if (end === ';') {
      const reference = IMPORT.exec(prelude)?.[1];
      if (reference !== undefined && imports.length < MAX_IMPORTS) imports.push(reference);
      continue;
    }
    if (end === '{') {
      // The block of a group of rules stays open: its rules are the next statements.
      conditionalDepth += 1;
      continue;
    }
    // crengine ignores a rule with a mark (RULES.md R29). Before December 2025 (e4ce6d8c) it did not in a `style`
    // element, because its XML parser removed all marks there, but with `<!--` the whole comment.
    if (prelude.startsWith('@') || marks.includes('<!--')) continue;
    const declarations = parseDeclarations(end.declarations, work);
    if (declarations === undefined) continue;
    const list = parseSelectors(prelude, work);
    if (list.form === 'unknown') continue;
    const isConditional = conditionalDepth > 0 || list.form === 'may-be-known' || marks !== '';
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
      if (CONDITIONAL.test(content.replace(MARKS, '').trim())) {
        yield { content, end: '{' };
        at += 1;
      } else {
        const end = endOfBlock(text, at + 1);
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
