declare const brand: unique symbol;

/**
 * The name under which a client syncs a book: an opaque text of 1–255 UTF-8 bytes. KOReader sends the partial MD5 of the
 * file or the MD5 of its base name, as 32 lowercase hexadecimal digits. Other clients may send any other text.
 */
export type Document = string & { readonly [brand]: 'Document' };

/** Most bytes of a document in UTF-8. An index key over user, document and device stays far below InnoDB's 3,072 bytes. */
export const DOCUMENT_BYTES = 255;

/** Why a value cannot be a document. `missing`: not a text, or an empty one. */
export type DocumentMistake = 'missing' | 'too-long' | 'not-text';

// A lone surrogate has no UTF-8 form, and decoders replace invalid bytes with U+FFFD. Two documents that differ only in
// such places would become the same document.
const NOT_TEXT = /[\p{Surrogate}\uFFFD]/u;
const HEX_DIGEST = /^[0-9a-f]{32}$/;

/** @returns `undefined` for a value that cannot be a document; {@link documentMistake} says why */
export function parseDocument(text: unknown): Document | undefined {
  if (typeof text !== 'string') return undefined;
  return HEX_DIGEST.test(text) || documentMistake(text) === undefined ? asDocument(text) : undefined;
}

/** @returns `undefined` for a valid document */
export function documentMistake(text: unknown): DocumentMistake | undefined {
  if (typeof text !== 'string' || text === '') return 'missing';
  if (NOT_TEXT.test(text)) return 'not-text';
  if (text.length > DOCUMENT_BYTES || Buffer.byteLength(text) > DOCUMENT_BYTES) return 'too-long';
  return undefined;
}

/** Whether the document has the form of a digest (32 lowercase hexadecimal digits), so that it may belong to a book. */
export function isDigest(document: Document): boolean {
  return HEX_DIGEST.test(document);
}

/** The document's 16 bytes; `undefined` for a document that is no digest. */
export function digestOfDocument(document: Document): Buffer | undefined {
  return isDigest(document) ? Buffer.from(document, 'hex') : undefined;
}

/** The document that KOReader sends for a digest of 16 bytes. */
export function documentOfDigest(digest: Buffer): Document {
  return asDocument(digest.toString('hex'));
}

function asDocument(text: string): Document {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where a document is made
  return text as Document;
}
