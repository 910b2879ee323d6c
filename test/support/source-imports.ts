import { type SourceToken, sourceTokens } from './source-tokens.js';

export interface SourceImport {
  /** As it is written; `undefined` for one that is only known when the program runs. */
  readonly specifier: string | undefined;
  /**
   * Whether nothing of it is left in the program: `import type`, `export type … from`. (With
   * verbatimModuleSyntax `import { type A }` still loads the module, so that one is not.)
   */
  readonly isTypeOnly: boolean;
  readonly line: number;
}

/**
 * Whatever makes one TypeScript file load another: import, export … from, import(), require(), import.meta.resolve(),
 * and `new URL('./a.js', import.meta.url)`, which is how a worker thread is given its file.
 */
export function sourceImports(source: string): readonly SourceImport[] {
  const tokens = sourceTokens(source);
  return tokens.flatMap((token, index) => {
    if (token.kind !== 'word' || textAt(tokens, index - 1) === '.') return [];
    switch (token.text) {
      case 'import':
        return importAt(tokens, index);
      case 'export':
        return exportAt(tokens, index);
      case 'require':
        return textAt(tokens, index + 1) === '.' && textAt(tokens, index + 2) === 'resolve'
          ? callAt(tokens, index + 3)
          : callAt(tokens, index + 1);
      case 'URL':
        return textAt(tokens, index - 1) === 'new' ? urlAt(tokens, index + 1) : [];
      default:
        return [];
    }
  });
}

/** Other files than programs (`./a.wasm`, `package.json`) are data, and no import. */
function urlAt(tokens: readonly SourceToken[], index: number): readonly SourceImport[] {
  const file = tokens[index + 1];
  const base = Array.from({ length: 6 }, (_, at) => textAt(tokens, index + 2 + at)).join('');
  if (base !== ',import.meta.url' || file?.kind !== 'string' || !file.text.endsWith('.js')) return [];
  // Against a URL, `a.js` is the same as `./a.js`.
  const specifier = file.text.startsWith('.') ? file.text : `./${file.text}`;
  return [{ ...found(file, false), specifier }];
}

function importAt(tokens: readonly SourceToken[], index: number): readonly SourceImport[] {
  const next = tokens[index + 1];
  if (next?.kind === 'string') return [found(next, false)];
  if (next?.text === '.') return textAt(tokens, index + 4) === 'resolve' ? callAt(tokens, index + 5) : [];
  if (next?.text === '(') return callAt(tokens, index + 1);
  // The name of a property or a method.
  if (next === undefined || !isClauseStart(next)) return [];
  return clauseAt(tokens, index + 1, isTypeModifier(tokens, index + 1));
}

function exportAt(tokens: readonly SourceToken[], index: number): readonly SourceImport[] {
  const isTypeOnly = textAt(tokens, index + 1) === 'type';
  const start = textAt(tokens, index + (isTypeOnly ? 2 : 1));
  if (start !== '*' && start !== '{') return [];
  return clauseAt(tokens, index + 1, isTypeOnly);
}

/** From the clause to `from 'module'`, or to `= require('module')`, which is found as a call. */
function clauseAt(
  tokens: readonly SourceToken[],
  start: number,
  isTypeOnly: boolean,
): readonly SourceImport[] {
  for (let index = start; index < tokens.length; index++) {
    const token = tokens[index];
    if (token?.kind === 'string' && textAt(tokens, index - 1) === 'from') return [found(token, isTypeOnly)];
    // `export { a };` and `import a = require('b')` end without a `from`; names in quotes may stand in braces.
    const isInClause =
      token?.kind === 'word' || token?.kind === 'string' || /^[{},*]$/.test(token?.text ?? '');
    if (!isInClause || (token?.kind === 'word' && /^(?:import|export)$/.test(token.text))) return [];
  }
  return [];
}

function callAt(tokens: readonly SourceToken[], index: number): readonly SourceImport[] {
  const [open, argument, end] = tokens.slice(index, index + 3);
  if (open?.text !== '(' || argument === undefined) return [];
  const isLiteral = argument.kind === 'string' && (end?.text === ')' || end?.text === ',');
  return [isLiteral ? found(argument, false) : { specifier: undefined, isTypeOnly: false, line: open.line }];
}

function isClauseStart(token: SourceToken): boolean {
  return token.kind === 'word' || token.text === '{' || token.text === '*';
}

/** In `import type from './a.js'` the word is a name, in `import type from from './a.js'` it is not. */
function isTypeModifier(tokens: readonly SourceToken[], index: number): boolean {
  if (textAt(tokens, index) !== 'type') return false;
  const next = textAt(tokens, index + 1);
  return next !== ',' && (next !== 'from' || textAt(tokens, index + 2) === 'from');
}

function found(token: SourceToken, isTypeOnly: boolean): SourceImport {
  return { specifier: token.text, isTypeOnly, line: token.line };
}

/** The text of a token that is not a string. */
function textAt(tokens: readonly SourceToken[], index: number): string | undefined {
  const token = tokens[index];
  return token === undefined || token.kind === 'string' ? undefined : token.text;
}
