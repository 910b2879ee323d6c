import { writeFileSync } from 'node:fs';
import type { LoadPlan } from './load-plan.js';
import { LoadReader, type ReaderReport } from './load-reader.js';

/** The file for the report of a load process, which is too large for a message. */
export interface LoadTask {
  readonly plan: LoadPlan;
  readonly reportFile: string;
}

// A load process of load-fleet.ts: receives its task as a message, runs its readers until the next message, writes a report.
const stopping = new AbortController();
process.once('message', (task: LoadTask) => {
  process.once('message', () => stopping.abort());
  process.once('disconnect', () => stopping.abort());
  void run(task).finally(() => process.disconnect());
});

async function run({ plan, reportFile }: LoadTask): Promise<void> {
  const readers = plan.devices.map((device) => new LoadReader(device, plan));
  const outcomes = await Promise.allSettled(readers.map((reader) => reader.run(stopping.signal)));
  const report: ReaderReport = {
    events: readers.flatMap((reader) => reader.report.events),
    failures: readers.flatMap((reader) => reader.report.failures),
    mistakes: [
      ...readers.flatMap((reader) => reader.report.mistakes),
      ...outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : [])),
    ],
  };
  writeFileSync(reportFile, JSON.stringify(report));
}
