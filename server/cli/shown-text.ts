import { isUtf8 } from 'node:buffer';
import { escapedBytes, terminalText } from '../domain/terminal-text.js';

/**
 * Text that readers sent, on one line for people: as every text that is printed, and line feeds are escaped too. From
 * U+0080 on always as `\uNNNN`: in {@link shownPath} `\x85` is the byte of a path that is not UTF-8.
 */
export function shownText(text: string): string {
  return terminalText(text).replaceAll('\n', '\\n');
}

/** A path for people: the same, and where the path is not UTF-8, each byte above ASCII shows as `\xNN`. */
export function shownPath(path: Buffer): string {
  return shownText(isUtf8(path) ? path.toString() : escapedBytes(path));
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
