/** A text of this many source characters is cut into several text nodes. */
const SPLIT_CHARACTERS = 8192;

const SPACE = 0x20;
const LF = 0x0a;
const CR = 0x0d;

/**
 * The offset at which crengine cuts the raw text `[from, end)` of the source (RULES.md R19). A text of less than 8192
 * characters is not cut: the result is `end`. Another one is cut after the last of these among its first 8192: a
 * space, a CR without LF after it, an LF without CR after it. Without one of them it is cut at exactly 8192. The
 * caller cuts the rest again. A character is a code point, in UTF-16 a unit.
 */
export function cutOfText(source: string, from: number, end: number, isUtf16: boolean): number {
  if (end - from < SPLIT_CHARACTERS) return end;
  let afterBreak = -1;
  let at = from;
  for (let characters = 0; characters < SPLIT_CHARACTERS; characters += 1) {
    if (at >= end) return end;
    const unit = source.charCodeAt(at);
    // crengine does not look beyond the characters that it cuts.
    const next = characters < SPLIT_CHARACTERS - 1 ? source.charCodeAt(at + 1) : 0;
    const isPair = !isUtf16 && unit >= 0xd800 && unit < 0xdc00 && (source.codePointAt(at) ?? 0) > 0xffff;
    at += isPair ? 2 : 1;
    if (unit === SPACE || (unit === CR && next !== LF) || (unit === LF && next !== CR)) afterBreak = at;
  }
  return afterBreak < 0 ? at : afterBreak;
}
