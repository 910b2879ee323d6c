import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { fromLatin1 } from '../source/cp1252.js';
import type { Markup } from '../source/markup.js';

/** A declaration is in the first bytes. Browsers search these for `<meta>`. */
const DECLARATION_BYTES = 1024;

const XML_DECLARATION = /^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]+)["']/;
const META_CHARSET = /<meta\s[^>]*?charset\s*=\s*["']?\s*([A-Za-z0-9._:-]+)/i;

/**
 * Decodes a markup document. The encoding is that of the byte order mark, else UTF-16 by the first bytes, else that
 * of the XML declaration, else that of `<meta charset>`, else UTF-8, else code page 1252 as a guess (RULES.md R35). The
 * mark is not part of the text. Wrong bytes become U+FFFD.
 */
export function decodeMarkup(bytes: Buffer): Markup {
  const utf16 = utf16Of(bytes);
  if (utf16 !== undefined) return { source: new TextDecoder(utf16).decode(bytes), encoding: 'utf-16' };
  const declared = declaredDecoder(bytes);
  if (declared === undefined && !isUtf8(bytes)) {
    return { source: fromLatin1(bytes.toString('latin1')), encoding: 'guessed' };
  }
  const decoder = declared ?? new TextDecoder('utf-8');
  const text = decoder.decode(bytes);
  const broken = decoder.encoding === 'utf-8' && text.includes('\uFFFD') ? decodeBroken(bytes) : undefined;
  if (broken !== undefined) return { source: broken, encoding: 'broken' };
  return { source: decoder.encoding === 'windows-1252' ? fromLatin1(text) : text, encoding: 'known' };
}

/**
 * Decodes UTF-8 with letters of Latin-1 in it: bytes that begin a longer character without its other bytes, and those that
 * no character has. Undefined for any other text.
 */
function decodeBroken(bytes: Buffer): string | undefined {
  const text = bytes.toString('latin1');
  // U+FFFD or one of those that stand for bytes.
  if (/\xEF(?:\xBF\xBD|\xB7[\x98-\x9F])/.test(text)) return undefined;
  const mended = text
    .replaceAll(/[\xC0-\xF7](?![\x80-\xBF])/g, '\xEF\xBF\xBD')
    .replaceAll(/[\xF8-\xFF]/g, (byte) => `\xEF\xB7${String.fromCodePoint(byte.charCodeAt(0) - 0x60)}`);
  const mendedBytes = Buffer.from(mended, 'latin1');
  return isUtf8(mendedBytes) ? mendedBytes.toString() : undefined;
}

function utf16Of(bytes: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const start = bytes.subarray(0, 6).toString('latin1');
  if (start.startsWith('\xFF\xFE') || start === '<\0?\0x\0') return 'utf-16le';
  if (start.startsWith('\xFE\xFF') || start === '\0<\0?\0x') return 'utf-16be';
  return undefined;
}

function declaredDecoder(bytes: Buffer): TextDecoder | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return new TextDecoder('utf-8');
  const head = bytes.subarray(0, DECLARATION_BYTES).toString('latin1');
  const label = XML_DECLARATION.exec(head)?.[1] ?? META_CHARSET.exec(head)?.[1];
  if (label === undefined) return undefined;
  // The declaration was read byte by byte, so that the document cannot be in UTF-16.
  if (/^(?:utf-?16|ucs-?2|iso-10646)/i.test(label)) return new TextDecoder('utf-8');
  try {
    return new TextDecoder(label);
  } catch (error) {
    // The name of the encoding is unknown. UTF-8 is the most likely one.
    if (error instanceof RangeError) return new TextDecoder('utf-8');
    throw error;
  }
}
