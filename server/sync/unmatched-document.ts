import type { ReaderDevice } from '../device/device.js';
import type { Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import type { Fraction } from './progress.js';

/** What is kept of the pushes of a document that no book has: they were refused, or stored without a book. */
export interface UnmatchedDocument {
  readonly userId: UserId;
  readonly document: Document;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** How many pushes there were. */
  readonly pushes: number;
  /** Of the last push. */
  readonly percentage: Fraction;
  readonly position: string;
  readonly device: ReaderDevice;
  /** What a reader said last about the document: a JSON object as text. */
  readonly metadataJson: string | undefined;
}

/** The same as lists show it. */
export interface ListedUnmatched extends UnmatchedDocument {
  /** The name that the user gave the device. */
  readonly friendlyName: string | undefined;
}

/** The last document of a page, behind which the next page begins. */
export interface UnmatchedCursor {
  readonly lastSeenMs: number;
  readonly document: Document;
}
