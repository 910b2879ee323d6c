import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { OpenStore } from '../../../server/database/store.js';
import { storedPositions } from './fleet-world.js';
import { runFleet } from './load-fleet.js';
import type { LoadDevice, LoadPlan } from './load-plan.js';
import { LoadReader, type ReaderReport } from './load-reader.js';
import { contradictions, missingPushes } from './sync-history.js';

/** Processes of load. */
const PROCESSES = 4;

export interface FleetRun extends Omit<LoadPlan, 'devices'> {
  readonly devices: readonly LoadDevice[];
  /** What happens to the servers meanwhile; it has to be over before the load is. */
  readonly meanwhile?: () => Promise<void>;
}

/** Lets the fleet push and pull while something happens to the servers, pulls everything once more, and checks all. */
export async function runAndCheck(store: OpenStore, { meanwhile, ...plan }: FleetRun): Promise<ReaderReport> {
  const [load, events] = await Promise.allSettled([runFleet(plan, PROCESSES), meanwhile?.()]);
  if (events.status === 'rejected') throw events.reason;
  if (load.status === 'rejected') throw load.reason;
  const report = load.value;
  // A device without time left only pulls, each of its books once.
  const last = plan.devices.map((device) => new LoadReader(device, { ...plan, durationMs: 0 }));
  for (const reader of last) {
    await reader.pullAll();
    report.events.push(...reader.report.events);
    report.mistakes.push(...reader.report.mistakes);
  }
  // oxlint-disable-next-line no-console -- the figures of a run are half of what it is for
  console.info(figures(report));
  expect(report.mistakes).toEqual([]);
  expect(contradictions(report.events)).toEqual([]);
  expect(missingPushes(report.events, await storedPositions(store, plan.devices))).toEqual([]);
  return report;
}

function figures({ events, failures }: ReaderReport): string {
  const pushes = events.filter((event) => event.kind === 'push');
  const acknowledged = pushes.filter((push) => push.isAcknowledged);
  const pulls = events.filter((event) => event.kind === 'pull');
  const times = (list: readonly { readonly sentMs: number; readonly answeredMs: number }[]) => {
    const sorted = list.map((one) => one.answeredMs - one.sentMs).toSorted((left, right) => left - right);
    const at = (part: number) => (sorted[Math.floor(part * (sorted.length - 1))] ?? NaN).toFixed(0);
    return `p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} ms`;
  };
  const unavailable = failures.filter((failure) => failure.status === 503);
  const broken = failures.filter((failure) => failure.status === 0);
  return [
    `${String(acknowledged.length)} pushes acknowledged (${times(acknowledged)})`,
    `${String(pulls.length)} pulls (${times(pulls)})`,
    `${String(unavailable.length)} answers 503 (${times(unavailable)})`,
    `${String(broken.length)} without an answer`,
  ].join('; ');
}

/** Nothing of a load can wait for this, so it waits by itself. */
export function seconds(count: number): Promise<void> {
  return delay(count * 1000);
}
