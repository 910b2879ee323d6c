import type { ReaderDevice } from '../device/device.js';
import type { Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import type { Claim } from './claims.js';

declare const brand: unique symbol;

/** How much of a document has been read, from 0 to 1: exactly the double that the reader sent. */
export type Fraction = number & { readonly [brand]: 'Fraction' };

/** @returns `undefined` for anything but a number from 0 to 1 */
export function parseFraction(value: unknown): Fraction | undefined {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) return undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where a fraction is made
  return value as Fraction;
}

/** The longest position, in UTF-8 bytes. KOReader's x-pointers have some 100, EPUB CFIs with text assertions some 100 more. */
export const POSITION_BYTES = 4096;
/** The longest metadata (file name, title, authors), in UTF-8 bytes. Longer metadata is dropped; the push is stored. */
export const METADATA_BYTES = 4096;

/**
 * Metadata as it is stored. What is too large, or no object, is left out: a position is worth more than a title. Lua writes
 * an empty table as an array.
 */
export function metadataText(metadata: unknown): string | undefined {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return undefined;
  try {
    const json = JSON.stringify(metadata);
    return Buffer.byteLength(json) > METADATA_BYTES ? undefined : json;
  } catch (error) {
    // Nested deeper than the stack: too large as well.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** A validated push of a reader. */
export interface Progress {
  readonly document: Document;
  /** A page number, an x-pointer or a CFI. Opaque here and kept byte for byte. */
  readonly position: string;
  readonly percentage: Fraction;
  readonly device: ReaderDevice;
  /** A JSON object as text; `undefined` when the reader sent none. */
  readonly metadataJson: string | undefined;
  /** What the reader says the document is besides. Absent: nothing. */
  readonly claims?: readonly Claim[];
}

export interface ProgressPush extends Progress {
  readonly userId: UserId;
  /** Arrival in ms since 1970, by the clock of the server that received it. It does not decide which push is newer. */
  readonly pushedMs: number;
}

/** The newest progress of a user in a document, from any device. */
export interface ProgressRecord extends Omit<Progress, 'metadataJson' | 'claims'> {
  readonly pushedMs: number;
}

/** A document of a user, as lists show it. */
export interface DocumentSummary {
  readonly userId: UserId;
  readonly userName: string;
  /** The hour of the push, since 1970; 0 for pushes of older versions. Lists of all users are ordered by it. */
  readonly pushedHour: number;
  readonly record: ProgressWithArrival;
  /** The name that the user gave the device of the record. */
  readonly friendlyName: string | undefined;
  /** What a reader said last about the document: a JSON object as text. */
  readonly metadataJson: string | undefined;
  /** The number of devices with a position in the document. */
  readonly devices: number;
}

/** Later than every push, and so early that a safe integer holds all that follows: the year 2248. */
const BEFORE_PUSHES_MS = 2 ** 43;
/** Places of one millisecond. */
const PLACES = 256;

/**
 * The place in the order of arrival of a position that did not arrive here in its time: before all pushes, whose arrivals
 * are positive, and among its like by its time.
 *
 * @param place among those of one millisecond that must differ
 */
export function arrivalBeforePushes(pushedMs: number, place = 0): number {
  return (pushedMs - BEFORE_PUSHES_MS) * PLACES + (place % PLACES);
}

/** A record with its place in the order of arrival, which decides between the documents of one book. */
export interface ProgressWithArrival extends ProgressRecord {
  readonly arrival: number;
}

/** The last document of a page, behind which the next page begins. */
export interface DocumentCursor {
  readonly pushedHour: number;
  readonly arrival: number;
  readonly userId: UserId;
  readonly document: Document;
}

/** The last position of one device in a document. */
export interface DevicePosition {
  readonly document: Document;
  readonly deviceKey: Buffer;
  readonly deviceName: string;
  readonly readerId: string | undefined;
  readonly friendlyName: string | undefined;
  readonly position: string;
  readonly percentage: Fraction;
  /** What a reader said last about the document, which need not be this device: a JSON object as text. */
  readonly metadataJson: string | undefined;
  readonly pushedMs: number;
  /** Orders the pushes of a user; a later push has a larger number. */
  readonly arrival: number;
}

/** The last position of a page, behind which the next page begins. */
export interface PositionCursor {
  readonly arrival: number;
  readonly deviceKey: Buffer;
  readonly document: Document;
}
