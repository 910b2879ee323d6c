import { isUtf8 } from 'node:buffer';

/**
 * Characters that could take over the terminal or break the line: control characters (C0, DEL, C1), the line and
 * paragraph separators, and those that change the direction of the text around them.
 */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text that readers sent, for people: unsafe characters are escaped (`\n`, `\x1b`, `\u0085`, `\u202e`). From U+0080 on
 * always as `\uNNNN`: in {@link shownPath} `\x85` is the byte of a path that is not UTF-8.
 */
export function shownText(text: string): string {
  return text.replaceAll(UNSAFE, (character) => {
    if (character === '\n') return '\\n';
    const code = character.charCodeAt(0);
    const digits = code.toString(16);
    return code < 0x80 ? `\\x${digits.padStart(2, '0')}` : `\\u${digits.padStart(4, '0')}`;
  });
}

/** A path for people: the same, and where the path is not UTF-8, each byte above ASCII shows as `\xNN`. */
export function shownPath(path: Buffer): string {
  return shownText(isUtf8(path) ? path.toString() : asciiOf(path));
}

function asciiOf(path: Buffer): string {
  return Array.from(path, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`,
  ).join('');
}

/** A path in JSON: its text; where it is not UTF-8, its bytes in base64 beside a readable form. */
export function jsonPath(path: Buffer): { readonly path: string; readonly path_base64?: string } {
  return isUtf8(path)
    ? { path: path.toString() }
    : { path: shownPath(path), path_base64: path.toString('base64') };
}

/** A time for people, in UTC; `undefined`: never. */
export function shownTime(seconds: number | undefined): string {
  if (seconds === undefined) return 'never';
  return new Date(seconds * 1000)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');
}

/** A time in JSON: ISO 8601, in UTC. */
export function jsonTime(seconds: number): string;
export function jsonTime(seconds: number | undefined): string | null;
export function jsonTime(seconds: number | undefined): string | null {
  return seconds === undefined ? null : new Date(seconds * 1000).toISOString();
}
