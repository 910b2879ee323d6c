// oxlint-disable-next-line no-control-regex -- control characters are what is searched for
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f]/;

/**
 * Whether `text` is a line that a person can type, such as a name or a password: 1 to `maxCharacters` UTF-16 code units
 * without a control character (C0 and DEL). Line breaks are control characters. Does not trim.
 */
export function isSingleLine(text: string, maxCharacters: number): boolean {
  return text !== '' && text.length <= maxCharacters && !CONTROL_CHARACTER.test(text);
}
