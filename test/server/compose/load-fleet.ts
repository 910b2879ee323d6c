import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../../support/temporary-folder.js';
import type { LoadPlan } from './load-plan.js';
import type { LoadTask } from './load-process.js';
import type { ReaderReport } from './load-reader.js';

/**
 * Runs the devices of the plan in several processes, over which the devices of each user are spread.
 *
 * @param signal ends the load
 * @returns the events of all devices, when all are done
 */
export async function runFleet(
  plan: LoadPlan,
  processes: number,
  signal: AbortSignal,
): Promise<ReaderReport> {
  const { path } = await temporaryFolder();
  const reports = await Promise.all(
    Array.from({ length: processes }, (_none, index) => {
      const devices = plan.devices.filter((_device, i) => i % processes === index);
      return runProcess({ plan: { ...plan, devices }, reportFile: join(path, String(index)) }, signal);
    }),
  );
  return {
    events: reports.flatMap((report) => report.events),
    failures: reports.flatMap((report) => report.failures),
    mistakes: reports.flatMap((report) => report.mistakes),
  };
}

async function runProcess(task: LoadTask, signal: AbortSignal): Promise<ReaderReport> {
  const child = fork(fileURLToPath(new URL('./load-process.js', import.meta.url)));
  const killWithTests = () => child.kill('SIGKILL');
  process.once('exit', killWithTests);
  child.send(task);
  const stop = () => child.connected && child.send('stop');
  signal.addEventListener('abort', stop, { once: true });
  await once(child, 'exit');
  signal.removeEventListener('abort', stop);
  process.removeListener('exit', killWithTests);
  if (child.exitCode !== 0) throw new Error(`a process of load ended with ${String(child.exitCode)}`);
  return JSON.parse(readFileSync(task.reportFile, 'utf8')) as ReaderReport;
}
