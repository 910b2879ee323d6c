/** One character of a text as crengine keeps it, and the source offset that it comes from. */
export interface SlowCharacter {
  readonly codePoint: string;
  readonly offset: number;
}

/** The named references that the generated books use. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['nbsp', '\u00A0'],
  ['eacute', '\u00E9'],
  ['copy', '\u00A9'],
]);

export const isWhite = (character: string): boolean => /^[ \t\r\n]$/.test(character);

/** The characters of a text (R6, R20, R21, R22). */
export function charactersOf(
  raw: string,
  start: number,
  form: { readonly isKept: boolean; readonly decodes: boolean; readonly isUtf16: boolean },
): SlowCharacter[] {
  const decoded = form.decodes ? decode(raw) : plain(raw);
  const kept = form.isKept ? linesAndTabs(decoded, form.isUtf16) : collapse(decoded);
  return kept.flatMap(({ text, at }) => {
    const parts = form.isUtf16 ? text.split('') : Array.from(text);
    let units = 0;
    return parts.map((codePoint) => {
      const offset = start + at + units;
      units += codePoint.length;
      return { codePoint, offset };
    });
  });
}

interface Piece {
  readonly text: string;
  readonly at: number;
  /** It is white space as it is written, which collapses. */
  readonly isWritten: boolean;
  /** Nothing stands here, but white space before and after it is not one run. */
  readonly isBarrier?: boolean;
  /** White space before and after it is one run although it stands between them. */
  readonly leavesRun?: boolean;
}

function plain(raw: string): Piece[] {
  let at = 0;
  return Array.from(raw, (text) => {
    const piece = { text, at, isWritten: true };
    at += text.length;
    return piece;
  });
}

/** R21. */
function decode(raw: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  while (at < raw.length) {
    const character = String.fromCodePoint(raw.codePointAt(at) ?? 0);
    if (character !== '&') {
      pieces.push({ text: character, at, isWritten: true });
      at += character.length;
      continue;
    }
    const [named = '', name = ''] = /^&([A-Za-z][A-Za-z0-9]*)[; ]/.exec(raw.slice(at)) ?? [];
    const meaning = NAMES.get(name);
    if (meaning !== undefined) {
      pieces.push({ text: meaning, at, isWritten: false });
      at += named.length;
      continue;
    }
    if (/^&[A-Za-z]/.test(raw.slice(at))) {
      // The text stays as it is written. White space before and after `&x` is one run.
      for (const one of [at, at + 1])
        pieces.push({ text: raw[one] ?? '', at: one, isWritten: true, leavesRun: true });
      at += 2;
      continue;
    }
    const [digits = ''] = /^#(?:x[0-9A-Fa-f]*|[0-9]*)/.exec(raw.slice(at + 1)) ?? [];
    const after = at + 1 + digits.length;
    const last = String.fromCodePoint(raw.codePointAt(after) ?? 0);
    if (raw[after] === ';' && digits !== '') {
      const number = Number(`0${digits.slice(1)}`);
      pieces.push(
        number === 0
          ? { text: '', at, isWritten: false, isBarrier: true }
          : { text: number === 147 ? '\u201C' : String.fromCodePoint(number), at, isWritten: false },
      );
      at = after + 1;
    } else if (after >= raw.length) at = raw.length;
    else if (last === '&') at = after;
    else if (last === ';') {
      pieces.push({ text: '', at, isWritten: false, isBarrier: true });
      at = after + 1;
    } else at = after + last.length;
  }
  return pieces;
}

/** R20. */
function collapse(pieces: readonly Piece[]): Piece[] {
  const kept: Piece[] = [];
  let isInRun = false;
  for (const piece of pieces) {
    const isSpace = piece.isWritten && isWhite(piece.text);
    if (isSpace && !isInRun) kept.push({ ...piece, text: ' ' });
    else if (!isSpace && piece.isBarrier !== true) kept.push(piece);
    if (piece.leavesRun !== true) isInRun = isSpace;
  }
  return kept;
}

/** R22. The newline that `pre` drops is left to the caller, because the column of a tab counts it. */
function linesAndTabs(pieces: readonly Piece[], isUtf16: boolean): Piece[] {
  const lines: Piece[] = [];
  let column = 0;
  for (let index = 0; index < pieces.length; index += 1) {
    const piece = pieces[index];
    if (piece === undefined || piece.isBarrier === true) continue;
    const last = lines.at(-1);
    let { text } = piece;
    if (piece.isWritten && text === '\r') {
      const next = pieces[index + 1];
      if (next?.isWritten === true && next.text === '\n') index += 1;
      else if (last?.isWritten === true && last.text === '\n') continue;
      text = '\n';
    }
    if (text === '\n' || text === '\r') column = 0;
    const width = text === '\t' ? 8 - (column % 8) : isUtf16 ? text.length : 1;
    column += width;
    if (text !== '\t') lines.push({ ...piece, text });
    else for (let space = 0; space < width; space += 1) lines.push({ ...piece, text: ' ' });
  }
  return lines;
}
