import type { CST } from 'yaml';
import { yaml } from './yaml-package.js';

/** Settings are at most four levels deep. Up to this depth a mistake gets a message of its own. */
const MAX_DEPTH = 32;

/**
 * The first offset that is nested more deeply than MAX_DEPTH; `undefined` if there is none. This is checked before the
 * text is parsed, because the parser recurses: some 10,000 brackets overflow the stack and end the process (yaml 2.9
 * catches the overflow, but V8 aborts when it happens inside a regular expression).
 *
 * @param onNewLine receives the offset of the start of each line
 */
export function tooDeepOffset(text: string, onNewLine: (offset: number) => void): number | undefined {
  // This part of the parser does not recurse.
  let level: readonly CST.Token[] = [...new (yaml().Parser)(onNewLine).parse(text)];
  for (let depth = 0; level.length > 0; depth++) {
    // Documents have depth 0.
    if (depth > MAX_DEPTH) return Math.min(...level.map(({ offset }) => offset));
    level = level.flatMap(innerTokens);
  }
  return undefined;
}

function innerTokens(token: CST.Token): readonly CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value];
  if (!('items' in token)) return [];
  return token.items.flatMap(({ key, value }) => [key ?? [], value ?? []].flat());
}
