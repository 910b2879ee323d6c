/**
 * The kernel takes the times of changes from a clock that ticks every 1 to 10 ms (CONFIG_HZ), so two changes within one
 * tick have the same time. A file whose last change is less than two of the slowest ticks ago could be changed again
 * without a visible difference.
 */
export const CLOCK_TICKS_MS = 20;

/**
 * A file server uses its own clock. A change time of up to this far in the future counts as just made. A time further
 * ahead comes from a clock that was wrong; it must not slow down every scan.
 */
const CLOCK_SKEW_MS = 10_000;

/**
 * Times are compared as doubles: in milliseconds, or in nanoseconds as a number. For present dates their error is less
 * than 0.26 µs.
 */
const DOUBLE_ERROR_NS = 1024;

/**
 * Whether a file was in the planned state during all of its reads, judged by its state after them: it has the same size
 * and time of modification, and its last change (ctime, which no program can set back) is old enough, see
 * {@link isRecent}.
 */
export function isUnchanged(
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

/**
 * Whether a change is so recent that it may have happened during the reads, or within the same clock tick as another
 * change, which would not be visible then. A change within the last ticks before the reads counts as recent. A change
 * more than ten seconds in the future does not: it comes from a file server whose clock is wrong.
 */
export function isRecent(changedMs: number, beganMs: number): boolean {
  return changedMs > beganMs - CLOCK_TICKS_MS && changedMs < Date.now() + CLOCK_SKEW_MS;
}
