declare const brand: unique symbol;

/**
 * What a client syncs: an opaque text of 1–255 UTF-8 bytes. KOReader sends the partial MD5 of the file or the MD5
 * of its name; other clients send other texts.
 */
export type Document = string & { readonly [brand]: 'Document' };

/** The column's width; an index key over user, document and device stays far below InnoDB's 3,072 bytes. */
export const DOCUMENT_BYTES = 255;

export type DocumentMistake = 'missing' | 'too-long' | 'not-text';

// A lone half of a surrogate pair has no UTF-8, and U+FFFD is what a decoder leaves of bytes that were none: two
// documents that differ only there would become one.
const NOT_TEXT = /[\p{Surrogate}\uFFFD]/u;
const HEX_DIGEST = /^[0-9a-f]{32}$/;

/** @returns `undefined` for what cannot be a document; `documentMistake` says why */
export function parseDocument(text: unknown): Document | undefined {
  if (typeof text !== 'string') return undefined;
  return HEX_DIGEST.test(text) || documentMistake(text) === undefined ? asDocument(text) : undefined;
}

export function documentMistake(text: unknown): DocumentMistake | undefined {
  if (typeof text !== 'string' || text === '') return 'missing';
  if (NOT_TEXT.test(text)) return 'not-text';
  if (text.length > DOCUMENT_BYTES || Buffer.byteLength(text) > DOCUMENT_BYTES) return 'too-long';
  return undefined;
}

/** Whether a book of a library can have this document for a digest. */
export function isDigest(document: Document): boolean {
  return HEX_DIGEST.test(document);
}

/** The digest that the document is; `undefined` where it is none. */
export function digestOfDocument(document: Document): Buffer | undefined {
  return isDigest(document) ? Buffer.from(document, 'hex') : undefined;
}

/** A digest (16 bytes) as readers send it. */
export function documentOfDigest(digest: Buffer): Document {
  return asDocument(digest.toString('hex'));
}

function asDocument(text: string): Document {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where a document is made
  return text as Document;
}
