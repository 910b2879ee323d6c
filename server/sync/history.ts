import type { ReaderDevice } from '../device/device.js';
import type { Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import type { Fraction } from './progress.js';

/** A push that the history of progress keeps. */
export interface HistoryEntry {
  readonly userId: UserId;
  readonly document: Document;
  /** `PushTraces.arrival` of its commit: unique with user and document, and larger for what was pushed later. */
  readonly arrival: number;
  readonly pushedMs: number;
  readonly percentage: Fraction;
  readonly position: string;
  readonly device: ReaderDevice;
}

/** An entry as lists show it. */
export interface ShownHistoryEntry extends Omit<HistoryEntry, 'userId'> {
  /** The name that the user gave the device. */
  readonly friendlyName: string | undefined;
}

/** The last entry of a page, behind which the next page begins. */
export interface HistoryCursor {
  readonly arrival: number;
  readonly document: Document;
}

/** Where and when the last kept entry of a document was. */
export interface KeptPlace {
  readonly percentage: number;
  readonly pushedMs: number;
}

/** Half a point. A curve of 200 entries shows no smaller step. Smaller by a rounding error: 0.105 - 0.1 is less than 0.005. */
const STEP = 0.005 - 1e-9;
/** Who reads slowly gets points in time too, so that a curve shows when somebody read. */
const INTERVAL_MS = 30 * 60_000;

/**
 * Whether the history keeps a push: it moved by half a point since the last entry, or half an hour has passed. Forwards or
 * backwards: a push of another server may be older than the last entry, and clocks step back.
 */
export function isKept(last: KeptPlace | undefined, { percentage, pushedMs }: KeptPlace): boolean {
  if (last === undefined) return true;
  return Math.abs(percentage - last.percentage) >= STEP || Math.abs(pushedMs - last.pushedMs) >= INTERVAL_MS;
}
