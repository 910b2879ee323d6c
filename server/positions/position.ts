import { parseCfi, type Cfi } from './cfi.js';
import { parseXpointer, type Xpointer } from './xpointer.js';

/** What a `progress` string of the sync protocol means, by its form alone (RULES.md R1). */
export type Position =
  /** Page of a document with pages, counted from 1. KOReader also sends one for an EPUB that it opens with MuPDF. */
  | { readonly kind: 'page'; readonly page: number }
  /** A place in an EPUB, a FictionBook or an HTML file. */
  | { readonly kind: 'xpointer'; readonly xpointer: Xpointer }
  /** The target of a link in an EPUB: a file of the spine, counted from 0, and an id in it (RULES.md R11). */
  | { readonly kind: 'link'; readonly fragmentIndex: number; readonly id: string | undefined }
  /** The target of a link in a document of one file: an element with that id (RULES.md R11). */
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'cfi'; readonly cfi: Cfi }
  /** Anything else. It is kept and given back as it is. */
  | { readonly kind: 'opaque' };

/** Longer strings are not parsed. The deepest pointer into a book has some hundred characters. */
export const MAX_POSITION_LENGTH = 16_384;

const PAGE = /^[1-9]\d{0,8}$/;
// Older versions of KOReader write no space before the id.
const LINK = /^#_doc_fragment_(\d{1,9})_? ?(.*)$/s;
const ID = /^#(.+)$/s;

/** Never fails: a string without a known form is opaque. */
export function parsePosition(text: string): Position {
  if (text.length > MAX_POSITION_LENGTH) return { kind: 'opaque' };
  if (PAGE.test(text)) return { kind: 'page', page: Number(text) };
  const link = LINK.exec(text);
  if (link !== null) {
    return { kind: 'link', fragmentIndex: Number(link[1]), id: link[2] === '' ? undefined : link[2] };
  }
  const xpointer = parseXpointer(text);
  if (xpointer !== undefined) return { kind: 'xpointer', xpointer };
  const id = ID.exec(text)?.[1];
  if (id !== undefined) return { kind: 'id', id };
  const cfi = parseCfi(text);
  return cfi === undefined ? { kind: 'opaque' } : { kind: 'cfi', cfi };
}
