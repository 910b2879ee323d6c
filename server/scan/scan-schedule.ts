import { Cron } from 'croner';

/**
 * Calls `run` at the times that a pattern of cron names, by the clock and the time zone of this machine. A pattern has been
 * checked with the configuration.
 */
export function runAtTimes(pattern: string, run: () => void): { close(): void } {
  // `unref`: the schedule alone does not keep the process alive.
  const job = new Cron(pattern, { unref: true }, run);
  return { close: () => job.stop() };
}

/** @returns milliseconds since 1970; `undefined` for a pattern that names no time to come */
export function nextTimeMs(pattern: string): number | undefined {
  return new Cron(pattern, { paused: true }).nextRun()?.getTime();
}
