/**
 * Loaded into the program with `--import`, and so into its worker threads too. As soon as the file that `LOSE_THREAD`
 * names exists, one thread that answers requests removes the file and fails with an uncaught error.
 */
import { rmSync } from 'node:fs';
import { isMainThread, workerData } from 'node:worker_threads';

const CHECK_EVERY_MS = 20;

const file = process.env['LOSE_THREAD'];
const data: unknown = workerData;
if (file !== undefined && !isMainThread && isListenerTask(data)) {
  setInterval(() => {
    try {
      rmSync(file);
    } catch {
      return; // the file does not exist yet, or another thread removed it first
    }
    throw new Error('lost by the test');
  }, CHECK_EVERY_MS).unref();
}

/** Tells a listener from the other worker threads, whose data has no port or no configuration. */
function isListenerTask(task: unknown): boolean {
  return typeof task === 'object' && task !== null && 'port' in task && 'configuration' in task;
}
