import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { OpenStore } from '../../../server/database/store.js';
import { storedPositions } from './fleet-world.js';
import { runFleet } from './load-fleet.js';
import type { LoadPlan } from './load-plan.js';
import { LoadReader, type ReaderReport } from './load-reader.js';
import { contradictions, missingPushes } from './sync-history.js';

/** Number of load processes. */
const PROCESSES = 4;
/** Of load after the last event: all devices find the servers again. */
const LOAD_AFTERWARDS_SECONDS = 1.5;

export interface FleetRun extends LoadPlan {
  /** What happens during the load, for example that servers are killed. The load ends a moment after it. */
  readonly meanwhile: () => Promise<void>;
}

/** Runs the load and `meanwhile`, pulls everything once more, and checks the whole history. */
export async function runAndCheck(store: OpenStore, { meanwhile, ...plan }: FleetRun): Promise<ReaderReport> {
  const stopping = new AbortController();
  const untilItsEnd = async (): Promise<void> => {
    try {
      await meanwhile();
      await seconds(LOAD_AFTERWARDS_SECONDS);
    } finally {
      stopping.abort();
    }
  };
  const [load, events] = await Promise.allSettled([
    runFleet(plan, PROCESSES, stopping.signal),
    untilItsEnd(),
  ]);
  if (events.status === 'rejected') throw events.reason;
  if (load.status === 'rejected') throw load.reason;
  const report = load.value;
  const last = plan.devices.map((device) => new LoadReader(device, plan));
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
