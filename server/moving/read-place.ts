import { DEVICE_BYTES } from '../device/device.js';
import { parseDocument } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import { parseFraction, POSITION_BYTES, type ProgressPush } from '../sync/progress.js';
import type { MovedPlace } from './moved-record.js';
import type { LeftOut, MoveTally } from './move-tally.js';

/** Seconds since 1970 have ten digits until the year 2286. A time of more than this many ms was in ms already. */
const LATEST_MS = 10_000_000_000_000;
/** Clocks of readers and servers differ. */
const AHEAD_MS = 24 * 3_600_000;
/** A character that decoders put for bytes that are no text. Two names that differ in such bytes alone become equal. */
const NOT_TEXT = '\uFFFD';

/**
 * Checks a place as a push is checked (kosync-body.ts). A time that cannot be counts as the oldest: with a time ahead of ours,
 * or with that of the import, it would replace what readers have pushed since, each time that it is imported.
 *
 * @returns why it is left out, or what to store
 */
export function readPlace(
  moved: MovedPlace,
  userId: UserId,
  context: { readonly nowMs: number; readonly tally: MoveTally },
): ProgressPush | LeftOut {
  const document = parseDocument(moved.document);
  if (document === undefined) return 'document-refused';
  const percentage = parseFraction(moved.percentage);
  if (percentage === undefined) return 'percentage-refused';
  const { position, deviceName, deviceId } = moved;
  if (position === undefined || !isWholeText(position, POSITION_BYTES)) return 'position-refused';
  if (deviceName === undefined || !isWholeText(deviceName, DEVICE_BYTES)) return 'device-refused';
  if (deviceId !== undefined && !isWholeText(deviceId, DEVICE_BYTES)) return 'device-refused';
  return {
    userId,
    document,
    position,
    percentage,
    device: { name: deviceName, id: deviceId },
    metadataJson: undefined,
    pushedMs: mendedTime(moved, context),
  };
}

export function isWholeText(text: string, bytes: number): boolean {
  return !text.includes(NOT_TEXT) && Buffer.byteLength(text) <= bytes;
}

function mendedTime(
  moved: MovedPlace,
  { nowMs, tally }: { readonly nowMs: number; readonly tally: MoveTally },
): number {
  const what = positionName(moved);
  const { pushedMs } = moved;
  if (pushedMs === undefined || !(pushedMs > 0)) {
    tally.mend('time-missing', what);
    return 0;
  }
  const isInSeconds = pushedMs < LATEST_MS;
  if (!isInSeconds) tally.mend('time-in-milliseconds', what);
  const ms = Math.floor(isInSeconds ? pushedMs : pushedMs / 1000);
  if (ms <= nowMs + AHEAD_MS) return ms;
  tally.mend('time-in-future', what);
  return 0;
}

/** For people. */
export function positionName({ userName, document }: MovedPlace): string {
  return `${userName}: ${document}`;
}
