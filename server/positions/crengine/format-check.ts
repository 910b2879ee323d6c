import { decodeMarkup } from '../epub/text-encoding.js';

/** crengine looks at no more of a file. */
const CHECKED_BYTES = 2048;
const MIN_BYTES = 31;
/** The `html` of a document type is before this character of the file. */
const MAX_DOCTYPE_OFFSET = 32;

/** Where crengine looks for the root of a FictionBook and of a drawing. */
const ROOT_BYTES = 8191;
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

/** Whether crengine takes a document of one file for the format that its name says (RULES.md R39). */
export function isDocumentToCrengine(
  content: Buffer,
  path: string,
  format: 'fiction-book' | 'html',
): boolean {
  const head = decodeMarkup(content.subarray(0, ROOT_BYTES)).source;
  if (head.length < MIN_BYTES) return false;
  if (head.includes('<FictionBook')) return format === 'fiction-book';
  const isDrawing = head.includes('<svg') && !head.includes('<html');
  return format === 'html' && !isDrawing && isHtmlToCrengine(content, path);
}
