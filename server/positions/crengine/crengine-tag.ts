/** The rest of a start tag after its name, as crengine reads it (RULES.md R17). */
export interface TagEnd {
  /** Source offset after the tag. */
  readonly end: number;
  /** `<x/>` or `<?x?>`: the element has no content. */
  readonly isClosed: boolean;
  /** False if the tag holds something that is no attribute, or never ends: what follows is a guess. */
  readonly isCertain: boolean;
}

const NAME_AND_STOP = /[A-Za-z][A-Za-z0-9\-_.:]*(?=[ />?=\r\n]|$)/y;
const SPACES = /[ \t\r\n]*/y;
const BARE_VALUE = /[^ \t\r\n>]*/y;
const DOUBLE_QUOTED = /[^">]*/y;
const SINGLE_QUOTED = /[^'>]*/y;

/**
 * Finds the end of a start tag. It is not the end that XML has: a `>` ends the tag even in a quoted value, and
 * something that is no attribute makes crengine skip to the next `<` (RULES.md R17).
 */
export function endOfTag(source: string, afterName: number): TagEnd {
  let at = skip(SPACES, source, afterName);
  while (at < source.length) {
    const character = source[at];
    if (character === '>') return { end: at + 1, isClosed: false, isCertain: true };
    if ((character === '/' || character === '?') && source[at + 1] === '>') {
      return { end: at + 2, isClosed: true, isCertain: true };
    }
    const afterAttributeName = skip(NAME_AND_STOP, source, at);
    if (afterAttributeName === at) {
      const nextTag = source.indexOf('<', at);
      return { end: nextTag < 0 ? source.length : nextTag, isClosed: false, isCertain: false };
    }
    at = skip(SPACES, source, afterAttributeName);
    if (source[at] === '=') at = skipValue(source, skip(SPACES, source, at + 1));
    at = skip(SPACES, source, at);
  }
  return { end: source.length, isClosed: false, isCertain: false };
}

/** The offset after the value of an attribute: after its closing quote, or at a `>` before it. */
function skipValue(source: string, at: number): number {
  const quote = source[at];
  if (quote !== '"' && quote !== "'") return skip(BARE_VALUE, source, at);
  const end = skip(quote === '"' ? DOUBLE_QUOTED : SINGLE_QUOTED, source, at + 1);
  return source[end] === quote ? end + 1 : end;
}

function skip(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(source) ? pattern.lastIndex : at;
}
