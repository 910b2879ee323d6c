import type { Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';

declare const brand: unique symbol;

/** How much of a document has been read, 0–1, the very double that the reader sent. */
export type Fraction = number & { readonly [brand]: 'Fraction' };

export function parseFraction(value: unknown): Fraction | undefined {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) return undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where a fraction is made
  return value as Fraction;
}

/**
 * Bounds of what a reader may store, in UTF-8 bytes. KOReader's x-pointers have some 100 bytes, EPUB CFIs with text
 * assertions some hundred more; model and host names far less than 255, which keeps a device inside an index key.
 */
export const POSITION_BYTES = 4096;
export const DEVICE_BYTES = 255;
/** File name, title and authors. More than this is left out rather than refused: it is not worth a position. */
export const METADATA_BYTES = 4096;

/** A device as it names itself. Not every client sends an id; then the name has to do. */
export interface ReaderDevice {
  readonly name: string;
  readonly id: string | undefined;
}

/** What a reader pushed, checked. */
export interface Progress {
  readonly document: Document;
  /** Page, x-pointer, CFI: opaque, kept byte for byte. */
  readonly position: string;
  readonly percentage: Fraction;
  readonly device: ReaderDevice;
  /** A JSON object as text; `undefined` when the reader sent none. */
  readonly metadataJson: string | undefined;
}

export interface ProgressPush extends Progress {
  readonly userId: UserId;
  /** When it arrived, by the clock of the server that it came to; order is the database's business. */
  readonly pushedMs: number;
}

/** The newest progress of a user in a document, whichever device it came from. */
export interface ProgressRecord extends Progress {
  readonly pushedMs: number;
}
