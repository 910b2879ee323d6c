import { decodeMarkup } from '../epub/text-encoding.js';

/** crengine looks at no more of a file. */
const CHECKED_BYTES = 2048;
const MIN_BYTES = 31;
/** The `html` of a document type is before this character of the file. */
const MAX_DOCTYPE_OFFSET = 32;

const HTML_NAME = /\.(?:htm|html|hhc|xhtml)$/i;

/**
 * Whether crengine takes a file for HTML. Instead of another one it shows an error (RULES.md R36).
 * @param path of the file in the archive.
 */
export function isHtmlToCrengine(content: Buffer, path: string): boolean {
  const head = content.subarray(0, CHECKED_BYTES);
  if (head.length < MIN_BYTES) return false;
  const { source, encoding } = decodeMarkup(head);
  const text = (encoding === 'utf-16' ? source : head.toString('latin1')).toLowerCase();
  if (text.includes('<html') && (text.includes('<head') || text.includes('<body'))) return true;
  const doctype = text.indexOf('<!doctype ');
  const html = doctype < 0 ? -1 : text.indexOf('html', doctype);
  if (html >= 0 && html < MAX_DOCTYPE_OFFSET) return true;
  return HTML_NAME.test(path) && ['<!--', 'ul', '<p>'].some((mark) => text.includes(mark));
}
