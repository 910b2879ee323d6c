/**
 * What the bytes 0x80–0x9F mean in Windows' code page 1252, which HTML and crengine also apply to numeric references;
 * the five that mean nothing stay control characters. Written out because some versions of Node decode
 * `windows-1252` as if it were Latin-1.
 */
const CHARACTERS = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008DŽ\u008F\u0090‘’“”•–—˜™š›œ\u009DžŸ';

/** The character of a code point 128–159. */
export function cp1252Character(codePoint: number): string {
  return CHARACTERS[codePoint - 0x80] ?? String.fromCodePoint(codePoint);
}

/** Text that was decoded as Latin-1, as code page 1252. */
export function fromLatin1(text: string): string {
  return text.replaceAll(/[\u0080-\u009F]/g, (character) => cp1252Character(character.charCodeAt(0)));
}
