/**
 * A second, slow reading of a chapter by the rules of server/positions/RULES.md alone, character by character. It shares no
 * code and no method with the program, so that the two can be held against each other without crengine.
 */

export interface SlowElement {
  readonly kind: 'element';
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly parent: SlowElement | undefined;
  readonly children: (SlowElement | SlowText)[];
}

export interface SlowText {
  readonly kind: 'text';
  /** Source offsets. */
  readonly start: number;
  readonly end: number;
  /** False in CDATA sections and in `script` and `style`. */
  readonly decodes: boolean;
}

export interface SlowChapter {
  /** Each `body` that is a DocFragment (R34). */
  readonly bodies: readonly SlowElement[];
  /** The elements outside of the bodies, in order, with the number of bodies before each. */
  readonly outside: readonly { readonly element: SlowElement; readonly bodiesBefore: number }[];
}

const SPACES = ' \t\r\n';
/** R18, R34: what is looked for to leave a raw text. */
const RAW_ENDS: ReadonlyMap<string, string> = new Map([
  ['script', '</script'],
  ['style', '</style'],
]);

export function readSlowly(source: string, isUtf16: boolean): SlowChapter {
  return new SlowReader(source, isUtf16).read();
}

class SlowReader {
  readonly #source: string;
  readonly #isUtf16: boolean;
  readonly #bodies: SlowElement[] = [];
  readonly #outside: { element: SlowElement; bodiesBefore: number }[] = [];
  #open: SlowElement[] = [];
  #at = 0;

  constructor(source: string, isUtf16: boolean) {
    this.#source = source;
    this.#isUtf16 = isUtf16;
  }

