import { parseCfi, type Cfi } from './cfi.js';
import { parseXpointer, type Xpointer } from './xpointer.js';

/** What a `progress` string of the sync protocol says, by its form alone. */
export type Position =
  /** Page of a document with pages, counted from 1. Also of an EPUB that KOReader opens with its other engine. */
  | { readonly kind: 'page'; readonly page: number }
  /** A place in an EPUB as KOReader's crengine names it. */
  | { readonly kind: 'xpointer'; readonly xpointer: Xpointer }
  /** The target of a link in an EPUB: a file of the spine, counted from 0, and an id in it. */
  | { readonly kind: 'link'; readonly fragmentIndex: number; readonly id: string | undefined }
  /** An x-pointer into a format that is no EPUB (FictionBook, HTML, text): not translated. */
  | { readonly kind: 'foreign-xpointer' }
  | { readonly kind: 'cfi'; readonly cfi: Cfi }
  /** Anything else; kept and given back as it is. */
  | { readonly kind: 'opaque' };

/** Longer strings are not taken apart: the deepest pointer into a book takes some hundred characters. */
export const MAX_POSITION_LENGTH = 16_384;

const PAGE = /^[1-9]\d{0,8}$/;
// The space before the id is missing in pointers of older versions.
const LINK = /^#_doc_fragment_(\d{1,9})_? ?(.*)$/s;
const FOREIGN = /^\/(?:FictionBook|html|RootNode)(?:[/[.]|$)/;

/** Never fails: what has no known form is opaque. */
export function parsePosition(text: string): Position {
  if (text.length > MAX_POSITION_LENGTH) return { kind: 'opaque' };
  if (PAGE.test(text)) return { kind: 'page', page: Number(text) };
  const link = LINK.exec(text);
  if (link !== null) {
    return { kind: 'link', fragmentIndex: Number(link[1]), id: link[2] === '' ? undefined : link[2] };
  }
  const xpointer = parseXpointer(text);
  if (xpointer !== undefined) return { kind: 'xpointer', xpointer };
  if (FOREIGN.test(text)) return { kind: 'foreign-xpointer' };
  const cfi = parseCfi(text);
  return cfi === undefined ? { kind: 'opaque' } : { kind: 'cfi', cfi };
}
