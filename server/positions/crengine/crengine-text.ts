import { crengineTextOfNumber, textOfName } from '../source/character-references.js';
import type { SourceTree } from '../source/source-tree.js';

/** A tree, of which only this is needed. */
type TextSource = Pick<SourceTree, 'source' | 'work' | 'encoding'>;

/** How crengine stores the characters of one text node (RULES.md R20, R22, R30). */
export interface TextForm {
  /** White space is kept as in `pre`. */
  readonly isPreformatted: boolean;
  /** Character references are decoded, which they are not in CDATA sections. */
  readonly decodes: boolean;
  /** It is one zero-width space, which is not in the source (RULES.md R32). */
  readonly isInserted: boolean;
  /** The first newline is dropped (first text of `pre` and `textarea`). */
  readonly dropsFirstNewline: boolean;
}

/**
 * Called for each character that crengine keeps, with its source offset and its code point. Return true to stop.
 * `isCertain` is false from the first character on that the rules do not cover.
 */
export type CharacterVisitor = (offset: number, codePoint: number, isCertain: boolean) => boolean;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const AMPERSAND = 0x26;
const SEMICOLON = 0x3b;
const QUESTION_MARK = 0x3f;
/** What stands for wrong bytes in the encoding `broken`. */
const WRONG_START = 0xfffd;
const FIRST_WRONG_BYTE = 0xfdd8;
const TAB_STOP = 8;
const ZERO_WIDTH_SPACE = 0x200b;
/** A name is looked up. */
const REFERENCE_STEPS = 4;

/** What follows an `&` in crengine, up to the `;` or a character that ends it (RULES.md R21). */
const NAME = /([A-Za-z][A-Za-z0-9]{0,30})[; ]/y;
const NUMBER = /#(?:x[0-9A-Fa-f]*|[0-9]*)/y;

/**
 * Visits the characters of the text node `[start, end)` as crengine keeps them (RULES.md R20, R21, R22). The point
 * `.N` of an x-pointer is the index of a visit (RULES.md R6). A collapsed run of white space has the offset of its
 * first character. All spaces of an expanded tab have the offset of the tab.
 */
export function visitCharacters(
  from: TextSource,
  start: number,
  end: number,
  form: TextForm,
  visit: CharacterVisitor,
): void {
  from.work.scan(end - start);
  if (form.isInserted) {
    visit(start, ZERO_WIDTH_SPACE, true);
    return;
  }
  const emit = form.isPreformatted ? expandTabs(form, visit) : visit;
  new TextReader(from, start, end, form, emit).run();
}

/** Reads one text node from character to character. */
class TextReader {
  readonly #from: TextSource;
  readonly #end: number;
  readonly #form: TextForm;
  readonly #emit: CharacterVisitor;
  #at: number;
  #isCertain = true;
  /** The run of white space before this character has given a space. */
  #isAfterSpace = false;
  /** The last character was a newline. Only in preformatted text. */
  #isAfterNewline = false;

  constructor(from: TextSource, start: number, end: number, form: TextForm, emit: CharacterVisitor) {
    this.#from = from;
    this.#end = end;
    this.#form = form;
    this.#emit = emit;
    this.#at = start;
  }

  run(): void {
    const { source } = this.#from;
    while (this.#at < this.#end) {
      const unit = source.charCodeAt(this.#at);
      const isDone =
        unit === AMPERSAND && this.#form.decodes
          ? this.#readReference(this.#at)
          : isSpaceUnit(unit)
            ? this.#readSpace(unit)
            : this.#readCharacter(unit);
      if (isDone) return;
    }
  }

  #readCharacter(unit: number): boolean {
    const { source } = this.#from;
    const offset = this.#at;
    const length = this.#lengthOfCharacter(offset);
    const codePoint = length === 2 ? (source.codePointAt(offset) ?? unit) : this.#meaningOf(unit);
    this.#at += length;
    this.#isAfterSpace = false;
    this.#isAfterNewline = false;
    return this.#emit(offset, codePoint, this.#isCertain);
  }

  /** What a wrong byte is to crengine (RULES.md R35). */
  #meaningOf(unit: number): number {
    if (this.#from.encoding !== 'broken') return unit;
    if (unit === WRONG_START) return QUESTION_MARK;
    return unit >= FIRST_WRONG_BYTE && unit < FIRST_WRONG_BYTE + 8 ? unit - FIRST_WRONG_BYTE + 0x78 : unit;
  }

  /** In UTF-16 the halves of a surrogate pair stay two characters (RULES.md R6). */
  #lengthOfCharacter(at: number): 1 | 2 {
    const { source, encoding } = this.#from;
    if (encoding === 'utf-16' || at + 1 >= this.#end) return 1;
    const unit = source.charCodeAt(at);
    if (unit < 0xd800 || unit >= 0xdc00) return 1;
    return (source.codePointAt(at) ?? unit) > 0xffff ? 2 : 1;
  }

