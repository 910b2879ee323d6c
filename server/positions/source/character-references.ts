import { DecodingMode, HtmlEntityDecoder, decodeHTMLStrict } from 'entities/decode';
import { cp1252Character } from './cp1252.js';

/**
 * A character reference (`&amp;`, `&#160;`) at one place of the source.
 *
 * The UTF-16 unit `k` of `text` has the source offset of the `&` plus `k`. Every reference is longer than its text,
 * so that each unit has an offset of its own, which is the same in both views of the document.
 */
export interface CharacterReference {
  readonly text: string;
  /** Source offset after the reference. */
  readonly end: number;
}

/** Bounds the search for the end of a name. The longest one has 31 characters (`CounterClockwiseContourIntegral`). */
const MAX_NAME_LENGTH = 32;
/** Bounds the search for the end of a numeric reference. */
const MAX_NUMBER_LENGTH = 16;

const NUMERIC = /&#(?:([0-9]{1,16})|x([0-9A-Fa-f]{1,16}));/y;
const NAMED = /&([A-Za-z][A-Za-z0-9]{0,31});/y;

/**
 * A reference as an XML parser reads it in a document that is known to be well-formed. All named references of HTML
 * are decoded: `isWellFormed` has already refused a document with names that it may not use.
 */
export function xmlReference(source: string, at: number): CharacterReference | undefined {
  return numericReference(source, at) ?? namedReference(source, at);
}

/**
 * The text of a numeric reference in crengine, of which `digits` is the part between `&` and `;`: the numbers 128–159
 * are characters of code page 1252 (RULES.md R21). Undefined if there is no number, or if it is 0.
 */
export function crengineTextOfNumber(
  digits: string,
): { readonly text: string; readonly isCertain: boolean } | undefined {
  const isHexadecimal = digits.startsWith('#x');
  let codePoint = 0;
  for (const digit of digits.slice(isHexadecimal ? 2 : 1)) {
    // As crengine does, in 32 bits.
    codePoint = (Math.imul(codePoint, isHexadecimal ? 16 : 10) + Number.parseInt(digit, 16)) >>> 0;
  }
  if (codePoint === 0) return undefined;
  if (isNoCharacter(codePoint)) return { text: '\uFFFD', isCertain: false };
  const isCp1252 = codePoint >= 128 && codePoint < 160;
  return { text: isCp1252 ? cp1252Character(codePoint) : String.fromCodePoint(codePoint), isCertain: true };
}

/** A reference as an HTML parser reads it in text. Some old names need no `;`. */
export function htmlReference(source: string, at: number, limit: number): CharacterReference | undefined {
  let text = '';
  let length = 0;
  const decoder = new HtmlEntityDecoder((codePoint, consumed) => {
    text += String.fromCodePoint(codePoint);
    length = consumed;
  });
  decoder.startEntity(DecodingMode.Legacy);
  const slice = source.slice(at, Math.min(limit, at + MAX_NUMBER_LENGTH + MAX_NAME_LENGTH));
  if (decoder.write(slice, 1) < 0) decoder.end();
  return length === 0 ? undefined : { text, end: at + length };
}

/** True if HTML knows `&name;`. */
export function isKnownEntityName(name: string): boolean {
  return textOfName(name) !== undefined;
}

/** Decodes the value of an attribute: references as in XML; line ends and tabs become spaces. */
export function decodeAttribute(raw: string): string {
  return decodeReferences(raw.replaceAll(/\r\n|[\r\n\t]/g, ' '));
}

/** Decodes the references in a text as in XML. */
export function decodeReferences(raw: string): string {
  let decoded = '';
  let from = 0;
  for (let at = raw.indexOf('&'); at >= 0; at = raw.indexOf('&', from)) {
    const reference = xmlReference(raw, at);
    decoded += raw.slice(from, at) + (reference?.text ?? '&');
    from = reference?.end ?? at + 1;
  }
  return decoded + raw.slice(from);
}

function numericReference(source: string, at: number): CharacterReference | undefined {
  NUMERIC.lastIndex = at;
  const match = NUMERIC.exec(source);
  if (match === null) return undefined;
  const [whole, decimal, hexadecimal] = match;
  const codePoint = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal);
  const text = codePoint === 0 || isNoCharacter(codePoint) ? '\uFFFD' : String.fromCodePoint(codePoint);
  return { text, end: at + whole.length };
}

function isNoCharacter(codePoint: number): boolean {
  return codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint < 0xe000);
}

function namedReference(source: string, at: number): CharacterReference | undefined {
  NAMED.lastIndex = at;
  const name = NAMED.exec(source)?.[1];
  const text = name === undefined ? undefined : textOfName(name);
  if (name === undefined || text === undefined) return undefined;
  return { text, end: at + name.length + 2 };
}

/** The names decoded so far: each decoding builds a decoder, and a book uses few names. HTML has 2,125 names. */
const knownNames = new Map<string, string>();

/** The text of `&name;` in HTML. Undefined for an unknown name. */
export function textOfName(name: string): string | undefined {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  const reference = `&${name};`;
  const text = decodeHTMLStrict(reference);
  if (text === reference) return undefined;
  knownNames.set(name, text);
  return text;
}
