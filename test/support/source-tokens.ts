/** As much of TypeScript's lexical grammar as it takes to tell code from strings, comments and patterns. */
export type SourceToken =
  | { readonly kind: 'word'; readonly text: string; readonly line: number }
  /** A string or a template without parts; `text` is what is between the quotes. */
  | { readonly kind: 'string'; readonly text: string; readonly line: number }
  /** Anything else that is not space or comment: one character, or a number, pattern or template as a whole. */
  | { readonly kind: 'other'; readonly text: string; readonly line: number };

/** After these words a slash begins a pattern; after any other word, number, bracket or string it divides. */
const WORDS_BEFORE_PATTERN: ReadonlySet<string> = new Set(
  'return typeof case in of do else void delete throw new instanceof await yield extends'.split(' '),
);

const SPACE = /(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)+/y;
const COMMENT = /\/\/[^\n]*|\/\*[^]*?\*\//g;
const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$]*/uy;
const NUMBER = /\.?\d[\w.]*/y;
const STRING = /'(?:[^'\\\n]|\\[^])*'|"(?:[^"\\\n]|\\[^])*"/y;
const PATTERN = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\p{ID_Continue}*/uy;
/** Up to the end of the template or the beginning of a `${`. */
const TEMPLATE_PART = /(?:[^`\\$]|\\[^]|\$(?!\{))*/y;

export interface SourceComment {
  readonly text: string;
  /** Of its first line. */
  readonly line: number;
}

export function sourceTokens(source: string): readonly SourceToken[] {
  return new Tokeniser(source).tokens();
}

/** The code with spaces in place of its comments, and the comments. */
export function splitComments(source: string): {
  readonly code: string;
  readonly comments: readonly SourceComment[];
} {
  const comments = new Tokeniser(source).comments();
  const code = comments.reduce(
    (rest, { text, offset }) =>
      rest.slice(0, offset) + text.replace(/[^\n]/g, ' ') + rest.slice(offset + text.length),
    source,
  );
  return { code, comments };
}

class Tokeniser {
  readonly #source: string;
  readonly #tokens: SourceToken[] = [];
  readonly #comments: (SourceComment & { readonly offset: number })[] = [];
  #offset = 0;
  #line = 1;
  /** For each open brace whether it is that of a `${`, after which the template goes on. */
  readonly #braces: ('block' | 'template')[] = [];

  constructor(source: string) {
    // As many characters as before, so that offsets are those of the source.
    this.#source = source.replace(/^#!.*/, (line) => ' '.repeat(line.length));
  }

  tokens(): readonly SourceToken[] {
    for (;;) {
      this.#skipSpace();
      if (this.#offset >= this.#source.length) return this.#tokens;
      const line = this.#line;
      const word = this.#take(WORD);
      if (word !== undefined) this.#tokens.push({ kind: 'word', text: word, line });
      else this.#readOther(line);
    }
  }

  comments(): readonly (SourceComment & { readonly offset: number })[] {
    this.tokens();
    return this.#comments;
  }

  #skipSpace(): void {
    const line = this.#line;
    const offset = this.#offset;
    const space = this.#take(SPACE) ?? '';
    for (const { 0: text, index } of space.matchAll(COMMENT)) {
      const linesBefore = space.slice(0, index).split('\n').length - 1;
      this.#comments.push({ text, line: line + linesBefore, offset: offset + index });
    }
  }

  #readOther(line: number): void {
    const quoted = this.#take(STRING);
    if (quoted !== undefined) {
      this.#tokens.push({ kind: 'string', text: quoted.slice(1, -1), line });
      return;
    }
    const whole = this.#take(NUMBER) ?? (this.#mayBeginPattern() ? this.#take(PATTERN) : undefined);
    if (whole !== undefined) {
      this.#tokens.push({ kind: 'other', text: whole, line });
      return;
    }
    const character = this.#source[this.#offset] ?? '';
    this.#offset++;
    if (character === '`') this.#readTemplate(line);
    else if (character === '}' && this.#braces.pop() === 'template') this.#readTemplate(line);
    else {
      if (character === '{') this.#braces.push('block');
      this.#tokens.push({ kind: 'other', text: character, line });
    }
  }

  /** From behind the backtick, or from behind the brace that ends a `${…}`. */
  #readTemplate(line: number): void {
    const isWhole = this.#source[this.#offset - 1] === '`';
    const text = this.#take(TEMPLATE_PART) ?? '';
    const end = this.#source[this.#offset];
    if (end === '$') {
      this.#offset += 2;
      this.#braces.push('template');
      this.#tokens.push({ kind: 'other', text: '`', line });
    } else {
      this.#offset++;
      this.#tokens.push(isWhole ? { kind: 'string', text, line } : { kind: 'other', text: '`', line });
    }
  }

  #mayBeginPattern(): boolean {
    const before = this.#tokens.at(-1);
    if (before === undefined) return true;
    if (before.kind === 'word') return WORDS_BEFORE_PATTERN.has(before.text);
    return before.kind === 'other' && !/^(?:[)\]}`]|\.?\d.*|\/.+)$/u.test(before.text);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    const match = pattern.exec(this.#source)?.[0];
    if (match === undefined || match === '') return undefined;
    this.#offset += match.length;
    this.#line += match.split('\n').length - 1;
    return match;
  }
}