  #readSpace(unit: number): boolean {
    const offset = this.#at;
    this.#at += 1;
    if (this.#form.isPreformatted) {
      if (unit === CR || unit === LF) return this.#readNewline(unit, offset);
      this.#isAfterNewline = false;
      return this.#emit(offset, unit, this.#isCertain);
    }
    const isKept = !this.#isAfterSpace;
    this.#isAfterSpace = true;
    return isKept && this.#emit(offset, SPACE, this.#isCertain);
  }

  /** CR LF is one newline, and a CR after a newline is none (RULES.md R22). */
  #readNewline(unit: number, offset: number): boolean {
    if (unit === CR) {
      const isBeforeLf = offset + 1 < this.#end && this.#from.source.charCodeAt(offset + 1) === LF;
      if (isBeforeLf) this.#at += 1;
      else if (this.#isAfterNewline) return false;
    }
    this.#isAfterNewline = true;
    return this.#emit(offset, LF, this.#isCertain);
  }

  /** Reads an `&`, and what belongs to it, which is mostly dropped if it is no reference (RULES.md R21). */
  #readReference(ampersand: number): boolean {
    const { source, work } = this.#from;
    work.spend(REFERENCE_STEPS);
    const at = ampersand + 1;
    this.#isAfterNewline = false;
    NAME.lastIndex = at;
    const name = NAME.exec(source)?.[1];
    const text = name === undefined ? undefined : textOfName(name);
    if (name !== undefined && text !== undefined && NAME.lastIndex <= this.#end) {
      this.#at = NAME.lastIndex;
      this.#isAfterSpace = false;
      return this.#emitText(text, ampersand);
    }
    if (at < this.#end && isLetter(source.charCodeAt(at))) {
      // An unknown name. The state of the white space before it stays.
      this.#at = at + 1;
      return (
        this.#emit(ampersand, AMPERSAND, this.#isCertain) ||
        this.#emit(at, source.charCodeAt(at), this.#isCertain)
      );
    }
    return this.#readNumber(ampersand, at);
  }

  /** Reads the rest of a numeric reference, or of anything else after an `&`. */
  #readNumber(ampersand: number, from: number): boolean {
    const { source } = this.#from;
    NUMBER.lastIndex = from;
    const digits = NUMBER.exec(source)?.[0] ?? '';
    const at = Math.min(from + digits.length, this.#end);
    this.#at = at;
    if (at === this.#end) return false;
    const unit = source.charCodeAt(at);
    if (this.#form.isPreformatted && (unit === CR || unit === LF)) {
      // A newline does not end it, which is not covered here.
      this.#isCertain = false;
      return false;
    }
    // The character that ends it is dropped too, unless it begins another one.
    if (unit !== AMPERSAND) this.#at += this.#lengthOfCharacter(at);
    if (unit !== SEMICOLON) return false;
    this.#isAfterSpace = false;
    const number = crengineTextOfNumber(digits);
    if (number === undefined) return false;
    this.#isCertain &&= number.isCertain;
    return this.#emitText(number.text, ampersand);
  }

  /** The characters of a decoded reference. Unit k of its text has its offset plus k. */
  #emitText(text: string, offset: number): boolean {
    let unit = 0;
    for (const character of text) {
      if (this.#emit(offset + unit, character.codePointAt(0) ?? 0, this.#isCertain)) return true;
      unit += character.length;
    }
    return false;
  }
}

/**
 * Tabs become spaces up to the next multiple of 8. The column is 0 at a newline, and the newline counts (RULES.md
 * R22).
 */
function expandTabs(form: TextForm, visit: CharacterVisitor): CharacterVisitor {
  let column = 0;
  let mayDropNewline = form.dropsFirstNewline;
  return (offset, codePoint, isCertain) => {
    const isDropped = mayDropNewline && codePoint === LF;
    mayDropNewline = false;
    if (codePoint === LF || codePoint === CR) column = 0;
    if (codePoint !== TAB) {
      column += 1;
      return isDropped ? false : visit(offset, codePoint, isCertain);
    }
    const width = TAB_STOP - (column % TAB_STOP);
    column += width;
    for (let space = 0; space < width; space += 1) {
      if (visit(offset, SPACE, isCertain)) return true;
    }
    return false;
  };
}

/** Number of characters that crengine keeps of a text node. */
export function countCharacters(from: TextSource, start: number, end: number, form: TextForm): number {
  let count = 0;
  visitCharacters(from, start, end, form, () => {
    count += 1;
    return false;
  });
  return count;
}

/** True if crengine keeps only space, tab, CR and LF of the text, or nothing. */
export function isWhiteSpaceOnly(from: TextSource, start: number, end: number, form: TextForm): boolean {
  const { source, work } = from;
  work.scan(end - start);
  let firstOther = start;
  while (firstOther < end && isSpaceUnit(source.charCodeAt(firstOther))) firstOther += 1;
  if (firstOther >= end) return true;
  if (source.charCodeAt(firstOther) !== AMPERSAND || !form.decodes) return false;
  let isWhite = true;
  visitCharacters(from, firstOther, end, form, (_offset, codePoint) => {
    isWhite = isSpaceUnit(codePoint);
    return !isWhite;
  });
  return isWhite;
}

/** The white space of crengine (RULES.md R20). A no-break space is not part of it. */
function isSpaceUnit(unit: number): boolean {
  return unit === SPACE || unit === TAB || unit === LF || unit === CR;
}

function isLetter(unit: number): boolean {
  return (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a);
}
