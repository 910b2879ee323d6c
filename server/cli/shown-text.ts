import { shownPath } from './shown-path.js';

/** Text that readers sent, for people: what would break the line or the terminal is escaped. */
export function shownText(text: string): string {
  return shownPath(Buffer.from(text)).replaceAll(
    /[\u0080-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A time for people, in UTC; `undefined`: never. */
export function shownTime(seconds: number | undefined): string {
  if (seconds === undefined) return 'never';
  return new Date(seconds * 1000)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');
}

/** A time in JSON. */
export function jsonTime(seconds: number): string;
export function jsonTime(seconds: number | undefined): string | null;
export function jsonTime(seconds: number | undefined): string | null {
  return seconds === undefined ? null : new Date(seconds * 1000).toISOString();
}
