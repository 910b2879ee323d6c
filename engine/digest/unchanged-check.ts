/**
 * The kernel stamps changes with a clock that ticks every 1 to 10 ms (CONFIG_HZ), so two changes within a tick look
 * like one. A file whose last change is not yet two of the slowest ticks old may be changed again unseen.
 */
export const CLOCK_TICKS_MS = 20;

/**
 * File servers have clocks of their own. A change up to this far in the future counts as just made; what lies further
 * ahead was stamped by a clock that was wrong, and must not slow every scan.
 */
const CLOCK_SKEW_MS = 10_000;

/** Times in milliseconds, and nanoseconds as a number, are doubles: near the present day within 0.26 µs of the exact. */
const DOUBLE_ERROR_NS = 1024;

/**
 * Whether a file that looks like this after its reads was in the state that was planned for all the time: same size,
 * same modification time, and no change (ctime, which nobody can set back) since shortly before the reads began.
 */
export function provesRead(
  afterBytes: number,
  afterModifiedNs: number,
  changedMs: number,
  plannedBytes: number,
  plannedModifiedNs: number,
  beganMs: number,
): boolean {
  return (
    afterBytes === plannedBytes &&
    Math.abs(afterModifiedNs - plannedModifiedNs) < DOUBLE_ERROR_NS &&
    !isRecent(changedMs, beganMs)
  );
}

/** A change so shortly before the reads began that another could hide behind it, or one during them. */
export function isRecent(changedMs: number, beganMs: number): boolean {
  return changedMs > beganMs - CLOCK_TICKS_MS && changedMs < Date.now() + CLOCK_SKEW_MS;
}
