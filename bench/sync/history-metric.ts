import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 100;

/** A number of `dogear_history_…` at /metrics. @param name as a part of a regular expression */
export async function historyMetric(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const value = new RegExp(`^dogear_history_${name} (\\d+)`, 'm').exec(text)?.[1];
  if (value === undefined) throw new Error(`the server has no metric dogear_history_${name}`);
  return Number(value);
}

/**
 * Waits until a server has written its history, so that what is written behind a load does not burden the next one.
 *
 * @param mostMs after that it is not waited for any longer
 */
export async function historyWritten(port: number, mostMs = Infinity): Promise<void> {
  const untilMs = performance.now() + mostMs;
  while (performance.now() < untilMs && (await historyMetric(port, 'waiting')) > 0) await delay(POLL_MS);
}
