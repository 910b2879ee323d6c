import { TextDecoder } from 'node:util';
import { fromLatin1 } from '../source/cp1252.js';

/** A declaration is in the first bytes. Browsers search these for `<meta>`. */
const DECLARATION_BYTES = 1024;

const XML_DECLARATION = /^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]+)["']/;
const META_CHARSET = /<meta\s[^>]*?charset\s*=\s*["']?\s*([A-Za-z0-9._:-]+)/i;

/**
 * Decodes a markup document. The encoding is that of the byte order mark, else UTF-16 by the first bytes, else that
 * of the XML declaration, else that of `<meta charset>`, else UTF-8. The mark is not part of the text. Wrong bytes
 * become U+FFFD.
 */
export function decodeMarkup(bytes: Buffer): string {
  const decoder = decoderFor(bytes);
  const text = decoder.decode(bytes);
  return decoder.encoding === 'windows-1252' ? fromLatin1(text) : text;
}

function decoderFor(bytes: Buffer): TextDecoder {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return new TextDecoder('utf-8');
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be');
  if (bytes[0] === 0x3c && bytes[1] === 0) return new TextDecoder('utf-16le');
  if (bytes[0] === 0 && bytes[1] === 0x3c) return new TextDecoder('utf-16be');
  const head = bytes.subarray(0, DECLARATION_BYTES).toString('latin1');
  const label = XML_DECLARATION.exec(head)?.[1] ?? META_CHARSET.exec(head)?.[1] ?? 'utf-8';
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
