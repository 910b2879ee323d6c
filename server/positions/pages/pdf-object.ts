/** A value in a PDF file, as far as the way to the number of pages needs it. Strings are not kept. */
export type PdfValue =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'name'; readonly value: string }
  | { readonly kind: 'reference'; readonly object: number }
  | { readonly kind: 'array'; readonly items: readonly PdfValue[] }
  | { readonly kind: 'dictionary'; readonly entries: ReadonlyMap<string, PdfValue> }
  | { readonly kind: 'other' };

export interface ParsedPdfValue {
  readonly value: PdfValue;
  /** Offset after the value. */
  readonly end: number;
}

/** Deeper than any catalogue; the parser calls itself for each level. */
const MAX_LEVELS = 32;
/** Values in one array or dictionary. */
const MAX_ITEMS = 100_000;

const BLANK = /(?:[\0\t\n\f\r ]|%[^\r\n]*)*/y;
const REFERENCE = /(\d{1,10})[\0\t\n\f\r ]+\d{1,5}[\0\t\n\f\r ]+R(?![A-Za-z0-9])/y;
const NUMBER = /[+-]?(?:\d{1,15}(?:\.\d*)?|\.\d+)/y;
const NAME = /\/([^\0\t\n\f\r ()<>[\]{}/%]*)/y;
const HEX_STRING = /<[0-9A-Fa-f\0\t\n\f\r ]*>/y;
const WORD = /[A-Za-z]+/y;

/** The value at an offset of a piece of a PDF file (one character a byte); undefined if there is none. */
export function parsePdfValue(text: string, from: number, level = 0): ParsedPdfValue | undefined {
  if (level > MAX_LEVELS) return undefined;
  const at = skipBlank(text, from);
  if (text.startsWith('<<', at)) return parseDictionary(text, at + 2, level);
  if (text[at] === '[') return parseArray(text, at + 1, level);
  if (text[at] === '(') return { value: { kind: 'other' }, end: endOfString(text, at + 1) };
  const reference = match(REFERENCE, text, at);
  if (reference !== undefined) {
    return { value: { kind: 'reference', object: Number(reference[1]) }, end: REFERENCE.lastIndex };
  }
  const number = match(NUMBER, text, at);
  if (number !== undefined)
    return { value: { kind: 'number', value: Number(number[0]) }, end: NUMBER.lastIndex };
  const name = match(NAME, text, at);
  if (name !== undefined) return { value: { kind: 'name', value: name[1] ?? '' }, end: NAME.lastIndex };
  if (match(HEX_STRING, text, at) !== undefined)
    return { value: { kind: 'other' }, end: HEX_STRING.lastIndex };
  if (match(WORD, text, at) !== undefined) return { value: { kind: 'other' }, end: WORD.lastIndex };
  return undefined;
}

export function skipBlank(text: string, from: number): number {
  BLANK.lastIndex = from;
  BLANK.test(text);
  return BLANK.lastIndex;
}

function parseDictionary(text: string, from: number, level: number): ParsedPdfValue | undefined {
  const entries = new Map<string, PdfValue>();
  let at = skipBlank(text, from);
  while (!text.startsWith('>>', at)) {
    const name = match(NAME, text, at);
    if (name === undefined || entries.size === MAX_ITEMS) return undefined;
    const parsed = parsePdfValue(text, NAME.lastIndex, level + 1);
    if (parsed === undefined) return undefined;
    entries.set(name[1] ?? '', parsed.value);
    at = skipBlank(text, parsed.end);
  }
  return { value: { kind: 'dictionary', entries }, end: at + 2 };
}

function parseArray(text: string, from: number, level: number): ParsedPdfValue | undefined {
  const items: PdfValue[] = [];
  let at = skipBlank(text, from);
  while (text[at] !== ']') {
    const parsed = parsePdfValue(text, at, level + 1);
    if (parsed === undefined || items.length === MAX_ITEMS) return undefined;
    items.push(parsed.value);
    at = skipBlank(text, parsed.end);
  }
  return { value: { kind: 'array', items }, end: at + 1 };
}

/** Parentheses in a string are balanced or escaped. */
function endOfString(text: string, from: number): number {
  let depth = 1;
  let at = from;
  while (at < text.length && depth > 0) {
    const character = text[at];
    if (character === '\\') at += 1;
    else if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    at += 1;
  }
  return at;
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
