/**
 * The characters of the bytes 0x80–0x9F in Windows' code page 1252. HTML and crengine apply it to numeric
 * references too (RULES.md R21). The five bytes without a character stay control characters. The table is written
 * out because some versions of Node decode `windows-1252` as Latin-1.
 */
const CHARACTERS = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008DŽ\u008F\u0090‘’“”•–—˜™š›œ\u009DžŸ';

/** The character of a code point 128–159. */
export function cp1252Character(codePoint: number): string {
  return CHARACTERS[codePoint - 0x80] ?? String.fromCodePoint(codePoint);
}

/** Corrects text in code page 1252 that was decoded as Latin-1. */
export function fromLatin1(text: string): string {
  return text.replaceAll(/[\u0080-\u009F]/g, (character) => cp1252Character(character.charCodeAt(0)));
}
