import type { Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import type { Fraction } from '../sync/progress.js';

/** A device as its user sees it. */
export interface DeviceSummary {
  readonly userId: UserId;
  /** Tells the user's devices apart; see storage/device-key.ts. */
  readonly key: Buffer;
  /** As it called itself last. */
  readonly name: string;
  /** The id that it sends; `undefined` when it sends none. */
  readonly readerId: string | undefined;
  /** What its user calls it. */
  readonly friendlyName: string | undefined;
  readonly firstSeenSeconds: number;
  readonly lastSeenSeconds: number;
}

/** A device's last position in a document. */
export interface DevicePosition {
  readonly document: Document;
  readonly deviceKey: Buffer;
  readonly deviceName: string;
  readonly readerId: string | undefined;
  readonly friendlyName: string | undefined;
  readonly position: string;
  readonly percentage: Fraction;
  /** A JSON object. */
  readonly metadataJson: string | undefined;
  readonly pushedMs: number;
  /** Orders pushes of a user. */
  readonly arrival: number;
}

/** Where a page of positions ended. */
export interface PositionCursor {
  readonly arrival: number;
  readonly deviceKey: Buffer;
  readonly document: Document;
}

/** Characters of a friendly name; the column holds 190. */
export const FRIENDLY_NAME_CHARACTERS = 100;
