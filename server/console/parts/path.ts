/** A path in an answer: bytes that need not be UTF-8 stand in `base64`. */
export interface Path {
  readonly text: string;
  readonly base64: string | null;
}

/** Control characters, line separators and marks that turn the direction of text: a name with them looks like another one. */
const MISLEADING = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/**
 * A path for people: of one that is not UTF-8 each byte above ASCII as `\xNN`, as the command line does it, and misleading
 * characters as `\xNN` or `\uNNNN`.
 */
export function shownPath({ text, base64 }: Path): string {
  if (base64 === null) return shownText(text);
  return atob(base64).replaceAll(/[^\u0020-\u007e]/g, escaped);
}

/** Text of others with its misleading characters escaped. */
export function shownText(text: string): string {
  return text.replaceAll(MISLEADING, escaped);
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  const digits = code.toString(16);
  return code < 0x100 ? `\\x${digits.padStart(2, '0')}` : `\\u${digits.padStart(4, '0')}`;
}

/** The last part of a path, and the folder that it is in, which is empty at the top. */
export function splitPath(path: Path): { readonly folder: string; readonly name: string } {
  const shown = shownPath(path);
  const at = shown.lastIndexOf('/');
  return { folder: shown.slice(0, Math.max(0, at)), name: shown.slice(at + 1) };
}
