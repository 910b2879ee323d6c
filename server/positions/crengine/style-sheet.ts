import { parseSelectors, type Selector } from '../source/selector.js';

/** The values that one rule declares, of the properties that decide which texts crengine keeps (RULES.md R29). */
export interface StyleDeclarations {
  readonly display: string | undefined;
  readonly whiteSpace: string | undefined;
  readonly float: string | undefined;
}

export interface StyleRule {
  readonly selector: Selector;
  readonly declarations: StyleDeclarations;
  /** Any of the declarations is `!important`. */
  readonly isImportant: boolean;
  /** Inside of `@media` and the like: the rule may or may not apply. */
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

const IMPORT = /^@import\s+(?:url\(\s*)?["']?([^"')\s;]+)/i;
const CONDITIONAL = /^@(?:media|supports|layer|document|container)\b/i;

/**
 * Reads what a style sheet says about `display`, `white-space` and `float`, and skips everything else. Takes any text
 * and never fails. The time is linear in the length of the text.
 *
 * css-tree is not used for this: for each broken declaration its parser (3.2.1) copies the whole style sheet into an
 * error, so that 250 KB of `a{;1;1;1…` take 14 seconds, which are 5 milliseconds here.
 */
export function parseStyleSheet(css: string): StyleSheet {
  const rules: StyleRule[] = [];
  const imports: string[] = [];
  let conditionalDepth = 0;
  let prelude = '';
  const text = css.replaceAll(/\/\*[\s\S]*?(?:\*\/|$)|<!--|-->/g, ' ');
  for (const { content, end } of statements(text)) {
    prelude = content.trim();
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
    if (prelude.startsWith('@')) continue;
    const declarations = parseDeclarations(end.declarations);
    if (declarations === undefined) continue;
    for (const selector of parseSelectors(prelude)) {
      if (rules.length === MAX_RULES) return { rules, imports, isCut: true };
      const isImportant = /!\s*important/i.test(end.declarations);
      rules.push({
        selector,
        declarations,
        isImportant,
        isConditional: conditionalDepth > 0,
      });
    }
  }
  return { rules, imports, isCut: false };
}

/** The declarations that matter in a block or in a `style` attribute. Undefined if there are none. */
export function parseDeclarations(text: string): StyleDeclarations | undefined {
  const values = new Map<string, string>();
  for (const [, property, value] of text.matchAll(DECLARATION)) {
    if (property !== undefined && value !== undefined) {
      values.set(property.toLowerCase(), value.trim().toLowerCase());
    }
  }
  if (values.size === 0) return undefined;
  return {
    display: values.get('display'),
    whiteSpace: values.get('white-space'),
    float: values.get('float'),
  };
}

const DECLARATION = /(?:^|[;{\s])(display|white-space|float)\s*:\s*([a-z-]+(?:[ \t]+[a-z-]+)*)/gi;

/**
 * How a statement ends: with a whole block of declarations, with the start of a group of rules, with its end, or
 * with `;`.
 */
type StatementEnd = '{' | '}' | ';' | { readonly declarations: string };

/** Splits a style sheet into statements, in one pass over the text. Marks in strings and after `\` do not count. */
function* statements(text: string): Generator<{ readonly content: string; readonly end: StatementEnd }> {
  let from = 0;
  let at = 0;
  while (at < text.length) {
    const character = text[at];
    if (character === '\\') {
      at += 2;
    } else if (character === '"' || character === "'") {
      at = endOfString(text, at);
    } else if (character === ';' || character === '}') {
      yield { content: text.slice(from, at), end: character };
      at += 1;
      from = at;
    } else if (character === '{') {
      const content = text.slice(from, at);
      if (CONDITIONAL.test(content.trim())) {
        yield { content, end: '{' };
        at += 1;
      } else {
        const end = endOfBlock(text, at + 1);
        yield { content, end: { declarations: text.slice(at + 1, end) } };
        at = end + 1;
      }
      from = at;
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
