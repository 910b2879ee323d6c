import { DecodingMode, HtmlEntityDecoder, decodeHTMLStrict } from 'entities/decode';
import { cp1252Character } from './cp1252.js';

/**
 * A character reference (`&amp;`, `&#160;`) at one place of the source.
 *
 * The UTF-16 unit `k` of `text` is said to sit at the source offset of the `&` plus `k`: every reference is
 * longer than its text, so each unit has an offset of its own, the same in every view of the document.
 */
export interface CharacterReference {
  readonly text: string;
  /** Source offset after the reference. */
  readonly end: number;
  /** False where it is not known what crengine makes of it; positions after it are not exact. */
  readonly isCertain: boolean;
}

/** The longest name is 31 characters (`CounterClockwiseContourIntegral`); this bounds the search for its end. */
const MAX_NAME_LENGTH = 32;
/** Longer than any sensible number; bounds the search for the end of a numeric reference. */
const MAX_NUMBER_LENGTH = 16;

const NUMERIC = /&#(?:([0-9]{1,16})|x([0-9A-Fa-f]{1,16}));/y;
const NAMED = /&([A-Za-z][A-Za-z0-9]{0,31});/y;

/**
 * A reference as an XML parser reads it in a document that is known to be well-formed. Named references are
 * HTML's whole set: the check of well-formedness has refused the names that the document may not use.
 */
export function xmlReference(source: string, at: number): CharacterReference | undefined {
  return numericReference(source, at, false) ?? namedReference(source, at);
}

/**
 * A reference as crengine reads it (rules 1.3, 3): HTML's names are always known, an unknown one stays literal,
 * numbers 128–159 go through code page 1252. What it does with an `&` that begins no proper reference is not
 * covered by the rules: such a character is given literally and marked uncertain.
 */
export function crengineReference(source: string, at: number): CharacterReference {
  const reference = numericReference(source, at, true) ?? namedReference(source, at);
  if (reference !== undefined) return reference;
  NAMED.lastIndex = at;
  const isUnknownName = NAMED.test(source);
  return { text: '&', end: at + 1, isCertain: isUnknownName };
}

/** A reference as an HTML parser reads it in text, the historical names without `;` included. */
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
  return length === 0 ? undefined : { text, end: at + length, isCertain: true };
}

/** True if HTML knows `&name;`. */
export function isKnownEntityName(name: string): boolean {
  return textOfName(name) !== undefined;
}

/** Decodes an attribute's value: references as in XML, line ends and tabs as spaces. */
export function decodeAttribute(raw: string): string {
  const plain = raw.replaceAll(/\r\n|[\r\n\t]/g, ' ');
  if (!plain.includes('&')) return plain;
  let decoded = '';
  let from = 0;
  for (let at = plain.indexOf('&'); at >= 0; at = plain.indexOf('&', from)) {
    const reference = xmlReference(plain, at);
    decoded += plain.slice(from, at) + (reference?.text ?? '&');
    from = reference?.end ?? at + 1;
  }
  return decoded + plain.slice(from);
}

function numericReference(source: string, at: number, mapsCp1252: boolean): CharacterReference | undefined {
  NUMERIC.lastIndex = at;
  const match = NUMERIC.exec(source);
  if (match === null) return undefined;
  const [whole, decimal, hexadecimal] = match;
  const codePoint = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal);
  const end = at + whole.length;
  if (codePoint === 0 || codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint < 0xe000)) {
    return { text: '\uFFFD', end, isCertain: false };
  }
  if (mapsCp1252 && codePoint >= 128 && codePoint < 160) {
    return { text: cp1252Character(codePoint), end, isCertain: true };
  }
  return { text: String.fromCodePoint(codePoint), end, isCertain: true };
}

function namedReference(source: string, at: number): CharacterReference | undefined {
  NAMED.lastIndex = at;
  const name = NAMED.exec(source)?.[1];
  const text = name === undefined ? undefined : textOfName(name);
  if (name === undefined || text === undefined) return undefined;
  return { text, end: at + name.length + 2, isCertain: true };
}

/** Decoding builds a decoder each time; a book uses a dozen names again and again. HTML has 2,125 of them. */
const knownNames = new Map<string, string>();

function textOfName(name: string): string | undefined {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  const reference = `&${name};`;
  const text = decodeHTMLStrict(reference);
  if (text === reference) return undefined;
  knownNames.set(name, text);
  return text;
}
