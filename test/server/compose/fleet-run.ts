import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { OpenStore } from '../../../server/database/store.js';
import { storedPositions } from './fleet-world.js';
import { runFleet } from './load-fleet.js';
import type { LoadDevice, LoadPlan } from './load-plan.js';
import { LoadReader, type ReaderReport } from './load-reader.js';
import { contradictions, missingPushes } from './sync-history.js';

/** Number of load processes. */
const PROCESSES = 4;

export interface FleetRun extends Omit<LoadPlan, 'devices'> {
  readonly devices: readonly LoadDevice[];
  /** Runs during the load, for example to kill servers. Has to end before the load does. */
  readonly meanwhile?: () => Promise<void>;
}

/** Runs the load and `meanwhile`, pulls everything once more, and checks the whole history. */
export async function runAndCheck(store: OpenStore, { meanwhile, ...plan }: FleetRun): Promise<ReaderReport> {
  const [load, events] = await Promise.allSettled([runFleet(plan, PROCESSES), meanwhile?.()]);
  if (events.status === 'rejected') throw events.reason;
  if (load.status === 'rejected') throw load.reason;
  const report = load.value;
  // With a duration of 0, a device only pulls, each of its books once.
  const last = plan.devices.map((device) => new LoadReader(device, { ...plan, durationMs: 0 }));
  for (const reader of last) {
    await reader.pullAll();
    report.events.push(...reader.report.events);
    report.mistakes.push(...reader.report.mistakes);
  }
  // oxlint-disable-next-line no-console -- the figures of a run are part of its result
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

/** A real delay: the load runs in other processes, where no fake clock reaches. */
export function seconds(count: number): Promise<void> {
  return delay(count * 1000);
}
