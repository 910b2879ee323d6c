/** A text of more source characters than this is cut into several text nodes. */
export const MAX_TEXT_CHARACTERS = 8192;

const SPACE = 0x20;
const LF = 0x0a;
const CR = 0x0d;

/**
 * Where crengine cuts the raw text `[from, end)` of the source (rule 1.3, 2): nowhere (the result is `end`) up to
 * 8192 code points; past that after the last space, CR without LF behind it or LF without CR behind it among the
 * first 8192, and without such a break exactly there. The rest is cut again.
 */
export function cutOfText(source: string, from: number, end: number): number {
  if (end - from <= MAX_TEXT_CHARACTERS) return end;
  let afterBreak = -1;
  let at = from;
  for (let characters = 0; characters < MAX_TEXT_CHARACTERS; characters += 1) {
    if (at >= end) return end;
    const unit = source.charCodeAt(at);
    const next = source.charCodeAt(at + 1);
    at += unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000 ? 2 : 1;
    if (unit === SPACE || (unit === CR && next !== LF) || (unit === LF && next !== CR)) afterBreak = at;
  }
  if (at >= end) return end;
  return afterBreak < 0 ? at : afterBreak;
}
