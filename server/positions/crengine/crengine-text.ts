import { crengineReference } from '../source/character-references.js';
import type { SourceTree } from '../source/source-tree.js';

/** A tree, of which only this is needed. */
type TextSource = Pick<SourceTree, 'source' | 'work'>;

/** How crengine stores the characters of one text node (RULES.md R20, R22, R30). */
export interface TextForm {
  /** `collapsed`: as in running text. `preformatted`: as in `pre`. `verbatim`: as in the text of an SVG. */
  readonly whiteSpace: 'collapsed' | 'preformatted' | 'verbatim';
  /** Character references are decoded, which they are not in CDATA sections. */
  readonly decodes: boolean;
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
const TAB_STOP = 8;
/** Three patterns are tried. */
const REFERENCE_STEPS = 4;

/**
 * Visits the characters of the text node `[start, end)` as crengine keeps them (RULES.md R20, R21, R22). The point
 * `.N` of an x-pointer is the index of a visit (RULES.md R6). A collapsed run of white space has the offset of its
 * first character. All spaces of an expanded tab have the offset of the tab.
 */
export function visitCharacters(
  { source, work }: TextSource,
  start: number,
  end: number,
  form: TextForm,
  visit: CharacterVisitor,
): void {
  work.scan(end - start);
  const emit = form.whiteSpace === 'preformatted' ? expandTabs(form, visit) : visit;
  const collapses = form.whiteSpace === 'collapsed';
  let isCertain = true;
  let isAfterSpace = false;
  let at = start;
  while (at < end) {
    const offset = at;
    const unit = source.charCodeAt(at);
    if (unit === AMPERSAND && form.decodes) {
      work.spend(REFERENCE_STEPS);
      const reference = crengineReference(source, at);
      // The rules do not cover a reference that is cut in two because its text is too long.
      isCertain &&= reference.isCertain && reference.end <= end;
      at = Math.min(reference.end, end);
      isAfterSpace = false;
      if (visitText(reference.text, offset, isCertain, emit)) return;
      continue;
    }
    at += 1;
    if (collapses && isSpaceUnit(unit)) {
      if (!isAfterSpace && emit(offset, SPACE, isCertain)) return;
      isAfterSpace = true;
      continue;
    }
    isAfterSpace = false;
    if (unit === CR && form.whiteSpace === 'preformatted') {
      if (at < end && source.charCodeAt(at) === LF) at += 1;
      if (emit(offset, LF, isCertain)) return;
      continue;
    }
    let codePoint = unit;
    if (unit >= 0xd800 && unit < 0xdc00 && at < end) {
      codePoint = source.codePointAt(offset) ?? unit;
      if (codePoint > 0xffff) at += 1;
    }
    if (emit(offset, codePoint, isCertain)) return;
  }
}

/** The characters of a decoded reference. Unit k of its text has its offset plus k. */
function visitText(text: string, offset: number, isCertain: boolean, emit: CharacterVisitor): boolean {
  let unit = 0;
  for (const character of text) {
    if (emit(offset + unit, character.codePointAt(0) ?? 0, isCertain)) return true;
    unit += character.length;
  }
  return false;
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
