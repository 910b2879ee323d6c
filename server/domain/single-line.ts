import { MISLEADING_CHARACTERS } from './terminal-text.js';

// oxlint-disable-next-line no-control-regex -- control characters are what is searched for
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f]/;

/**
 * Whether `text` is a line that a person can type, such as a name or a password: 1 to `maxCharacters` UTF-16 code units
 * without a control character (C0 and DEL). Line breaks are control characters. Does not trim.
 */
export function isSingleLine(text: string, maxCharacters: number): boolean {
  return text !== '' && text.length <= maxCharacters && !CONTROL_CHARACTER.test(text);
}

const NOT_SHOWN = new RegExp(`[${MISLEADING_CHARACTERS}]`, 'u');
const EACH_NOT_SHOWN = new RegExp(NOT_SHOWN, 'gu');

/**
 * Whether `text` is a name that lists and messages can show: a single line without any misleading character. Counts
 * characters (code points) as people do: an emoji is one.
 */
export function isShownName(text: string, maxCharacters: number): boolean {
  // In code units first: it bounds the work.
  if (!isSingleLine(text, 2 * maxCharacters) || Array.from(text).length > maxCharacters) return false;
  return !NOT_SHOWN.test(text);
}

/** The text with a space for each misleading character. */
export function asShownName(text: string): string {
  return text.replaceAll(EACH_NOT_SHOWN, ' ');
}