  read(): SlowChapter {
    const first = this.#source.indexOf('<');
    this.#at = first < 0 ? this.#source.length : first + 1;
    while (this.#at < this.#source.length) {
      const isBroken = this.#readMarkup();
      // R17: after a broken tag what follows is read as if it followed a `<`.
      if (!isBroken) this.#readText();
    }
    return { bodies: this.#bodies, outside: this.#outside };
  }

  /** Reads what follows a `<`. True after a broken tag. */
  #readMarkup(): boolean {
    const source = this.#source;
    if (source.startsWith('!--', this.#at)) {
      this.#goAfter('-->', this.#at + 3);
      return false;
    }
    if (source.startsWith('![CDATA[', this.#at)) {
      const start = this.#at + 8;
      this.#goAfter(']]>', start);
      const end = source.startsWith(']]>', this.#at - 3) ? this.#at - 3 : source.length;
      this.#addTexts(start, end, false);
      return false;
    }
    if (source[this.#at] === '/') {
      this.#at += 1;
      const name = this.#readName();
      this.#goAfter('>', this.#at);
      if (name !== undefined) this.#close(name);
      return false;
    }
    return this.#readStartTag();
  }

  #readStartTag(): boolean {
    let prefix = '';
    if (this.#source[this.#at] === '?') {
      prefix = '?';
      this.#at += 1;
    } else this.#skipSpaces();
    const name = this.#readName();
    if (name === undefined) {
      this.#goAfter('>', this.#at);
      return false;
    }
    const attributes = new Map<string, string>();
    for (;;) {
      this.#skipSpaces();
      const character = this.#source[this.#at];
      if (character === undefined) break;
      if (character === '>') {
        this.#at += 1;
        break;
      }
      if ((character === '/' || character === '?') && this.#source[this.#at + 1] === '>') {
        this.#at += 2;
        const element = this.#openElement(prefix + name, attributes);
        this.#closeUpTo(element);
        return false;
      }
      const attribute = this.#readName(' />?=\r\n');
      if (attribute === undefined) {
        this.#openElement(prefix + name, attributes);
        const next = this.#source.indexOf('<', this.#at);
        this.#at = next < 0 ? this.#source.length : next + 2;
        return true;
      }
      this.#skipSpaces();
      let value = '';
      if (this.#source[this.#at] === '=') {
        this.#at += 1;
        this.#skipSpaces();
        value = this.#readValue();
      }
      // R17: of several with one name the last one counts.
      attributes.set(attribute, value);
    }
    this.#openElement(prefix + name, attributes);
    return false;
  }

  /** R17: a `>` ends a value in quotes too, and stays. */
  #readValue(): string {
    const quote = this.#source[this.#at];
    const isQuoted = quote === '"' || quote === "'";
    let value = '';
    if (isQuoted) this.#at += 1;
    for (;;) {
      const character = this.#source[this.#at];
      if (character === undefined || character === '>') return value;
      if (isQuoted ? character === quote : SPACES.includes(character)) {
        if (isQuoted) this.#at += 1;
        return value;
      }
      value += character;
      this.#at += 1;
    }
  }

  /** R16. Undefined if what stands there is no name; then the place is where the name would have ended. */
  #readName(mayEndWith = ' />?\r\n'): string | undefined {
    const isLetter = (character: string): boolean => /^[A-Za-z]$/.test(character);
    const belongs = (character: string): boolean => /^[-A-Za-z0-9_.]$/.test(character);
    let name = '';
    let at = this.#at;
    if (!isLetter(this.#source[at] ?? '')) return undefined;
    while (belongs(this.#source[at] ?? '')) {
      name += this.#source[at];
      at += 1;
    }
    if (this.#source[at] === ':') {
      at += 1;
      name = '';
      while (belongs(this.#source[at] ?? '')) {
        name += this.#source[at];
        at += 1;
      }
      if (name === '') return undefined;
    }
    const after = this.#source[at];
    if (after !== undefined && !mayEndWith.includes(after)) return undefined;
    this.#at = at;
    return this.#isInSvg() ? name : name.toLowerCase();
  }

  #isInSvg(): boolean {
    const body = this.#open.findLastIndex((element) => this.#bodies.includes(element));
    return body >= 0 && this.#open.slice(body).some(({ name }) => name === 'svg');
  }

  #openElement(name: string, attributes: ReadonlyMap<string, string>): SlowElement {
    const isInBody = this.#open.some((element) => this.#bodies.includes(element));
    const parent = this.#open.at(-1);
    const isBody = name === 'body' && !isInBody;
    const element: SlowElement = { kind: 'element', name, attributes, parent, children: [] };
    if (isBody) this.#bodies.push(element);
    else if (isInBody) parent?.children.push(element);
    else {
      parent?.children.push(element);
      this.#outside.push({ element, bodiesBefore: this.#bodies.length });
    }
    this.#open.push(element);
    return element;
  }

  /** R15, R34. */
  #close(name: string): void {
    const body = this.#open.findIndex((element) => this.#bodies.includes(element));
    if (body >= 0 && name === 'body') {
      this.#open = this.#open.slice(0, body);
      return;
    }
    const at = this.#open.findLastIndex((element) => element.name === name);
    if (at > body) this.#open = this.#open.slice(0, at);
  }

  #closeUpTo(element: SlowElement): void {
    this.#open = this.#open.slice(0, this.#open.indexOf(element));
  }

  #readText(): void {
    const start = this.#at;
    const last = this.#open.at(-1);
    const rawEnd = last?.children.length === 0 ? RAW_ENDS.get(last.name.toLowerCase()) : undefined;
    const found =
      rawEnd === undefined
        ? this.#source.indexOf('<', start)
        : this.#source.toLowerCase().indexOf(rawEnd, start);
    const end = found < 0 ? this.#source.length : found;
    this.#addTexts(start, end, true);
    this.#at = end + 1;
  }

  /** R19: cuts a text of 8192 characters or more. R15: white space at the end of the file is dropped. */
  #addTexts(start: number, end: number, decodes: boolean): void {
    const parent = this.#open.at(-1);
    let from = start;
    while (from < end) {
      const to = this.#cut(from, end);
      const isBlank = this.#source
        .slice(from, to)
        .split('')
        .every((unit) => SPACES.includes(unit));
      if (to === this.#source.length && isBlank) return;
      parent?.children.push({ kind: 'text', start: from, end: to, decodes });
      from = to;
    }
  }

  #cut(start: number, end: number): number {
    const characters: string[] = [];
    let at = start;
    while (characters.length < 8192) {
      if (at >= end) return end;
      const character = this.#isUtf16
        ? (this.#source[at] ?? '')
        : String.fromCodePoint(this.#source.codePointAt(at) ?? 0);
      characters.push(character);
      at += character.length;
    }
    const breakAt = characters.findLastIndex((character, index) => {
      const after = characters[index + 1];
      if (character === '\r') return after !== '\n';
      if (character === '\n') return after !== '\r';
      return character === ' ';
    });
    const kept = breakAt < 0 ? characters : characters.slice(0, breakAt + 1);
    return start + kept.reduce((sum, character) => sum + character.length, 0);
  }

  #skipSpaces(): void {
    while (SPACES.includes(this.#source[this.#at] ?? 'x')) this.#at += 1;
  }

  #goAfter(mark: string, from: number): void {
    const found = this.#source.indexOf(mark, from);
    this.#at = found < 0 ? this.#source.length : found + mark.length;
  }
}
