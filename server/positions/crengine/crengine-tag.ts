/** The rest of a start tag after its name, as crengine reads it (RULES.md R17). */
export interface TagEnd {
  /** Source offset after the tag, or of the `<` at which crengine goes on. */
  readonly end: number;
  /** `closed`: `<x/>` or `<?x?>`, an element without content. `broken`: something in the tag is no attribute. */
  readonly kind: 'open' | 'closed' | 'broken';
}

/** A name with its prefix, before a character that may follow one (RULES.md R16). The second group is the local name. */
const NAME = /([A-Za-z][A-Za-z0-9\-_.]*)(?::([A-Za-z0-9\-_.]+))?(?=[ />?=\r\n]|$)/y;
const SPACES = /[ \t\r\n]*/y;
const BARE_VALUE = /[^ \t\r\n>]*/y;
const DOUBLE_QUOTED = /[^">]*/y;
const SINGLE_QUOTED = /[^'>]*/y;

export interface Name {
  /** Without its prefix. */
  readonly local: string;
  /** Source offset after the name. */
  readonly end: number;
}

/** The name of an element or an attribute. Undefined if crengine takes it for none (RULES.md R16). */
export function nameAt(source: string, at: number): Name | undefined {
  NAME.lastIndex = at;
  const match = NAME.exec(source);
  if (match === null) return undefined;
  const [whole, first = '', local = first] = match;
  return { local, end: at + whole.length };
}

/** The offset after white space. */
export function skipSpaces(source: string, at: number): number {
  return skip(SPACES, source, at);
}

/**
 * Finds the end of a start tag. It is not the end that XML has: a `>` ends the tag even in a quoted value, and
 * something that is no attribute makes crengine skip to the next `<` (RULES.md R17).
 */
export function endOfTag(source: string, afterName: number): TagEnd {
  let at = skipSpaces(source, afterName);
  while (at < source.length) {
    const character = source[at];
    if (character === '>') return { end: at + 1, kind: 'open' };
    if ((character === '/' || character === '?') && source[at + 1] === '>')
      return { end: at + 2, kind: 'closed' };
    const name = nameAt(source, at);
    if (name === undefined) {
      const next = source.indexOf('<', at);
      return { end: next < 0 ? source.length : next, kind: 'broken' };
    }
    at = skipSpaces(source, name.end);
    if (source[at] === '=') at = skipValue(source, skipSpaces(source, at + 1));
    at = skipSpaces(source, at);
  }
  return { end: source.length, kind: 'open' };
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
