import { type CST, Parser } from 'yaml';

/** Settings lie four levels deep at most; the rest is room for mistakes that deserve a better message. */
const MAX_DEPTH = 32;

/**
 * Where a text first nests more deeply than any configuration does; `undefined` when it does not. Asked before the
 * text is parsed in earnest: the parser recurses, and some 10,000 brackets end the process where its stack ends
 * (yaml 2.9 catches the overflow, but V8 aborts when it happens inside a regular expression).
 *
 * @param onNewLine receives the offset of each line that begins
 */
export function tooDeepOffset(text: string, onNewLine: (offset: number) => void): number | undefined {
  // This part of the parser keeps a stack of its own.
  let level: readonly CST.Token[] = [...new Parser(onNewLine).parse(text)];
  for (let depth = 0; level.length > 0; depth++) {
    // Depth 0 is that of the documents.
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
